// Writes changes of the log as records:
//
//   INSERT                UPSERT
//   UPDATE                UPSERT. If the log left out values that were not changed (TOAST): they
//                         come from the old row, if the log has it whole; for a live table an
//                         UPDATE without them; otherwise the row is read again
//   UPDATE of the key     DELETE of the old key, UPSERT of the new one, with all values. If the key
//                         may be deferrable (the log has the whole old row): both keys are read
//                         again, since rows may have exchanged them
//   DELETE                DELETE
//   TRUNCATE              TRUNCATE
//
// A row that is read again is as it is now; later changes in the log come later. If it no longer
// exists, nothing is sent: its DELETE will come.
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

  // An INSERT, UPDATE or DELETE. NOT_FOUND, DATA_LOSS: the change cannot be written, and the
  // table must be copied again. UNAVAILABLE: the server.
  absl::Status Write(LoggedRelation& relation, const PgoutputMessage& change);
  void Truncate(const LogTable& table) { writer_.rows().Truncate(*table.shape); }

  // Puts remarks about values since the last call into the ring. Called before a position, and
  // before a relation is destroyed.
  void TellRemarks();

 private:
  using Key = std::vector<TupleColumn>;

  absl::Status Update(LoggedRelation& relation, const PgoutputMessage& change);
  // A row as in `change`; for a value that the new row leaves out as unchanged, the old row may
  // have it.
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
  // Relations whose rows were written since the last remarks.
  std::set<LoggedRelation*> touched_;
  std::map<std::uint32_t, std::uint64_t> left_out_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CHANGE_WRITER_H_
