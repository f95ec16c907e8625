// Whether a crash of the server can still undo what a slice sees. With synchronous_commit = off a
// transaction is seen before it is on the disk (PostgreSQL, "Asynchronous Commit"), and the log
// would never tell that it is gone.
//
// Other sessions' commits take the log to the disk within a few milliseconds. If none does, nothing
// may do so for up to three times wal_writer_delay, which is at most 10 s. So the server is asked
// to flush first, and the slice's transaction begins directly after that. If commits come faster
// than this, that is no help, and after a few times one long wait is.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_FLUSH_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_FLUSH_H_

#include <string>

#include "absl/status/statusor.h"
#include "worker/pulse.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/slice_view.h"

namespace tributary::postgresql {

class LogFlush {
 public:
  // Both outlive it.
  LogFlush(Session& session, Pulse& pulse) : session_(session), pulse_(pulse) {}

  // Called before a slice's transaction, and never within one: has the server flush its log, by a
  // message of ours, if a slice has waited in vain.
  void AskFirst();
  // Called in the view's transaction: waits until all that it sees is on the disk. `tries`: how
  // often the same slice has waited in vain. False: it takes too long; begin another transaction.
  // Errors as Session::Query's.
  absl::StatusOr<bool> Await(const SliceView& view, int tries);

 private:
  Session& session_;
  Pulse& pulse_;
  // SliceView.snapshot_text of the last one of which all is on the disk.
  std::string flushed_snapshot_;
  bool asks_first_ = false;
  bool may_ask_ = true;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_FLUSH_H_
