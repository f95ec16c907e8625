// What an engine needs to have its log of changes followed.
#ifndef TRIBUTARY_WORKER_SOURCES_CHANGE_LOG_H_
#define TRIBUTARY_WORKER_SOURCES_CHANGE_LOG_H_

#include <optional>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/encoder/log_writer.h"

namespace tributary {

// Orders that come while the log is followed.
class FollowOrders {
 public:
  virtual ~FollowOrders() = default;
  // The next one; nothing: none has come. UNAVAILABLE: the supervisor is gone.
  virtual absl::StatusOr<std::optional<FollowOrder>> Next() = 0;
  // Becomes readable (poll's POLLIN) when one comes.
  virtual int descriptor() const = 0;
};

// Errors as in source.h. The main thread's.
class ChangeLog {
 public:
  virtual ~ChangeLog() = default;
  // Follows the log until it is ordered to finish and has come to the place that was the
  // log's end by then. What is written, and in which order, is worker.proto's (LogReport).
  // Outcome: DONE; PAUSED where the writer asks for it; EARLY; all else is a Status.
  virtual absl::StatusOr<AssignmentEnd> Follow(const FollowAssignment& assignment,
                                               LogWriter& writer, FollowOrders& orders) = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SOURCES_CHANGE_LOG_H_
