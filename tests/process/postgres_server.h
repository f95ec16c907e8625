// A PostgreSQL server of a test's own: made in a temporary folder, on a free port, by its
// own user where the test is root (a server refuses root). Nothing of the machine's own
// servers is touched, and all of it goes with the object, whichever way the test ends.
//
//   auto server = PostgresServer::Make({.settings = {{"wal_level", "logical"}}});
//   auto rows = (*server)->Execute("SELECT count(*) FROM pg_class");
//
// The programs are those of $TRIBUTARY_POSTGRESQL_BIN, or of Debian's package.
// For the thread that made it, but for sessions, each of which is for one thread.
#ifndef TRIBUTARY_TESTS_PROCESS_POSTGRES_SERVER_H_
#define TRIBUTARY_TESTS_PROCESS_POSTGRES_SERVER_H_

#include <libpq-fe.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/process/certificates.h"
#include "tests/process/child_process.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {

// Rows of texts; nothing: null.
using PostgresRows = std::vector<std::vector<std::optional<std::string>>>;

// One connection, as an application has it.
class PostgresSession {
 public:
  // To what listens on PostgresServer::kHost. UNAVAILABLE, with what it said.
  static absl::StatusOr<std::unique_ptr<PostgresSession>> Connect(std::uint16_t port,
                                                                  const std::string& database,
                                                                  const std::string& user);

  // Of several statements, which are separated by semicolons, the last one's rows. The
  // error is the server's, with its SQLSTATE.
  absl::StatusOr<PostgresRows> Execute(const std::string& sql);
  // The first column of the first row; a text that says so where there is none.
  std::string Ask(const std::string& sql);
  // The server's process that serves it.
  int backend() const { return PQbackendPID(connection_.get()); }
  PGconn* connection() { return connection_.get(); }

 private:
  explicit PostgresSession(PGconn* connection) : connection_(connection, &PQfinish) {}

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// A server refuses to run as root, and so do programs like it: these run as another user where
// the test is root, who owns what they are to write.
ChildOptions AsServersUser(const std::string& program, std::vector<std::string> arguments);
absl::Status GiveToServersUser(const std::string& path);
// Of PostgresServer::kHost; another program may take it first.
std::uint16_t FreePort();

struct PostgresOptions {
  // Of postgresql.conf, over what every test needs.
  std::map<std::string, std::string> settings = {};
  // Lines of pg_hba.conf; without one, everybody is let in from this host, also to
  // replicate.
  std::vector<std::string> access = {};
  // Serves TLS with it; clients' certificates are checked against `client_ca`, where given.
  std::optional<Certificates::Signed> certificate = {};
  std::string client_ca = {};
};

class PostgresServer {
 public:
  static constexpr char kHost[] = "127.0.0.1";
  // The superuser, and the database that is there.
  static constexpr char kUser[] = "postgres";
  static constexpr char kDatabase[] = "postgres";

  // FAILED_PRECONDITION: there is no server to be run; the text says what to install.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Make(const PostgresOptions& options = {});
  // A standby that follows `primary` by streaming.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> MakeStandby(
      const PostgresServer& primary, const PostgresOptions& options = {});
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  std::uint16_t port() const { return port_; }
  // Of its first process, the parent of all that serve; 0: it does not run.
  pid_t pid() const { return process_ == nullptr ? 0 : process_->pid(); }
  // The folder of its programs, psql among them.
  const std::string& bin() const { return bin_; }
  bool running();
  // Its log since it was last started.
  std::string log() const;

  // After Stop or Kill, on the same port and with the same data. Returns when it lets
  // clients in.
  absl::Status Start();
  // `mode` is pg_ctl's: smart waits for clients, fast ends them, immediate is a crash in
  // order. DEADLINE_EXCEEDED: it still runs after `limit`.
  absl::Status Stop(const std::string& mode = "fast", std::chrono::milliseconds limit = kPatience);
  absl::Status Restart(const std::string& mode = "fast");
  // SIGKILL to all of its processes, as by the kernel for want of memory.
  absl::Status Kill();
  // Changes postgresql.conf; some settings need Restart, others Reload.
  absl::Status Set(const std::map<std::string, std::string>& settings);
  absl::Status Reload();

  absl::StatusOr<std::unique_ptr<PostgresSession>> Connect(const std::string& database = kDatabase,
                                                           const std::string& user = kUser) const;
  // In a session of its own.
  absl::StatusOr<PostgresRows> Execute(const std::string& sql,
                                       const std::string& database = kDatabase) const;
  std::string Ask(const std::string& sql, const std::string& database = kDatabase) const;

 private:
  explicit PostgresServer(std::string bin) : bin_(std::move(bin)) {}
  static absl::StatusOr<std::unique_ptr<PostgresServer>> MakeFolder();
  absl::Status InitializeData() const;
  absl::Status Configure(const PostgresOptions& options);
  // Runs one of the programs to its end, as the server's user.
  absl::Status Run(const std::string& program, std::vector<std::string> arguments) const;
  absl::Status Write(const std::string& name, const std::string& content) const;
  absl::Status WaitUntilServing();
  std::string Data() const { return dir_ / "data"; }

  const std::string bin_;
  TempDir dir_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_POSTGRES_SERVER_H_
