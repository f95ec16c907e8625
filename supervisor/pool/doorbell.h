// Wakes the thread of a sync: workers ring it for frames, the writer and the
// stager for progress. It can be polled and given to workers; a worker cannot make the others or
// the supervisor wait at it (common/ring/bell.h).
#ifndef TRIBUTARY_SUPERVISOR_POOL_DOORBELL_H_
#define TRIBUTARY_SUPERVISOR_POOL_DOORBELL_H_

#include <poll.h>

#include <chrono>
#include <utility>

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"
#include "common/ring/bell.h"

namespace tributary {

class Doorbell {
 public:
  static absl::StatusOr<Doorbell> Make() {
    auto bell = MakeBell();
    if (!bell.ok()) return bell.status();
    return Doorbell(*std::move(bell));
  }

  // Any thread.
  void Ring() const { RingBell(fd_.get()); }
  void Clear() const { ClearBell(fd_.get()); }
  // Waits until it is rung, or `timeout` has passed.
  void Wait(std::chrono::milliseconds timeout) const {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(timeout.count())) > 0) Clear();
  }
  int fd() const { return fd_.get(); }

 private:
  explicit Doorbell(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_DOORBELL_H_
