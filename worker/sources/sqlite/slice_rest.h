// What is still to be read of a slice, and the statement that gives its rows. It may be
// broken off behind any row, and goes on there in another transaction of the same version.
//
// Behind a row whose key can be named the next statement begins with a bound. Else it
// passes over as many rows as have been read: of one version, a statement gives its rows
// in one order, whether that has a name or not.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_SLICE_REST_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_SLICE_REST_H_

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/utf16.h"

namespace tributary::sqlite {

class SliceRest {
 public:
  // `connection` outlives it.
  explicit SliceRest(Connection& connection) : connection_(connection) {}

  // All of a slice. `assignment` outlives the reading of it. `backwards`: its last row comes
  // first; then it is not to be broken off.
  absl::Status Begin(const ReadAssignment& assignment, bool backwards = false);
  const Access& access() const { return access_; }
  // The columns of its rows, as SQL and as a number; after Begin.
  void Select(std::string columns, std::size_t result_columns);

  // All below are called within a transaction. Prepares the statement that Step steps; the
  // one before is used again where its text is the same.
  absl::Status Prepare();
  // SQLite's code.
  int Step();
  sqlite3_stmt* row() const { return statement_.get(); }
  // Rows that the statement was stepped to.
  std::uint64_t steps() const { return steps_; }
  // How the database stores text.
  TextEncoding encoding() const { return encoding_; }
  // The first value of the key that the rows are ordered by; of the row that was stepped to.
  sqlite3_value* first_key() const;
  // The bound behind the row that was stepped to; empty where none can be named.
  std::string BoundBehindRow() const;

  // Ends the statement.
  void Reset();
  // The same, and has the next one go on behind the row that was stepped to.
  void BreakOff();
  // Behind the row that is too large to be loaded.
  absl::Status PassOverLargeRow();

  // `status` is why the next row cannot be read: the same, or with the name of the column
  // that it is about.
  absl::Status Explained(absl::Status status) const;

 private:
  // Of the rest, less `skipped_` rows at its start.
  std::string Keys() const;
  std::string FromWhereOrder() const;
  std::string KeysSql() const { return "SELECT " + Keys() + FromWhereOrder(); }
  absl::Status Bind(sqlite3_stmt* statement) const;
  absl::Status ReadEncoding();
  bool utf16() const { return encoding_ != TextEncoding::kUtf8; }

  Connection& connection_;
  const ReadAssignment* assignment_ = nullptr;
  Access access_;
  std::string columns_;
  std::size_t result_columns_ = 0;
  bool backwards_ = false;
  Range range_;
  std::uint64_t skipped_ = 0;
  std::uint64_t steps_ = 0;
  TextEncoding encoding_ = TextEncoding::kUtf8;

  std::string sql_;
  std::uint64_t statement_of_opening_ = 0;
  Statement statement_;
  // Where the key has no place among the 2,000 columns of a result, it comes from a
  // second statement that keeps step with the first.
  Statement keys_;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SLICE_REST_H_
