// A disk that hangs for one thread of a process: the thread is stopped before its next write to a
// file of a folder, and the other threads go on. This is what happens with a network volume whose
// server has failed.
#ifndef TRIBUTARY_TESTS_PROCESS_HANGING_DISK_H_
#define TRIBUTARY_TESTS_PROCESS_HANGING_DISK_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tributary::tests {

// For the thread that made it. If the process is killed meanwhile, this object must be destroyed
// before the process is waited for.
class HangingDisk {
 public:
  // Waits for the write. NOT_FOUND: the process has no thread with this name. PERMISSION_DENIED:
  // the system does not allow threads to be traced. DEADLINE_EXCEEDED: the thread did not write.
  // ABORTED: the thread ended.
  static absl::StatusOr<std::unique_ptr<HangingDisk>> Make(pid_t process, const std::string& thread,
                                                           const std::string& folder);
  HangingDisk(const HangingDisk&) = delete;
  HangingDisk& operator=(const HangingDisk&) = delete;
  // Lets the write happen.
  ~HangingDisk();

 private:
  HangingDisk(pid_t process, pid_t thread) : process_(process), thread_(thread) {}
  // Whether the thread is stopped at the beginning of a write to such a file.
  bool AtWriteTo(const std::string& folder) const;

  const pid_t process_;
  const pid_t thread_;
  bool ended_ = false;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_HANGING_DISK_H_
