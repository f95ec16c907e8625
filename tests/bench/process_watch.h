// The cost of the processes of one sync according to the kernel: a thread looks at a process and
// its children every few milliseconds.
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

// CPU seconds since the process began; children are those that ended and were waited for, including
// their children.
struct ProcessCpu {
  double own = 0;
  double children = 0;
};
ProcessCpu CpuOf(pid_t pid);

// Bytes that the process has caused to be written to a disk; 0 if the kernel does not allow reading
// this.
std::uint64_t DiskBytesWrittenBy(pid_t pid);

// The children of this process that ended and were waited for.
double CpuSecondsOfEndedChildren();

class ProcessWatch {
 public:
  // Starts to look at `supervisor` and its children.
  explicit ProcessWatch(pid_t supervisor);
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ~ProcessWatch() { Stop(); }

  // Looks once more and stops. The functions below are to be called after it.
  void Stop();

  // The largest resident size of anonymous memory and files; rings and other shared memory are not
  // included.
  std::uint64_t supervisor_peak_bytes() const { return supervisor_peak_; }
  // That of the largest child.
  std::uint64_t worker_peak_bytes() const { return worker_peak_; }
  // CPU seconds of the supervisor's threads while this object was looking, summed up by name.
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
