// Changes of the log as records. What comes out for a change:
//
//   INSERT                UPSERT
//   UPDATE                UPSERT. Where the log left out values that were not changed (TOAST):
//                         from the old row, if the log tells it all; of a live table an UPDATE
//                         without them; otherwise the row is read again
//   UPDATE of the key     DELETE of the old key, UPSERT of the new one, with all values
//   DELETE                DELETE
//   TRUNCATE              TRUNCATE
//
// A row that is read again is as it is now; what the log says of it later comes later. One
// that is gone by now gives nothing: its DELETE comes.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CHANGE_WRITER_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CHANGE_WRITER_H_

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "worker/encoder/log_writer.h"
#include "worker/sources/postgresql/logged_relation.h"
#include "worker/sources/postgresql/pgoutput.h"
#include "worker/sources/postgresql/row_again.h"

namespace tributary::postgresql {

class ChangeWriter {
 public:
  ChangeWriter(LogWriter& writer, RowAgain& row_again) : writer_(writer), row_again_(row_again) {}

  // An INSERT, UPDATE or DELETE. NOT_FOUND, DATA_LOSS: the change cannot be told, and the
  // table has to be copied again. UNAVAILABLE: the server.
  absl::Status Write(LoggedRelation& relation, const PgoutputMessage& change);
  void Truncate(const LogTable& table) { writer_.rows().Truncate(*table.shape); }

  // Puts what became of values since the last call into the ring. Before a position, and before
  // a relation goes.
  void TellRemarks();

 private:
  using Key = std::vector<TupleColumn>;

  absl::Status Update(LoggedRelation& relation, const PgoutputMessage& change);
  // A row as `change` has it; where `row` has a value unchanged, `old` may have it.
  absl::Status Upsert(LoggedRelation& relation, const PgoutputMessage& change, const Key& key,
                      bool may_lack);
  absl::Status ReadAgain(LoggedRelation& relation, const Key& key, bool delete_if_gone);
  absl::Status Delete(LoggedRelation& relation, const Key& key);
  // The key of the new row, or of the old.
  static Key NewKey(const LoggedRelation& relation, const PgoutputMessage& change);
  static Key OldKey(const LoggedRelation& relation, const PgoutputMessage& change);
  static const TupleColumn& ValueOf(const PgoutputMessage& change, int place);
  // Drops the open row.
  absl::Status Drop(LoggedRelation& relation, RowWriter::Result why);
  void EndRow(LoggedRelation& relation);
  void LeaveOut(LoggedRelation& relation) { ++left_out_[relation.table().told.table()]; }

  LogWriter& writer_;
  RowAgain& row_again_;
  // Relations that rows were written of since the last remarks.
  std::set<LoggedRelation*> touched_;
  std::map<std::uint32_t, std::uint64_t> left_out_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CHANGE_WRITER_H_
