// One read-only connection to the database: how it is opened and limited, and how a
// read transaction begins and is named.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_CONNECTION_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_CONNECTION_H_

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/sources/source.h"
#include "worker/sources/sqlite/database_file.h"
#include "worker/sources/sqlite/version.h"

namespace tributary::sqlite {

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementCloser>;

// `name` as an SQL identifier.
std::string Quoted(const std::string& name);

// A result column's text, byte for byte.
std::string ColumnText(sqlite3_stmt* statement, int column);

class Connection {
 public:
  // `patience` bounds the wait for locks and for a file system that fails.
  // `pulse` outlives the connection.
  Connection(DatabaseFile file, Pulse& pulse, std::chrono::milliseconds patience);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Begins a read transaction, opening the database if necessary, and returns the version that it
  // reads. Waits while others hold locks.
  //   FAILED_PRECONDITION  no database, damaged as a whole, a journal that has to
  //                        be rolled back by its application
  //   UNAVAILABLE          still locked or failing after `patience`, or replaced
  //                        by another file
  absl::StatusOr<std::string> Begin();
  // UNAVAILABLE if a file that was considered immutable has changed; the rows read are then not
  // reliable.
  absl::Status End();

  // Within a transaction. `subject` is a table's name for error texts, empty for the catalog.
  // Objects of the schema that SQLite cannot parse are ignored.
  absl::StatusOr<Statement> Prepare(const std::string& sql, absl::string_view subject,
                                    absl::string_view column = {});

  // The meaning of `code`, returned by a step over `subject`:
  //   NOT_FOUND            the table or a column is gone
  //   DATA_LOSS            this table cannot be read
  //   FAILED_PRECONDITION  the catalog is damaged
  //   UNAVAILABLE          the file system failed or the file was replaced
  //   RESOURCE_EXHAUSTED   out of memory
  absl::Status Error(int code, absl::string_view operation, absl::string_view subject,
                     absl::string_view column = {}) const;

  // The primary code of SQLite's last call that failed.
  int LastCode() const;

  // Of the last transaction.
  std::uint32_t application_id() const { return application_id_; }
  // SQLite's schema number, which changes with each change of the schema, of the last transaction.
  int schema() const { return schema_; }
  // The file's own; the text encoding is the last transaction's.
  const FileHeader& header() const { return header_; }
  const DatabaseFile& file() const { return file_; }
  sqlite3* db() const { return db_; }
  // How often the database was opened: objects made from an earlier db() are invalid.
  std::uint64_t openings() const { return openings_; }
  // An object of the schema could not be parsed.
  bool schema_has_gaps() const { return schema_has_gaps_; }
  Pulse& pulse() const { return pulse_; }

 private:
  absl::Status Open();
  absl::Status Limit();
  // The next attempt opens it again, and keeps nothing of what was read before.
  void Close();
  void Rollback();
  // One attempt: an extended result code of SQLite, kOverwritten or kOtherSchema.
  int TryBegin();
  // Within a new transaction; reads its first page.
  int FirstRead();
  // Within a new transaction: pages that SQLite keeps from earlier ones may differ from the file,
  // and SQLite cannot detect it.
  bool KeepsOldPages(const FileHeader& last) const;
  // After FirstRead: names the version that it read. `before` was taken before it.
  bool NameVersion(const std::optional<WalPosition>& before);
  // The file as a whole cannot be read: `code` as text.
  absl::Status Unreadable(int code) const;
  // SQLite's own error text.
  std::string ErrorText(int code) const;
  absl::Status CheckInPlace() const;
  absl::Status Overwritten() const;
  // For an immutable file: UNAVAILABLE if it has changed since it was opened.
  absl::Status CheckUnchanged() const;

  DatabaseFile file_;
  Pulse& pulse_;
  std::chrono::milliseconds patience_;
  sqlite3* db_ = nullptr;
  std::uint64_t openings_ = 0;
  bool schema_has_gaps_ = false;
  Statement begin_;
  Statement commit_;
  Statement first_read_;
  Statement schema_read_;
  std::uint32_t application_id_ = 0;
  int schema_ = 0;
  FileHeader header_;
  // State of the file when the transaction began; for an immutable file, when it was opened.
  FileFacts facts_;
  // State when SQLite began to keep its pages; zeros: it has none.
  FileFacts kept_since_;
  std::string version_;
};

// Ends the transaction if its scope is left early.
class TransactionScope {
 public:
  explicit TransactionScope(Connection& connection) : connection_(connection) {}
  TransactionScope(const TransactionScope&) = delete;
  TransactionScope& operator=(const TransactionScope&) = delete;
  ~TransactionScope() {
    if (open_) (void)connection_.End();
  }
  absl::Status End() {
    open_ = false;
    return connection_.End();
  }

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_CONNECTION_H_
