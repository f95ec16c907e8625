// The interface for following an engine's log of changes.
#ifndef TRIBUTARY_WORKER_SOURCES_CHANGE_LOG_H_
#define TRIBUTARY_WORKER_SOURCES_CHANGE_LOG_H_

#include <optional>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/encoder/log_writer.h"

namespace tributary {

// Orders that arrive while the log is followed.
class FollowOrders {
 public:
  virtual ~FollowOrders() = default;
  // The next order; empty: none has arrived. UNAVAILABLE: the supervisor is gone.
  virtual absl::StatusOr<std::optional<FollowOrder>> Next() = 0;
  // Becomes readable (poll's POLLIN) when one comes.
  virtual int descriptor() const = 0;
};

// Errors as in source.h. Main thread only.
class ChangeLog {
 public:
  virtual ~ChangeLog() = default;
  // Follows the log until it is ordered to finish and has reached the log's end at that time.
  // worker.proto (LogReport) says what is written and in which order. Outcome: DONE; PAUSED if the
  // writer asks for it; EARLY; everything else is a Status.
  virtual absl::StatusOr<AssignmentEnd> Follow(const FollowAssignment& assignment,
                                               LogWriter& writer, FollowOrders& orders) = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_CHANGE_LOG_H_
