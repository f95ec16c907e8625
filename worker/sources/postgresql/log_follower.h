// Follows the server's log: hands out its transactions, in the order of their commits, once
// they are visible; lets tables join it; and stops at a message of its own.
//
// The rules are the gate's (supervisor/plan/gate.h); here are those of the log's side:
//
//   - N, a snapshot of an ordinary connection, goes into the ring before the first transaction
//     that it sees and that the N before it did not. A transaction that stays invisible (a
//     synchronous standby is down) ends the sync in order, before it.
//   - A table joins when it is in the publication and the slot exists: W is the number of a
//     transaction that began after that, and its start snapshot is taken with it.
//   - What the server may release is what the saved state covers. It is said once, at the
//     start: a server that shuts down would wait for more.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_FOLLOWER_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_FOLLOWER_H_

#include <utility>

#include "absl/status/statusor.h"
#include "worker/pulse.h"
#include "worker/sources/change_log.h"
#include "worker/sources/postgresql/log_stream.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/setup.h"

namespace tributary::postgresql {

class LogFollower final : public ChangeLog {
 public:
  // `settings`, `login` and `pulse` outlive it.
  LogFollower(const Settings& settings, const PreparedLogin& login, Pulse& pulse,
              FollowOptions options)
      : settings_(settings), login_(login), pulse_(pulse), options_(std::move(options)) {}

  absl::StatusOr<AssignmentEnd> Follow(const FollowAssignment& assignment, LogWriter& writer,
                                       FollowOrders& orders) override;

 private:
  const Settings& settings_;
  const PreparedLogin& login_;
  Pulse& pulse_;
  const FollowOptions options_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_FOLLOWER_H_
