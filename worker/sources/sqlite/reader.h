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

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/encoder/batch_writer.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/row_writer.h"
#include "worker/sources/sqlite/slice_rest.h"
#include "worker/sources/sqlite/turns.h"
#include "worker/sources/sqlite/type_search.h"

namespace tributary::sqlite {

class SliceReader {
 public:
  // `connection` outlives the reader.
  explicit SliceReader(Connection& connection) : connection_(connection), rest_(connection) {}

  // Writes the slice's rows and marks. Outcomes and errors are Source::Read's.
  absl::StatusOr<AssignmentEnd> Read(const ReadAssignment& assignment, BatchWriter& writer);
  // Ends a transaction that was kept open for another slice.
  void EndKept() { kept_.reset(); }

 private:
  // Turn after turn.
  absl::StatusOr<AssignmentEnd> ReadTurns(Turns& turns);
  // For a transaction that reads `version`.
  absl::Status Plan(const ReadAssignment& assignment, const std::string& version);
  // Where `version` is not that of the catalog: whether the table still is as it says.
  absl::Status CheckTable(const std::string& version);
  // Works out what of the columns only the table's declaration tells.
  void PlanColumns(const std::string& table);
  // The columns to select, as SQL.
  std::string Columns() const;
  absl::Status NullInKey() const;
  // Makes tributary_row known to the connection.
  absl::Status AddRowFunction();
  static void TakeRow(sqlite3_context* call, int count, sqlite3_value** values);
  void OpenSlice(const Turns& turns);
  // Within a transaction, until the slice, the turn or the reading ends.
  absl::Status ReadTurn(Turns& turns);
  // SQLite's code at the loop's end: SQLITE_DONE, or SQLITE_ROW where it stopped
  // before.
  int ReadRows(Turns& turns);
  // The row that was stepped to. False: a value does not fit.
  bool WriteRow();
  // Marks what has been read. False: there is no bound to name it by.
  bool MarkRow(const Turns& turns);
  // Marks the slice's end.
  void MarkEnd(const Turns& turns);

  Connection& connection_;
  // Between slices that are to be read in one transaction.
  std::unique_ptr<Turns> kept_;
  SliceRest rest_;
  RowWriter row_;
  // Is shown what does not fit.
  TypeSearch types_;
  // The column that is sent of the rowid, which is the key where there is no other.
  std::optional<std::size_t> rowid_column_;
  // Values come by tributary_row, which this connection's opening has.
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
