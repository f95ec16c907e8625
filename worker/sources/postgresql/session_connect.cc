// The part of Session that connects.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/network/forbidden_address.h"
#include "worker/network/resolver.h"
#include "worker/network/tls.h"
#include "worker/sources/postgresql/server_error.h"
#include "worker/sources/postgresql/session.h"
#include "worker/wait.h"

namespace tributary::postgresql {
namespace {

constexpr int kLeastServerVersion = 140000;
// One address of a host.
constexpr std::chrono::seconds kConnectPatience{10};
// A file that is not there, whatever the connector's folders hold.
constexpr char kNoFile[] = "/dev/null/none";

void IgnoreNotice(void*, const PGresult*) {}

// libpq takes PGHOST, PGSERVICE, PGOPTIONS and their like for what is not given.
void ForgetEnvironment() {
  std::vector<std::string> names;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.substr(0, 2) == "PG") names.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

}  // namespace

// --- login -------------------------------------------------------------------

absl::StatusOr<PreparedLogin> PreparedLogin::Make(Login login, bool allows_link_local) {
  ForgetEnvironment();
  PreparedLogin prepared(std::move(login), allows_link_local);
  const Login& given = prepared.login_;
  if (given.sslmode == kDisable) return prepared;
  const absl::Status tls = PrepareTls();
  if (!tls.ok()) return tls;
  for (const auto& [pem, file] : {std::pair(&given.root_certificate, &prepared.root_certificate_),
                                  std::pair(&given.certificate, &prepared.certificate_),
                                  std::pair(&given.private_key, &prepared.private_key_)}) {
    if (pem->empty()) continue;
    auto made = MemoryFile::Make(*pem);
    if (!made.ok()) return made.status();
    *file = *std::move(made);
  }
  return prepared;
}

std::string PreparedLogin::PathOf(const std::optional<MemoryFile>& file) {
  return file.has_value() ? file->path() : kNoFile;
}

// --- connections -------------------------------------------------------------

absl::Status Session::Open() {
  if (open()) return absl::OkStatus();
  Patience patience(pulse_, patience_);
  for (;;) {
    const absl::Status status = ConnectOnce();
    if (!absl::IsUnavailable(status) || !patience.Wait()) return status;
  }
}

void Session::Close() {
  FreeChunk();
  HangUp();
}

absl::Status Session::ConnectOnce() {
  Close();
  auto addresses = ResolveHost(login_.login().host, pulse_);
  if (!addresses.ok()) return addresses.status();
  if (!login_.allows_link_local()) std::erase_if(*addresses, &IsForbiddenAddress);
  if (addresses->empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("connect to ", server(),
                     ": its address is link-local or a cloud's metadata service; "
                     "correct `host`, or have the operator start tributary with --",
                     kLinkLocalSetting, "=", kAllow));
  }
  absl::Status status;
  for (const std::string& address : *addresses) {
    status = ConnectTo(address);
    if (status.ok() || absl::IsFailedPrecondition(status)) break;
  }
  if (!status.ok()) Close();
  return status;
}

absl::Status Session::ConnectTo(const std::string& address) {
  const Login& login = login_.login();
  const std::string port = absl::StrCat(login.port);
  const std::string root = login_.root_certificate_path();
  const std::string certificate = login_.certificate_path();
  const std::string key = login_.private_key_path();
  std::vector<std::pair<const char*, const char*>> given = {
      {"host", login.host.c_str()},
      {"hostaddr", address.c_str()},
      {"port", port.c_str()},
      {"dbname", login.database.c_str()},
      {"user", login.user.c_str()},
      {"password", login.password.c_str()},
      {"passfile", kNoFile},
      {"sslmode", login.sslmode.c_str()},
      {"sslrootcert", root.c_str()},
      {"sslcert", certificate.c_str()},
      {"sslkey", key.c_str()},
      {"sslcrl", kNoFile},
      {"gssencmode", "disable"},
      {"client_encoding", "UTF8"},
      {"application_name", "tributary"},
      {"keepalives_idle", "15"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "4"},
      {"tcp_user_timeout", "30000"},
  };
  if (kind_ == Kind::kReplication) given.emplace_back("replication", "database");
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [name, value] : given) {
    keys.push_back(name);
    values.push_back(value);
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keys.data(), values.data(), /*expand_dbname=*/0));
  if (connection_ == nullptr) return absl::UnavailableError("connect: there is no memory for it");
  // So that the reason of a refusal comes with its SQLSTATE.
  PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection_.get(), &IgnoreNotice, nullptr);
  const auto until = std::chrono::steady_clock::now() + kConnectPatience;
  for (auto wanted = PGRES_POLLING_WRITING; wanted != PGRES_POLLING_OK;) {
    if (wanted == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
      return LoginError(server(), PQerrorMessage(connection_.get()));
    }
    const short event = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (WaitFor(PQsocket(connection_.get()), event, until, pulse_) == 0) {
      return LoginError(server(), absl::StrCat("no answer within ", kConnectPatience.count(),
                                               " s from ", address));
    }
    wanted = PQconnectPoll(connection_.get());
  }
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  if (PQsetnonblocking(connection_.get(), 1) != 0) return Broken("connect");
  ++connections_;
  return CheckServer();
}

absl::Status Session::CheckServer() {
  if (server_version() < kLeastServerVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("connect to ", server(), ": the server is PostgreSQL ",
                     server_version() / 10000, "; 14 is the oldest that can be read"));
  }
  if (kind_ == Kind::kQueries) return absl::OkStatus();
  return Query(SettingsSql("SET "), "prepare the connection").status();
}

}  // namespace tributary::postgresql
