// A disk that hangs for one thread of a process: the thread stands still in front of its
// next write to a file of a folder, and the other threads go on, as with a volume whose
// server has gone.
#ifndef TRIBUTARY_TESTS_PROCESS_HANGING_DISK_H_
#define TRIBUTARY_TESTS_PROCESS_HANGING_DISK_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tributary::tests {

// Of the thread that has made it. Where the process is killed meanwhile, this has to go
// before the process can be waited for.
class HangingDisk {
 public:
  // Waits for the write. NOT_FOUND: the process has no thread of that name.
  // PERMISSION_DENIED: the system does not let threads be traced. DEADLINE_EXCEEDED: the
  // thread did not write. ABORTED: it ended.
  static absl::StatusOr<std::unique_ptr<HangingDisk>> Make(pid_t process, const std::string& thread,
                                                           const std::string& folder);
  HangingDisk(const HangingDisk&) = delete;
  HangingDisk& operator=(const HangingDisk&) = delete;
  // The write is made.
  ~HangingDisk();

 private:
  HangingDisk(pid_t process, pid_t thread) : process_(process), thread_(thread) {}
  // It is stopped where it enters a write to such a file.
  bool AtWriteTo(const std::string& folder) const;

  const pid_t process_;
  const pid_t thread_;
  bool ended_ = false;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_HANGING_DISK_H_
