#include "tests/bench/process_watch.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/process/processes.h"

namespace tributary::bench {
namespace {

constexpr std::chrono::milliseconds kLook(20);
// There are many threads and their clocks only increase, so they are read less often.
constexpr int kLooksBetweenThreads = 3;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

ProcessCpu CpuOf(pid_t pid) {
  const std::string text = ReadAll(absl::StrCat("/proc/", pid, "/stat"));
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  const std::vector<std::string> fields =
      absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipWhitespace());
  // The indexes of utime, stime, cutime and cstime, counted from the field after the name.
  constexpr std::size_t kFirst = 11;
  double ticks[4] = {};
  for (std::size_t i = 0; i < 4 && kFirst + i < fields.size(); ++i) {
    (void)absl::SimpleAtod(fields[kFirst + i], &ticks[i]);
  }
  const auto second = static_cast<double>(sysconf(_SC_CLK_TCK));
  return {(ticks[0] + ticks[1]) / second, (ticks[2] + ticks[3]) / second};
}

std::uint64_t DiskBytesWrittenBy(pid_t pid) {
  std::istringstream io(ReadAll(absl::StrCat("/proc/", pid, "/io")));
  std::string name;
  std::uint64_t bytes = 0;
  while (io >> name >> bytes) {
    if (name == "write_bytes:") return bytes;
  }
  return 0;
}

double CpuSecondsOfEndedChildren() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

ProcessWatch::ProcessWatch(pid_t supervisor) : supervisor_(supervisor) {
  LookAtThreads(/*from_zero=*/false);
  looking_ = std::thread([this] { Run(); });
}

void ProcessWatch::Stop() {
  if (!looking_.joinable()) return;
  stopping_.store(true, std::memory_order_relaxed);
  looking_.join();
}

void ProcessWatch::Run() {
  for (int look = 0; !stopping_.load(std::memory_order_relaxed); ++look) {
    if (look % kLooksBetweenThreads == 0) LookAtThreads(/*from_zero=*/true);
    LookAtMemory();
    std::this_thread::sleep_for(kLook);
  }
  LookAtThreads(/*from_zero=*/true);
}

// A thread that is new since the last look has used all of its time since then.
void ProcessWatch::LookAtThreads(bool from_zero) {
  children_.clear();
  std::error_code gone;
  const std::string tasks = absl::StrCat("/proc/", supervisor_, "/task");
  for (const auto& entry : std::filesystem::directory_iterator(tasks, gone)) {
    pid_t tid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &tid)) continue;
    std::uint64_t ns = 0;
    std::istringstream(ReadAll(entry.path() / "schedstat")) >> ns;
    Thread& thread = threads_[tid];
    if (thread.name.empty()) thread.first_ns = from_zero ? 0 : ns;
    std::string name = ReadAll(entry.path() / "comm");
    if (!name.empty()) thread.name = name.substr(0, name.size() - 1);
    thread.last_ns = std::max(thread.last_ns, ns);
    std::istringstream children(ReadAll(entry.path() / "children"));
    for (pid_t child = 0; children >> child;) children_.push_back(child);
  }
}

void ProcessWatch::LookAtMemory() {
  const auto private_bytes = [](pid_t pid) {
    const tests::Memory memory = tests::MemoryOf(pid);
    return memory.anonymous + memory.files;
  };
  supervisor_peak_ = std::max(supervisor_peak_, private_bytes(supervisor_));
  for (const pid_t child : children_) worker_peak_ = std::max(worker_peak_, private_bytes(child));
}

std::map<std::string, double> ProcessWatch::ThreadSeconds() const {
  std::map<std::string, double> seconds;
  for (const auto& [tid, thread] : threads_) {
    seconds[thread.name] += static_cast<double>(thread.last_ns - thread.first_ns) / 1e9;
  }
  return seconds;
}

}  // namespace tributary::bench
