// A PostgreSQL server for a test: made in a temporary folder, on a free port; if the test is root,
// it runs as another user, since a server refuses root. It does not touch other servers of the
// machine, and everything is removed with the object, however the test ends.
//
//   auto server = PostgresServer::Make({.settings = {{"wal_level", "logical"}}});
//   auto rows = (*server)->Execute("SELECT count(*) FROM pg_class");
//
// The programs are those in $TRIBUTARY_POSTGRESQL_BIN, or those of Debian's package. Only the
// thread that made it may use it; each session may be used by one thread.
#ifndef TRIBUTARY_TESTS_PROCESS_POSTGRES_SERVER_H_
#define TRIBUTARY_TESTS_PROCESS_POSTGRES_SERVER_H_

#include <libpq-fe.h>

#include <cstddef>
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

// Rows of texts; std::nullopt is SQL's NULL.
using PostgresRows = std::vector<std::vector<std::optional<std::string>>>;

// A connection like that of an application.
class PostgresSession {
 public:
  // Connects to the server on this port of PostgresServer::kHost. UNAVAILABLE, with the server's
  // error.
  static absl::StatusOr<std::unique_ptr<PostgresSession>> Connect(std::uint16_t port,
                                                                  const std::string& database,
                                                                  const std::string& user);

  // Several statements are separated by semicolons; returns the rows of the last one. The error is
  // the server's, with its SQLSTATE.
  absl::StatusOr<PostgresRows> Execute(const std::string& sql);
  // The first column of the first row; if there is none, a text that says so.
  std::string Ask(const std::string& sql);
  // The pid of the server process that serves it.
  int backend() const { return PQbackendPID(connection_.get()); }
  PGconn* connection() { return connection_.get(); }

 private:
  explicit PostgresSession(PGconn* connection) : connection_(connection, &PQfinish) {}

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// A server and similar programs refuse to run as root: if the test is root, they run as another
// user, who owns the files that they write.
ChildOptions AsServersUser(const std::string& program, std::vector<std::string> arguments);
absl::Status GiveToServersUser(const std::string& path);
// A free port of PostgresServer::kHost; another program may take it before it is used.
std::uint16_t FreePort();

struct PostgresOptions {
  // For postgresql.conf; they override those that all tests use.
  std::map<std::string, std::string> settings = {};
  // Lines of pg_hba.conf; if there are none, everybody may connect from this host, also for
  // replication.
  std::vector<std::string> access = {};
  // The server's TLS certificate; clients' certificates are checked against `client_ca`, if it is
  // given.
  std::optional<Certificates::Signed> certificate = {};
  std::string client_ca = {};
};

class PostgresServer {
 public:
  static constexpr char kHost[] = "127.0.0.1";
  // The superuser; also the name of the existing database.
  static constexpr char kUser[] = "postgres";
  static constexpr char kDatabase[] = "postgres";
  static constexpr std::size_t kBlockBytes = 8192;

  // FAILED_PRECONDITION: PostgreSQL is not installed; the text says what to install.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Make(const PostgresOptions& options = {});
  // A standby that follows `primary` by streaming.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> MakeStandby(
      const PostgresServer& primary, const PostgresOptions& options = {});
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  std::uint16_t port() const { return port_; }
  // The pid of its first process, the parent of all others; 0: it does not run.
  pid_t pid() const { return process_ == nullptr ? 0 : process_->pid(); }
  // The folder of its programs, including psql.
  const std::string& bin() const { return bin_; }
  bool running();
  // What it has logged since its last start.
  std::string log() const;

  // After Stop or Kill, on the same port and with the same data. Returns when clients can connect.
  absl::Status Start();
  // `mode` is pg_ctl's: smart waits for clients, fast disconnects them, immediate ends without a
  // clean shutdown. DEADLINE_EXCEEDED: it still runs after `limit`.
  absl::Status Stop(const std::string& mode = "fast", std::chrono::milliseconds limit = kPatience);
  absl::Status Restart(const std::string& mode = "fast");
  // SIGKILL to all of its processes, as the kernel does when memory is exhausted.
  absl::Status Kill();
  // A failover that clients do not see: a standby becomes the primary, on the port that `primary`
  // had. Both have stopped.
  absl::Status TakeOver(const PostgresServer& primary);
  // Writes one of the blocks of a file of its data, whose name is pg_relation_filepath's, as a
  // failing disk does. It has stopped. Returns what was there.
  absl::StatusOr<std::string> ReplaceBlock(const std::string& file, int block,
                                           const std::string& content);
  // Gets the replication slots of `other`, as tools for failover copy them to a standby. Both have
  // stopped.
  absl::Status CopySlotsOf(const PostgresServer& other);
  // Changes postgresql.conf; some settings need Restart, others Reload.
  absl::Status Set(const std::map<std::string, std::string>& settings);
  absl::Status Reload();

  absl::StatusOr<std::unique_ptr<PostgresSession>> Connect(const std::string& database = kDatabase,
                                                           const std::string& user = kUser) const;
  // In a new session.
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
