#include "tests/process/postgres_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/file_descriptor.h"
#include "tests/process/processes.h"

namespace tributary::tests {
namespace {

constexpr char kBinVariable[] = "TRIBUTARY_POSTGRESQL_BIN";
constexpr char kDebiansBin[] = "/usr/lib/postgresql/15/bin";
constexpr char kSetpriv[] = "/usr/bin/setpriv";
// Another test may take a free port before the server uses it.
constexpr int kAttemptsToListen = 5;

// The settings of all test servers. Without fsync a killed process still loses nothing, because
// what it has written is in the kernel's cache.
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"fsync", "off"},
    {"jit", "off"},
    {"listen_addresses", PostgresServer::kHost},
    {"log_line_prefix", "%m [%p] "},
    {"max_wal_senders", "10"},
    {"max_replication_slots", "10"},
    {"shared_buffers", "32MB"},
    {"unix_socket_directories", ""},
};
constexpr const char* kAccess[] = {
    "host all all 127.0.0.1/32 trust",
    "host replication all 127.0.0.1/32 trust",
};

// If the test is root, its server runs as this user; null: the test is not root.
const passwd* ServersUser() {
  if (::geteuid() != 0) return nullptr;
  const passwd* const own = ::getpwnam("postgres");
  return own != nullptr ? own : ::getpwnam("nobody");
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string Lines(const std::map<std::string, std::string>& settings) {
  std::string text;
  for (const auto& [name, value] : settings) {
    absl::StrAppend(&text, name, " = '", absl::StrReplaceAll(value, {{"'", "''"}}), "'\n");
  }
  return text;
}

absl::Status Failed(PGconn* connection, const PGresult* result) {
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return absl::UnknownError(
      absl::StrCat(state == nullptr ? "" : state, " ",
                   result == nullptr ? PQerrorMessage(connection) : PQresultErrorMessage(result)));
}

// With owners and permissions, because a server checks them.
absl::Status CopyTree(const std::string& from, const std::string& to) {
  auto child = ChildProcess::Start({.program = "/bin/cp", .arguments = {"-a", from, to}});
  if (!child.ok()) return child.status();
  const auto ending = (*child)->Wait();
  if (ending.has_value() && ending->exit_code == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("copy ", from, ": ", (*child)->Errors()));
}

std::string FirstValue(const absl::StatusOr<PostgresRows>& rows) {
  if (!rows.ok()) return rows.status().ToString();
  if (rows->empty() || rows->front().empty()) return "no row";
  return rows->front().front().value_or("null");
}

}  // namespace

std::uint16_t FreePort() {
  const FileDescriptor any(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(any.get(), generic, length) != 0 || ::getsockname(any.get(), generic, &length) != 0) {
    return 0;
  }
  return ntohs(address.sin_port);
}

// When a process changes its user, the kernel forgets which signal it gets when its parent ends, so
// setpriv, which changes the user, sets it again: SIGQUIT, after which a server frees its shared
// memory.
ChildOptions AsServersUser(const std::string& program, std::vector<std::string> arguments) {
  std::vector<std::string> all = {"--pdeathsig", "QUIT"};
  if (const passwd* const user = ServersUser(); user != nullptr) {
    all.insert(all.end(), {absl::StrCat("--reuid=", user->pw_uid),
                           absl::StrCat("--regid=", user->pw_gid), "--clear-groups"});
  }
  all.push_back(program);
  all.insert(all.end(), std::make_move_iterator(arguments.begin()),
             std::make_move_iterator(arguments.end()));
  return {.program = kSetpriv, .arguments = std::move(all), .environment = {{"LC_ALL", "C"}}};
}

absl::Status GiveToServersUser(const std::string& path) {
  const passwd* const user = ServersUser();
  if (user == nullptr || ::chown(path.c_str(), user->pw_uid, user->pw_gid) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("give ", path, " to the server's user"));
}

absl::StatusOr<PostgresRows> PostgresSession::Execute(const std::string& sql) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection_.get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    return Failed(connection_.get(), result.get());
  }
  PostgresRows rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      auto& value = rows[static_cast<std::size_t>(row)].emplace_back();
      if (PQgetisnull(result.get(), row, column) != 0) continue;
      value.emplace(PQgetvalue(result.get(), row, column),
                    static_cast<std::size_t>(PQgetlength(result.get(), row, column)));
    }
  }
  return rows;
}

absl::StatusOr<std::unique_ptr<PostgresSession>> PostgresSession::Connect(
    std::uint16_t port_number, const std::string& database, const std::string& user) {
  const std::string port = absl::StrCat(port_number);
  const char* const keywords[] = {"host", "port", "dbname", "user", "application_name", nullptr};
  const char* const values[] = {PostgresServer::kHost, port.c_str(), database.c_str(),
                                user.c_str(),          "test",       nullptr};
  std::unique_ptr<PostgresSession> session(
      new PostgresSession(PQconnectdbParams(keywords, values, 0)));
  if (PQstatus(session->connection()) == CONNECTION_OK) return session;
  return absl::UnavailableError(PQerrorMessage(session->connection()));
}

std::string PostgresSession::Ask(const std::string& sql) { return FirstValue(Execute(sql)); }

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::MakeFolder() {
  const char* const named = std::getenv(kBinVariable);
  std::string bin = named != nullptr ? named : kDebiansBin;
  if (::access(absl::StrCat(bin, "/postgres").c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("run PostgreSQL: it is not in ", bin,
                                                      "; install postgresql-15, or name "
                                                      "another's bin folder in ",
                                                      kBinVariable));
  }
  std::unique_ptr<PostgresServer> server(new PostgresServer(std::move(bin)));
  const absl::Status given = GiveToServersUser(server->dir_.path());
  if (!given.ok()) return given;
  return server;
}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Make(
    const PostgresOptions& options) {
  auto server = MakeFolder();
  if (!server.ok()) return server;
  absl::Status status = (*server)->InitializeData();
  if (status.ok()) status = (*server)->Configure(options);
  if (!status.ok()) return status;
  return server;
}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::MakeStandby(
    const PostgresServer& primary, const PostgresOptions& options) {
  auto server = MakeFolder();
  if (!server.ok()) return server;
  absl::Status status = (*server)->Run(
      "pg_basebackup", {"-h", kHost, "-p", absl::StrCat(primary.port()), "-U", kUser, "-D",
                        (*server)->Data(), "-R", "-X", "stream", "-c", "fast", "--no-sync"});
  if (status.ok()) status = (*server)->Configure(options);
  if (!status.ok()) return status;
  return server;
}

// initdb takes longer than most tests: its result is kept in the build folder, one for each folder
// of programs, and copied.
absl::Status PostgresServer::InitializeData() const {
  const std::filesystem::path kept =
      std::filesystem::path(CLUSTERS_FOLDER) / absl::StrReplaceAll(bin_, {{"/", "_"}});
  if (std::filesystem::exists(kept)) return CopyTree(kept, Data());
  const absl::Status made =
      Run("initdb", {"-D", Data(), "-U", kUser, "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust",
                     "--no-sync", "--no-instructions"});
  if (!made.ok()) return made;
  // Renamed when complete; another test may have been faster.
  std::error_code failed;
  std::filesystem::create_directories(CLUSTERS_FOLDER, failed);
  const std::string partial = absl::StrCat(kept.string(), ".", ::getpid());
  const absl::Status copied = CopyTree(Data(), partial);
  if (!copied.ok()) return copied;
  std::filesystem::rename(partial, kept, failed);
  if (failed) std::filesystem::remove_all(partial, failed);
  return absl::OkStatus();
}

absl::Status PostgresServer::Configure(const PostgresOptions& options) {
  std::map<std::string, std::string> settings(std::begin(kSettings), std::end(kSettings));
  if (options.certificate.has_value()) {
    absl::Status written = Write("server.crt", ReadFile(options.certificate->certificate));
    written.Update(Write("server.key", ReadFile(options.certificate->key)));
    settings.insert(
        {{"ssl", "on"}, {"ssl_cert_file", "server.crt"}, {"ssl_key_file", "server.key"}});
    if (!options.client_ca.empty()) {
      written.Update(Write("clients.crt", ReadFile(options.client_ca)));
      settings["ssl_ca_file"] = "clients.crt";
    }
    if (!written.ok()) return written;
  }
  for (const auto& [name, value] : options.settings) settings[name] = value;
  std::string access;
  for (const char* line : kAccess) {
    if (options.access.empty()) absl::StrAppend(&access, line, "\n");
  }
  for (const std::string& line : options.access) absl::StrAppend(&access, line, "\n");
  absl::Status status = Write("pg_hba.conf", access);
  status.Update(Set(settings));
  for (int attempt = 0; status.ok(); ++attempt) {
    port_ = FreePort();
    status = Start();
    const bool taken = log().find("Address already in use") != std::string::npos;
    if (status.ok() || !taken || attempt == kAttemptsToListen) return status;
    status = absl::OkStatus();
  }
  return status;
}

absl::Status PostgresServer::Run(const std::string& program,
                                 std::vector<std::string> arguments) const {
  auto child =
      ChildProcess::Start(AsServersUser(absl::StrCat(bin_, "/", program), std::move(arguments)));
  if (!child.ok()) return child.status();
  const auto ending = (*child)->Wait();
  if (ending.has_value() && ending->exit_code == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat(program, ": ", ending.has_value() ? ending->ToString() : "it does not end", ": ",
                   (*child)->Errors()));
}

absl::Status PostgresServer::Write(const std::string& name, const std::string& content) const {
  const std::string path = absl::StrCat(Data(), "/", name);
  const bool written = static_cast<bool>(std::ofstream(path, std::ios::binary) << content);
  // A server refuses a key that others may read.
  if (written && ::chmod(path.c_str(), S_IRUSR | S_IWUSR) == 0) return GiveToServersUser(path);
  return absl::ErrnoToStatus(errno, absl::StrCat("write ", path));
}

absl::Status PostgresServer::Set(const std::map<std::string, std::string>& settings) {
  const std::string name = "postgresql.conf";
  // If a setting is given twice, the last line applies.
  return Write(name, absl::StrCat(ReadFile(absl::StrCat(Data(), "/", name)), Lines(settings)));
}

absl::Status PostgresServer::Reload() {
  if (!running() || !process_->Signal(SIGHUP)) {
    return absl::FailedPreconditionError("reload PostgreSQL: it does not run");
  }
  return absl::OkStatus();
}

bool PostgresServer::running() { return process_ != nullptr && process_->running(); }

std::string PostgresServer::log() const { return process_ == nullptr ? "" : process_->Errors(); }

absl::Status PostgresServer::Start() {
  if (running()) return absl::FailedPreconditionError("start PostgreSQL: it runs already");
  auto started = ChildProcess::Start(
      AsServersUser(absl::StrCat(bin_, "/postgres"), {"-D", Data(), "-p", absl::StrCat(port_)}));
  if (!started.ok()) return started.status();
  process_ = *std::move(started);
  return WaitUntilServing();
}

absl::Status PostgresServer::WaitUntilServing() {
  const std::string port = absl::StrCat(port_);
  const char* const keywords[] = {"host", "port", "dbname", "user", nullptr};
  const char* const values[] = {kHost, port.c_str(), kDatabase, kUser, nullptr};
  const bool settled =
      Eventually([&] { return !running() || PQpingParams(keywords, values, 0) == PQPING_OK; });
  if (settled && running()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("start PostgreSQL: it does not serve: ", log()));
}

absl::Status PostgresServer::Stop(const std::string& mode, std::chrono::milliseconds limit) {
  if (!running()) return absl::FailedPreconditionError("stop PostgreSQL: it does not run");
  // pg_ctl's modes as signals.
  process_->Signal(mode == "smart" ? SIGTERM : mode == "immediate" ? SIGQUIT : SIGINT);
  if (process_->Wait(limit).has_value()) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("stop PostgreSQL: it still runs after ",
                                                  limit.count(), " ms; its log: ", log()));
}

absl::Status PostgresServer::Restart(const std::string& mode) {
  const absl::Status stopped = Stop(mode);
  return stopped.ok() ? Start() : stopped;
}

absl::Status PostgresServer::Kill() {
  if (!running()) return absl::FailedPreconditionError("kill PostgreSQL: it does not run");
  // Stopped first, so that it starts no further processes.
  process_->Signal(SIGSTOP);
  const std::vector<pid_t> children = ChildrenOf(process_->pid());
  process_->Signal(SIGKILL);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  const auto ended = [&] { return std::all_of(children.begin(), children.end(), Gone); };
  if (process_->Wait().has_value() && Eventually(ended)) return absl::OkStatus();
  return absl::DeadlineExceededError("kill PostgreSQL: its processes do not end");
}

absl::Status PostgresServer::TakeOver(const PostgresServer& primary) {
  // It would connect to itself to follow its primary.
  absl::Status status = Write("postgresql.auto.conf", "");
  port_ = primary.port_;
  status.Update(Start());
  if (!status.ok()) return status;
  const std::string promoted = Ask("SELECT pg_promote()");
  if (promoted == "t") return absl::OkStatus();
  return absl::InternalError(absl::StrCat("promote PostgreSQL: ", promoted, ": ", log()));
}

absl::Status PostgresServer::CopySlotsOf(const PostgresServer& other) {
  return CopyTree(other.Data() + "/pg_replslot/.", Data() + "/pg_replslot");
}

absl::StatusOr<std::string> PostgresServer::ReplaceBlock(const std::string& file, int block,
                                                         const std::string& content) {
  std::fstream data(absl::StrCat(Data(), "/", file),
                    std::ios::binary | std::ios::in | std::ios::out);
  const auto at = static_cast<std::streamoff>(kBlockBytes) * block;
  std::string before(kBlockBytes, '\0');
  data.seekg(at).read(before.data(), static_cast<std::streamsize>(before.size()));
  data.seekp(at).write(content.data(), static_cast<std::streamsize>(content.size()));
  data.close();
  if (!data.fail()) return before;
  return absl::InternalError(absl::StrCat("replace block ", block, " of ", file));
}

PostgresServer::~PostgresServer() {
  // No other process frees its shared memory.
  if (running()) Stop("immediate").IgnoreError();
}

absl::StatusOr<std::unique_ptr<PostgresSession>> PostgresServer::Connect(
    const std::string& database, const std::string& user) const {
  return PostgresSession::Connect(port_, database, user);
}

absl::StatusOr<PostgresRows> PostgresServer::Execute(const std::string& sql,
                                                     const std::string& database) const {
  auto session = Connect(database);
  if (!session.ok()) return session.status();
  return (*session)->Execute(sql);
}

std::string PostgresServer::Ask(const std::string& sql, const std::string& database) const {
  return FirstValue(Execute(sql, database));
}

}  // namespace tributary::tests
