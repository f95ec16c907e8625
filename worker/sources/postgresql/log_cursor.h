// How far the log has come, message by message, and what of it was there before: a sync
// may have ended inside of a transaction, which the server then sends again from its
// beginning.
//
// What holds of pgoutput's places (tried on a server with savepoints, COPY and different
// memory bounds: the changes of a transaction and their places are the same each time it
// is sent):
//   - a transaction is named by its final LSN, which Begin has: that of its commit record.
//     The log goes on after it at Commit's end LSN, which is where a stream may start
//   - XLogData's start is the place of the change. It never falls within a transaction,
//     but neighbours may share it (COPY writes many rows in one record), so a change is
//     named by final LSN, place and its ordinal among the transaction's changes
//   - Relation and Type depend on what the connection has sent before, so they have no
//     ordinal, and count even where the changes around them are passed over
//   - a keepalive between transactions says that nothing is to come before its end
//   - START_REPLICATION takes the end of the last whole transaction. A transaction is sent
//     where its end is after that, however early it began
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_CURSOR_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_CURSOR_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/snapshot.h"
#include "worker/sources/postgresql/pgoutput.h"

namespace tributary::postgresql {

class LogCursor {
 public:
  // Goes on after `from`; the stream starts at from.commit.
  explicit LogCursor(const LogPosition& from) : place_(from), covered_(from) {}

  // The next message; `start`: of the XLogData that it came in. Gives whether it is new:
  // false for what is covered by the place that the cursor began at. DATA_LOSS where
  // messages come in an order that they cannot have.
  absl::StatusOr<bool> Take(const PgoutputMessage& message, Lsn start);
  // A keepalive's end.
  void TakeKeepalive(Lsn end);

  // After the message that was taken last.
  const LogPosition& place() const { return place_; }
  bool in_transaction() const { return final_ != 0; }

 private:
  absl::Status Begin(const PgoutputMessage& message);
  absl::Status Commit(const PgoutputMessage& message);

  LogPosition place_;
  const LogPosition covered_;
  // Of the transaction that is open.
  Lsn final_ = 0;
  Lsn change_ = 0;
  std::uint64_t ordinal_ = 0;
};

// A transaction number with its epoch. Begin has the lower 32 bits; `near` is any number
// less than two billion transactions away, the xmax of a snapshot for one.
std::uint64_t WholeTransaction(std::uint32_t transaction, std::uint64_t near);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_CURSOR_H_
