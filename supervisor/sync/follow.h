// Converts between worker.proto's messages about a log and the values in them.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_FOLLOW_H_
#define TRIBUTARY_SUPERVISOR_SYNC_FOLLOW_H_

#include <cstddef>

#include "common/snapshot.h"
#include "proto/worker.pb.h"
#include "supervisor/plan/scheduler.h"

namespace tributary {

LogPosition ToLogPosition(const LogPlace& place);
LogPlace ToLogPlace(const LogPosition& position);

// The message that tells a log worker the current state of a table.
FollowedTable ToFollow(const Scheduler& scheduler, std::size_t table);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_FOLLOW_H_
