// What has to be on the disk before messages leave, though it is no part of the stream: the
// outbox holds back what was put after something that is not there yet.
#ifndef TRIBUTARY_SUPERVISOR_DELIVERY_JOURNAL_H_
#define TRIBUTARY_SUPERVISOR_DELIVERY_JOURNAL_H_

#include <cstdint>

#include "absl/status/status.h"

namespace tributary {

class Journal {
 public:
  virtual ~Journal() = default;

  // The number of the last thing that was given to it. Used by the sync's thread.
  virtual std::uint64_t given() const = 0;
  // All up to this number is on the disk and synced. Any thread.
  virtual std::uint64_t synced() const = 0;
  // Why synced() moves no more; OK while it may. Any thread.
  virtual absl::Status failure() const = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_JOURNAL_H_
