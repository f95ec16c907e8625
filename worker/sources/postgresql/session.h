// One connection to a PostgreSQL server: opening it, its transactions, statements, and the
// rows of a COPY. Every wait beats the pulse.
//
// Connections are made with a fixed list of keys: no connection string, and nothing from the
// environment, a service file or a password file. What databases and roles may have set
// otherwise is set in each transaction (SET LOCAL), so that a session works through a
// transaction pooler; a replication connection sets it for its life.
//
// Statements are sent as simple queries, several to a round trip where they are separated
// by semicolons. The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SESSION_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SESSION_H_

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/limits.h"
#include "worker/network/memory_file.h"
#include "worker/pulse.h"
#include "worker/sources/postgresql/setup.h"

namespace tributary::postgresql {

// A server that says nothing for this long, while it is to answer or to send rows, is given
// up. TCP's own probes look after the connection far more often.
inline constexpr std::chrono::minutes kSilence{10};

// A login with all that it needs of files and libraries, made before the sandbox closes. It
// outlives its sessions.
class PreparedLogin {
 public:
  // Takes libpq's variables out of this process's environment. FAILED_PRECONDITION, or
  // RESOURCE_EXHAUSTED where there is no memory for certificates.
  static absl::StatusOr<PreparedLogin> Make(Login login, bool allows_link_local);

  const Login& login() const { return login_; }
  bool allows_link_local() const { return allows_link_local_; }
  // Paths of certificates and key; of those that are not given, a path that does not exist.
  std::string root_certificate_path() const { return PathOf(root_certificate_); }
  std::string certificate_path() const { return PathOf(certificate_); }
  std::string private_key_path() const { return PathOf(private_key_); }

 private:
  PreparedLogin(Login login, bool allows_link_local)
      : login_(std::move(login)), allows_link_local_(allows_link_local) {}
  static std::string PathOf(const std::optional<MemoryFile>& file);

  Login login_;
  bool allows_link_local_;
  std::optional<MemoryFile> root_certificate_;
  std::optional<MemoryFile> certificate_;
  std::optional<MemoryFile> private_key_;
};

// A text and a name as SQL has them, whatever is set: of valid UTF-8 without NUL.
std::string Literal(std::string_view text);
std::string Quoted(std::string_view name);
// schema.table, quoted.
std::string Quoted(std::string_view schema, std::string_view table);

// The rows of one statement, as text.
class Rows {
 public:
  explicit Rows(PGresult* result = nullptr) : result_(result, &PQclear) {}

  int size() const { return PQntuples(result_.get()); }
  bool null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  // Empty where it is null. Valid as long as this.
  std::string_view at(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  std::string text(int row, int column) const { return std::string(at(row, column)); }
  bool truth(int row, int column) const { return at(row, column) == "t"; }
  // 0 where it is null or no number of its own.
  std::int64_t number(int row, int column) const;

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

// What a result that failed says; `doing` and codes as StatementError's.
absl::Status ErrorOf(const PGresult* result, std::string_view doing);

class Session {
 public:
  enum class Kind {
    kQueries,
    // Statements outside of transactions; what databases and roles may have set otherwise is
    // set for its life.
    kStatements,
    // Speaks the replication protocol of this database, and simple queries.
    kReplication,
  };
  // `login` and `pulse` outlive it. `patience`: how long what passes is tried again.
  Session(const PreparedLogin& login, Pulse& pulse,
          std::chrono::milliseconds patience =
              std::chrono::milliseconds(limits::kSourcePatienceMilliseconds),
          Kind kind = Kind::kQueries)
      : login_(login), pulse_(pulse), patience_(patience), kind_(kind) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { FreeChunk(); }

  // Connects where it is not connected. FAILED_PRECONDITION, or UNAVAILABLE after
  // `patience`.
  absl::Status Open();
  // Whatever the server is doing for it ends.
  void Close();
  // The same; the chunk that came last stays valid until the next call.
  void HangUp() { connection_.reset(); }
  bool open() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
  // 150020 is 15.20.
  int server_version() const { return PQserverVersion(connection_.get()); }
  bool encrypted() const { return PQsslInUse(connection_.get()) != 0; }
  // The server's process that serves it, as it was told when it connected: that of a pooler is
  // another one. And the number of this connection among all that it has had.
  int process() const { return PQbackendPID(connection_.get()); }
  std::uint64_t connection_number() const { return connections_; }
  // "db.example.com:5432", for texts.
  std::string server() const;

  enum class Isolation {
    // Each statement has a snapshot of its own.
    kReadCommitted,
    // The first statement that needs one takes the transaction's snapshot; LOCK and SET do
    // not.
    kRepeatableRead,
  };
  // Begins a transaction that reads only, with the settings that all have. Opens the session
  // where it is closed, or broke while it was idle. Errors as Open's.
  absl::Status Begin(Isolation isolation = Isolation::kRepeatableRead);
  // The same, and `sql` within it, in one round trip. After an error within the transaction it
  // is open still, and End is to be called.
  absl::StatusOr<Rows> BeginWith(Isolation isolation, const std::string& sql,
                                 std::string_view doing);
  // Nothing was written, so it is no matter how it ends: a session that fails is closed.
  void End();

  // Runs statements and gives the rows of the last one. `doing` is operation and subject for
  // an error's text; codes are StatementError's. After an error within a transaction only End
  // helps.
  absl::StatusOr<Rows> Query(const std::string& sql, std::string_view doing);

  // Runs one statement with parameters, as libpq has them, and gives its rows in binary; the
  // caller clears them.
  absl::StatusOr<PGresult*> QueryRow(const std::string& sql, const std::vector<Oid>& types,
                                     const std::vector<const char*>& values,
                                     const std::vector<int>& lengths,
                                     const std::vector<int>& formats, std::string_view doing);

  // Runs statements of which one is a COPY TO STDOUT, up to that.
  absl::Status StartCopy(const std::string& sql, std::string_view doing);
  enum class Next {
    kChunk,
    // The COPY and what came after it in its statements were carried out.
    kEnd,
    // failure() says why; the session may be closed.
    kFailed,
  };
  // The COPY's next chunk, valid until the next call: a row or a part of the format's head or
  // end. A COPY that is not read to its end is ended by Close.
  Next NextChunk(std::string_view& chunk);
  const absl::Status& failure() const { return failure_; }

  // For what has no call here. Non-blocking.
  PGconn* connection() { return connection_.get(); }
  // Waits until there is something to read, and takes it from the socket. UNAVAILABLE where
  // there is nothing for kSilence, or the connection broke.
  absl::Status AwaitInput(std::string_view doing);
  // Sends what is queued.
  absl::Status Flush(std::string_view doing);

 private:
  absl::Status ConnectOnce();
  absl::Status ConnectTo(const std::string& address);
  absl::Status CheckServer();
  // Statements that set all that the engine relies on; `how`: "SET " or "SET LOCAL ".
  std::string SettingsSql(std::string_view how) const;
  absl::Status Send(const std::string& sql, std::string_view doing);
  absl::StatusOr<PGresult*> AwaitResult(std::string_view doing);
  absl::Status Broken(std::string_view doing);
  Next EndCopy();
  // Passes over what comes after an error, until the server is ready again.
  void Drain(std::string_view doing);
  void FreeChunk();

  const PreparedLogin& login_;
  Pulse& pulse_;
  const std::chrono::milliseconds patience_;
  const Kind kind_;
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_{nullptr, &PQfinish};
  std::uint64_t connections_ = 0;
  // Of the COPY that is read.
  char* chunk_ = nullptr;
  std::string doing_;
  absl::Status failure_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SESSION_H_
