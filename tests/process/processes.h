// What the kernel reports about other processes.
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

// Living children of `parent`, oldest first; children that have ended and are not reaped do not
// count.
std::vector<pid_t> ChildrenOf(pid_t parent);
// The number of children of `parent` that have ended and are not reaped.
std::size_t ZombiesOf(pid_t parent);
// The process's command line, or the title that it has written over it; empty: it has ended.
std::string TitleOf(pid_t pid);
// Whether it has ended, reaped or not. If another process has been given its pid since, it counts
// as living, so ask soon.
bool Gone(pid_t pid);

// The time from `since` until the last of them had ended, by the kernel's notification and
// monotonic clock. `limit` or more: one of them was still running then, and was killed.
std::chrono::milliseconds TimeUntilGone(const std::vector<pid_t>& pids,
                                        std::chrono::steady_clock::time_point since,
                                        std::chrono::milliseconds limit);

// In bytes; 0 if the process has ended.
struct Memory {
  std::uint64_t anonymous = 0;
  std::uint64_t shared = 0;
  std::uint64_t files = 0;

  std::uint64_t resident() const { return anonymous + shared + files; }
};
Memory MemoryOf(pid_t pid);

// Checks every few milliseconds until it holds; false: the limit has passed.
bool Eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit = kPatience);

// The names of the files in /dev/shm.
std::vector<std::string> SharedMemoryNames();

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_PROCESSES_H_
