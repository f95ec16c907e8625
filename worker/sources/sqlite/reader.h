// Reads one slice: the tight loop from sqlite3_step to the encoder. A row costs one step, plus the
// cost of its values (row_writer.h).
//
// If possible, the statement passes a row's values to our own function (`SELECT tributary_row(…)`):
// reading them from the result makes SQLite check the connection for each value, a sixth of the
// total time. Not if rows are ordered by a key, since a statement that sorts would call the
// function before sorting.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_READER_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_READER_H_

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/page_walk.h"
#include "worker/sources/sqlite/pages.h"
#include "worker/sources/sqlite/row_writer.h"
#include "worker/sources/sqlite/slice_rest.h"
#include "worker/sources/sqlite/turns.h"
#include "worker/sources/sqlite/type_search.h"

namespace tributary::sqlite {

class SliceReader {
 public:
  // `connection` outlives the reader.
  explicit SliceReader(Connection& connection)
      : connection_(connection), pages_(connection), walk_(pages_), rest_(connection) {}

  // Writes the slice's rows and marks. Outcomes and errors are Source::Read's.
  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment, BatchWriter& writer);
  // Ends a transaction that was kept open for the next slice.
  void EndKept() { kept_.reset(); }

 private:
  // Turn after turn.
  absl::StatusOr<AssignmentEnd> ReadTurns(Turns& turns);
  // Prepares a transaction that reads `version`.
  absl::Status Plan(const ReadAssignment& assignment, const std::string& version);
  // If `version` is not the catalog's: whether the table has not changed since.
  absl::Status CheckTable(const std::string& version);
  // Computes the properties of columns that only the table's declaration has.
  void PlanColumns(const std::string& table);
  // The columns to select, as SQL.
  std::string Columns() const;
  absl::Status NullInKey() const;
  // Registers tributary_row with the connection.
  absl::Status AddRowFunction();
  static void TakeRow(sqlite3_context* call, int count, sqlite3_value** values);
  void OpenSlice(const Turns& turns);
  // Within a transaction, until the slice, the turn or the reading ends.
  absl::Status ReadTurn(Turns& turns);
  // SQLite's code at the loop's end: SQLITE_DONE, or SQLITE_ROW if it stopped earlier.
  int ReadRows(Turns& turns);
  // Begins to tell the judge which rows share a page, if it wants to know.
  void BeginPages();
  // The row that was stepped to has been read.
  void CountRowOfPage();
  // Passes the pages whose rows the judge knows. False: the rest cannot be read from there.
  bool NextPage(const Turns& turns);
  // The row that was stepped to. False: a value does not fit.
  bool WriteRow();
  // Marks the rows read so far. False: there is no bound for this place.
  bool MarkRow(const Turns& turns);
  // Marks the slice's end.
  void MarkEnd(const Turns& turns);

  Connection& connection_;
  Pages pages_;
  // Beside the rows, while `walking_`; `leaf_` is the page whose rows are being read.
  PageWalk walk_;
  bool walking_ = false;
  PageWalk::Leaf leaf_;
  std::size_t rows_left_in_page_ = 0;
  // Between slices that are to be read in one transaction.
  std::unique_ptr<Turns> kept_;
  SliceRest rest_;
  RowWriter row_;
  // Gets the values that do not fit.
  TypeSearch types_;
  // The column in which the rowid is sent, which is the key if there is no other.
  std::optional<std::size_t> rowid_column_;
  // Values come through tributary_row; registered for this opening of the connection.
  bool by_function_ = false;
  std::uint64_t function_of_opening_ = 0;
  // Of the slice that is read.
  const ReadAssignment* assignment_ = nullptr;
  const TableShape* shape_ = nullptr;
  BatchWriter* writer_ = nullptr;
  bool done_ = false;
  bool paused_ = false;
  bool misfit_ = false;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_READER_H_
