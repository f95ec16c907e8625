// What the kernel says of other processes.
#ifndef TRIBUTARY_TESTS_PROCESS_PROCESSES_H_
#define TRIBUTARY_TESTS_PROCESS_PROCESSES_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/process/child_process.h"

namespace tributary::tests {

// Living children of `parent`, by age; dead ones that are not reaped do not count.
std::vector<pid_t> ChildrenOf(pid_t parent);
// Dead children of `parent` that it has not reaped.
std::size_t ZombiesOf(pid_t parent);
// The process's command line or the title it has written over it; empty: gone.
std::string TitleOf(pid_t pid);
// It has ended, reaped or not. A pid that somebody else has got since counts as
// living, so ask soon.
bool Gone(pid_t pid);

// From `since` until the last of them had ended, by the kernel's own notice of it
// and its monotonic clock. `limit` or more: one of them lived until then, and is killed.
std::chrono::milliseconds TimeUntilGone(const std::vector<pid_t>& pids,
                                        std::chrono::steady_clock::time_point since,
                                        std::chrono::milliseconds limit);

// In bytes; 0 where the process is gone.
struct Memory {
  std::uint64_t anonymous = 0;
  std::uint64_t shared = 0;
  std::uint64_t files = 0;

  std::uint64_t resident() const { return anonymous + shared + files; }
};
Memory MemoryOf(pid_t pid);

// Looks every few milliseconds until `true`; false: the limit has passed.
bool Eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit = kPatience);

// Names under /dev/shm.
std::vector<std::string> SharedMemoryNames();

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_PROCESSES_H_
