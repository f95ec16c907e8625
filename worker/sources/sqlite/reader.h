// Reads one slice: the tight loop from sqlite3_step to the encoder. A row costs one
// step, and what row_writer.h says for its values.
//
// Where it can, the statement hands a row's values to a function of ours
// (`SELECT tributary_row(…)`): taking them from the result costs SQLite a check of the
// connection for each, a sixth of all reading. Not where rows are ordered by a key,
// since a statement that had to sort would call the function before.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_READER_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_READER_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/row_writer.h"

namespace tributary::sqlite {

class SliceReader {
 public:
  // `connection` outlives the reader.
  explicit SliceReader(Connection& connection) : connection_(connection) {}

  // Within a transaction that reads `version`. Writes the rows and the marks between
  // them; where it returns DONE, the mark at the range's end is still to be written,
  // with what TakeRemarks has.
  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment, std::string_view version,
                                     BatchWriter& writer);
  // What there is to say of the rows behind the last mark.
  std::vector<ColumnRemark> TakeRemarks() { return row_.TakeRemarks(); }

 private:
  struct Query {
    std::string columns;
    std::string keys;
    // FROM, WHERE and ORDER BY.
    std::string rest;
    std::string sql() const;
    std::string keys_sql() const { return "SELECT " + keys + rest; }
  };

  absl::Status Plan(const ReadAssignment& assignment);
  absl::Status PrepareFor(const ReadAssignment& assignment);
  Query MakeQuery(const ReadAssignment& assignment) const;
  absl::Status BindRange(sqlite3_stmt* statement, const Range& range) const;
  // Makes tributary_row known to the connection.
  absl::Status AddRowFunction();
  static void TakeRow(sqlite3_context* call, int count, sqlite3_value** values);
  // SQLite's code at the loop's end: SQLITE_DONE, or SQLITE_ROW where it stopped
  // before.
  int ReadRows(std::string_view version, BatchWriter& writer);
  // The row that was stepped to. False: a value does not fit.
  bool WriteRow(BatchWriter& writer);
  // The bound behind the row that was read last; empty where none can be named.
  std::string BoundBehindRow() const;
  // Moves the range's start behind the row that is too large to be loaded.
  absl::Status SkipLargeRow(const ReadAssignment& assignment, Range& rest);

  Connection& connection_;
  Access access_;
  RowWriter row_;
  // The statement of the assignment before this one is used again where its text is
  // the same.
  std::string sql_;
  std::uint64_t statement_of_opening_ = 0;
  Statement statement_;
  // Where the key has no place among the 2,000 columns of a result, it comes from a
  // second statement that keeps step with the first.
  Statement keys_;
  // Values come by tributary_row, which this connection's opening has; its shape and
  // writer are there while a slice is read.
  bool by_function_ = false;
  std::uint64_t function_of_opening_ = 0;
  const TableShape* shape_ = nullptr;
  BatchWriter* writer_ = nullptr;
  bool utf8_ = true;
  bool paused_ = false;
  bool misfit_ = false;
  std::uint64_t steps_ = 0;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_READER_H_
