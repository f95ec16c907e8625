// A program that a test starts, with what it prints.
//
// It is killed when its object is destroyed, and the kernel kills it when the thread that started
// it ends in any other way. Only that thread may call Start, Wait and send signals; any thread may
// read the output.
#ifndef TRIBUTARY_TESTS_PROCESS_CHILD_PROCESS_H_
#define TRIBUTARY_TESTS_PROCESS_CHILD_PROCESS_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"

namespace tributary::tests {

// Only prevents that a test hangs; when all works, no test waits that long.
inline constexpr std::chrono::seconds kPatience{120};

struct ChildOptions {
  std::string program = {};
  std::vector<std::string> arguments = {};
  // In addition to the test's own environment.
  std::map<std::string, std::string> environment = {};
  // A resource of setrlimit, and the value for its soft and hard limit.
  std::vector<std::pair<int, rlim_t>> limits = {};
  // The file of the network namespace in which it runs; empty: the test's own.
  std::string network = {};
};

// How a process ended: one of the two is set.
struct Ending {
  std::optional<int> exit_code;
  std::optional<int> signal;

  // "exited with 0", "killed by signal 9".
  std::string ToString() const;
};

class ChildProcess {
 public:
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const ChildOptions& options);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // True if it has not ended, or if its end was not yet waited for.
  bool running();
  // False: it has ended.
  bool Signal(int signal);
  // Nothing: it still runs after `limit`.
  std::optional<Ending> Wait(std::chrono::milliseconds limit = kPatience);

  // Lines of stdout from line `from` on, without their line feeds. After Wait all of them are
  // available.
  std::vector<std::string> Lines(std::size_t from = 0) const;
  std::string Errors() const;
  // The first line from `from` on for which `wanted` is true, and its number; waits for it until
  // the process has ended or the limit has passed.
  std::optional<std::pair<std::size_t, std::string>> WaitForLine(
      const std::function<bool(const std::string&)>& wanted, std::size_t from = 0,
      std::chrono::milliseconds limit = kPatience) const;

 private:
  ChildProcess(pid_t pid, FileDescriptor out, FileDescriptor err, FileDescriptor stop);
  void ReadOutput();
  void Take(const char* bytes, std::size_t count, bool is_error);
  // Reaps it if it has ended.
  bool Ended();

  pid_t pid_;
  std::optional<Ending> ending_;
  FileDescriptor out_;
  FileDescriptor err_;
  // Ends the reading even if another process holds the other end of a pipe.
  FileDescriptor stop_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::string partial_line_;
  std::string errors_;
  bool output_ended_ = false;
  std::thread reader_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_CHILD_PROCESS_H_
