// Wakes the thread of a sync: workers ring it for frames, the writer and the
// stager for progress. An eventfd, so that it can be polled and given to workers.
#ifndef TRIBUTARY_SUPERVISOR_POOL_DOORBELL_H_
#define TRIBUTARY_SUPERVISOR_POOL_DOORBELL_H_

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"

namespace tributary {

class Doorbell {
 public:
  static absl::StatusOr<Doorbell> Make() {
    Doorbell bell;
    bell.fd_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (bell.fd_.valid()) return bell;
    return absl::ResourceExhaustedError(std::string("make doorbell: ") + std::strerror(errno) +
                                        "; raise the open-files limit");
  }

  // Any thread.
  void Ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto put = ::write(fd_.get(), &one, sizeof(one));
  }
  void Clear() const {
    std::uint64_t rings;
    [[maybe_unused]] const auto got = ::read(fd_.get(), &rings, sizeof(rings));
  }
  // Until it is rung, or `timeout` has passed.
  void Wait(std::chrono::milliseconds timeout) const {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(timeout.count())) > 0) Clear();
  }
  int fd() const { return fd_.get(); }

 private:
  Doorbell() = default;
  FileDescriptor fd_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_DOORBELL_H_
