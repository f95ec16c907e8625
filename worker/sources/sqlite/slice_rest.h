// The rest of a slice, and the statement that reads it. It can be interrupted after any row and
// continued there in another transaction of the same version.
//
// After a row whose key can be a bound, the next statement begins at this bound. Otherwise it skips
// as many rows as have been read: a statement returns the rows of one version always in the same
// order.
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

  // All of a slice. `assignment` outlives its reading. `backwards`: its last row comes first; then
  // it must not be interrupted.
  absl::Status Begin(const ReadAssignment& assignment, bool backwards = false);
  const Access& access() const { return access_; }
  // The columns of its rows, as SQL and as a number; after Begin.
  void Select(std::string columns, std::size_t result_columns);

  // All below are called within a transaction. Prepares the statement that Step steps; reuses the
  // previous one if its text is the same.
  absl::Status Prepare();
  // SQLite's code.
  int Step();
  sqlite3_stmt* row() const { return statement_.get(); }
  // Rows that the statement has returned.
  std::uint64_t steps() const { return steps_; }
  // How the database stores text.
  TextEncoding encoding() const { return encoding_; }
  // The current row's first value of the key by which rows are ordered.
  sqlite3_value* first_key() const;
  // The bound after the current row; empty if there is none.
  std::string BoundAfterRow() const;

  // Ends the statement.
  void Reset();
  // The same; the next one continues after the current row.
  void BreakOff();
  // The last row has no bound, so the rest begins after a number of rows; in another version these
  // would be other rows.
  bool skips() const { return skipped_ > 0; }
  // For rows in the order of their rowids. The rowid of the current row, and the rest's rowids.
  std::int64_t rowid() const;
  absl::StatusOr<RowidRange> rowids() const { return ParseRowidRange(range_.from(), range_.to()); }
  // The next step continues after `rowid`.
  absl::Status ContinueAfter(std::int64_t rowid);
  // Continues after the row that is too large to be loaded.
  absl::Status PassOverLargeRow();

  // `status` says why the next row cannot be read; returns it, with the column's name if there is
  // one.
  absl::Status Explained(absl::Status status) const;

 private:
  // Of the rest, less `skipped_` rows at its start.
  std::string Keys() const;
  std::string FromWhereOrder() const;
  std::string KeysSql() const { return "SELECT " + Keys() + FromWhereOrder(); }
  absl::Status Bind(sqlite3_stmt* statement) const;
  absl::Status BindAll() const;
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
  std::uint64_t encoding_of_opening_ = 0;

  std::string sql_;
  std::uint64_t statement_of_opening_ = 0;
  Statement statement_;
  // If a result of 2,000 columns has no room for the key, a second statement reads it in parallel.
  Statement keys_;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SLICE_REST_H_
