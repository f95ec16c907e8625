// libpq inside the sandbox, against a real server that speaks TLS.
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <poll.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/process/certificates.h"
#include "tests/process/postgres_server.h"
#include "tests/process/temp_dir.h"
#include "tests/worker/network/beat_times.h"
#include "tests/worker/sandbox/attempts.h"
#include "worker/network/memory_file.h"
#include "worker/network/resolver.h"
#include "worker/network/tls.h"
#include "worker/wait.h"

namespace tributary {
namespace {

constexpr std::chrono::seconds kPatience(60);

struct Login {
  std::string name = "localhost";
  std::string ca;
  std::optional<tests::Certificates::Signed> client = std::nullopt;
};

// The answer that a worker with `login` gets when it asks the server whether the connection uses
// TLS.
std::string Ask(std::uint16_t port, const Login& login) {
  const Outcome outcome = RunInChild([&](Complaints& complaints) {
    const absl::Status prepared = PrepareTls();
    const auto ca = MemoryFile::Make(ReadAll(login.ca));
    const auto certificate =
        MemoryFile::Make(login.client.has_value() ? ReadAll(login.client->certificate) : "");
    const auto key = MemoryFile::Make(login.client.has_value() ? ReadAll(login.client->key) : "");
    const auto entered = EnterSandbox({.tcp_ports = {port}}, {});
    complaints.Check(prepared.ok() && ca.ok() && certificate.ok() && key.ok() && entered.ok(),
                     "ready");
    tests::BeatTimes pulse;
    const auto found = ResolveHost("localhost", pulse);
    complaints.Check(found.ok(), found.status().ToString());

    const std::string port_text = absl::StrCat(port);
    const std::string ca_path = ca->path();
    const std::string certificate_path = login.client.has_value() ? certificate->path() : "";
    const std::string key_path = login.client.has_value() ? key->path() : "";
    const char* const keywords[] = {"host",   "hostaddr",   "port",        "dbname",
                                    "user",   "sslmode",    "sslrootcert", "sslcert",
                                    "sslkey", "gssencmode", nullptr};
    const char* const values[] = {login.name.c_str(),
                                  tests::PostgresServer::kHost,
                                  port_text.c_str(),
                                  "postgres",
                                  "postgres",
                                  "verify-full",
                                  ca_path.c_str(),
                                  certificate_path.c_str(),
                                  key_path.c_str(),
                                  "disable",
                                  nullptr};
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(
        PQconnectStartParams(keywords, values, 0), &PQfinish);
    const auto until = std::chrono::steady_clock::now() + kPatience;
    for (auto wanted = PGRES_POLLING_WRITING; wanted != PGRES_POLLING_OK;) {
      const short event = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      if (wanted == PGRES_POLLING_FAILED ||
          WaitFor(PQsocket(connection.get()), event, until, pulse) == 0) {
        complaints.Check(false, PQerrorMessage(connection.get()));
        return;
      }
      wanted = PQconnectPoll(connection.get());
    }
    const std::unique_ptr<PGresult, void (*)(PGresult*)> answer(
        PQexec(connection.get(),
               "SELECT 'tls ' || ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
        &PQclear);
    complaints.Check(false, PQresultStatus(answer.get()) == PGRES_TUPLES_OK
                                ? PQgetvalue(answer.get(), 0, 0)
                                : PQresultErrorMessage(answer.get()));
  });
  EXPECT_EQ(outcome.status, 0);
  return outcome.told;
}

bool Says(const std::string& told, const char* what) {
  return told.find(what) != std::string::npos;
}

class LibpqTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new tests::TempDir;
    certificates_ = new tests::Certificates(dir_->path());
    auto server = tests::PostgresServer::Make(
        {.access = {"hostssl all all 127.0.0.1/32 cert", "host all all 127.0.0.1/32 trust"},
         .certificate = certificates_->Sign("localhost"),
         .client_ca = certificates_->ca()});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }
  static void TearDownTestSuite() {
    delete server_;
    delete certificates_;
    delete dir_;
  }

  static tests::TempDir* dir_;
  static tests::Certificates* certificates_;
  static tests::PostgresServer* server_;
};
tests::TempDir* LibpqTest::dir_ = nullptr;
tests::Certificates* LibpqTest::certificates_ = nullptr;
tests::PostgresServer* LibpqTest::server_ = nullptr;

TEST_F(LibpqTest, ConnectsWithCertificatesFromMemory) {
  const std::string told =
      Ask(server_->port(), {.ca = certificates_->ca(), .client = certificates_->Sign("postgres")});
  EXPECT_TRUE(Says(told, "tls true")) << told;
}

TEST_F(LibpqTest, RefusesAServerOfAnotherNameOrAuthority) {
  const auto client = certificates_->Sign("postgres");
  const std::string other_name =
      Ask(server_->port(), {.name = "elsewhere.test", .ca = certificates_->ca(), .client = client});
  EXPECT_TRUE(Says(other_name, "does not match host name")) << other_name;
  tests::TempDir other_dir;
  const tests::Certificates other(other_dir.path());
  const std::string other_authority = Ask(server_->port(), {.ca = other.ca(), .client = client});
  EXPECT_TRUE(Says(other_authority, "certificate verify failed")) << other_authority;
}

TEST_F(LibpqTest, WithoutAClientsCertificateTheServerRefuses) {
  const std::string told = Ask(server_->port(), {.ca = certificates_->ca()});
  EXPECT_TRUE(Says(told, "certificate")) << told;
  EXPECT_FALSE(Says(told, "tls true")) << told;
}

}  // namespace
}  // namespace tributary
