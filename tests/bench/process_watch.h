// What the processes of one sync cost, as the kernel counts it: looks at a process
// and its children every few milliseconds from a thread of its own.
#ifndef TRIBUTARY_TESTS_BENCH_PROCESS_WATCH_H_
#define TRIBUTARY_TESTS_BENCH_PROCESS_WATCH_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace tributary::bench {

// CPU seconds since the process began; children are those that ended and were
// waited for, with theirs.
struct ProcessCpu {
  double own = 0;
  double children = 0;
};
ProcessCpu CpuOf(pid_t pid);

// Bytes that the process has caused to be written to a disk; nothing is counted
// where the kernel does not let us look.
std::uint64_t DiskBytesWrittenBy(pid_t pid);

// Of this process's children that ended and were waited for.
double CpuSecondsOfEndedChildren();

class ProcessWatch {
 public:
  // Begins to look at `supervisor` and its children.
  explicit ProcessWatch(pid_t supervisor);
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ~ProcessWatch() { Stop(); }

  // A last look, then no more. What follows is for after it.
  void Stop();

  // The most that was seen resident at a time of anonymous memory and of files,
  // rings and other shared memory left out.
  std::uint64_t supervisor_peak_bytes() const { return supervisor_peak_; }
  // Of the largest of its children.
  std::uint64_t worker_peak_bytes() const { return worker_peak_; }
  // CPU seconds of the supervisor's threads while we looked, summed up by name.
  std::map<std::string, double> ThreadSeconds() const;

 private:
  struct Thread {
    std::string name;
    std::uint64_t first_ns = 0;
    std::uint64_t last_ns = 0;
  };

  void Run();
  void LookAtThreads(bool from_zero);
  void LookAtMemory();

  pid_t supervisor_;
  std::atomic<bool> stopping_{false};
  std::map<pid_t, Thread> threads_;
  std::vector<pid_t> children_;
  std::uint64_t supervisor_peak_ = 0;
  std::uint64_t worker_peak_ = 0;
  std::thread looking_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_PROCESS_WATCH_H_
