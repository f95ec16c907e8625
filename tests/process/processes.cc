#include "tests/process/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/file_descriptor.h"

namespace tributary::tests {
namespace {

constexpr std::chrono::milliseconds kLook(5);

// A process may end while its files are read; then they end early.
std::string ReadAll(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(file.get(), buffer, sizeof(buffer))) > 0;) {
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

std::vector<std::string> NamesIn(const char* folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder), &closedir);
  if (entries == nullptr) return names;
  while (const dirent* entry = readdir(entries.get())) names.emplace_back(entry->d_name);
  return names;
}

struct Stat {
  char state = 'X';
  pid_t parent = 0;
  std::uint64_t started = 0;
};

// The name is in parentheses and may contain anything; the fields are after it.
Stat StatOf(pid_t pid) {
  const std::string text = ReadAll(absl::StrCat("/proc/", pid, "/stat"));
  const std::size_t name_end = text.rfind(')');
  Stat stat;
  if (name_end == std::string::npos) return stat;
  const std::vector<std::string> fields =
      absl::StrSplit(text.substr(name_end + 1), ' ', absl::SkipWhitespace());
  constexpr std::size_t kStartField = 19;
  if (fields.size() <= kStartField) return stat;
  stat.state = fields[0][0];
  (void)absl::SimpleAtoi(fields[1], &stat.parent);
  (void)absl::SimpleAtoi(fields[kStartField], &stat.started);
  return stat;
}

bool Dead(const Stat& stat) { return stat.state == 'X' || stat.state == 'Z'; }

}  // namespace

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<std::pair<std::uint64_t, pid_t>> children;
  for (const std::string& name : NamesIn("/proc")) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid)) continue;
    const Stat stat = StatOf(pid);
    if (stat.parent == parent && !Dead(stat)) children.emplace_back(stat.started, pid);
  }
  std::sort(children.begin(), children.end());
  std::vector<pid_t> pids;
  for (const auto& [started, pid] : children) pids.push_back(pid);
  return pids;
}

std::size_t ZombiesOf(pid_t parent) {
  std::size_t zombies = 0;
  for (const std::string& name : NamesIn("/proc")) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(name, &pid)) continue;
    const Stat stat = StatOf(pid);
    zombies += stat.parent == parent && stat.state == 'Z' ? 1 : 0;
  }
  return zombies;
}

std::string TitleOf(pid_t pid) {
  std::string title = ReadAll(absl::StrCat("/proc/", pid, "/cmdline"));
  std::replace(title.begin(), title.end(), '\0', ' ');
  while (!title.empty() && title.back() == ' ') title.pop_back();
  return title;
}

bool Gone(pid_t pid) { return Dead(StatOf(pid)); }

std::chrono::milliseconds TimeUntilGone(const std::vector<pid_t>& pids,
                                        std::chrono::steady_clock::time_point since,
                                        std::chrono::milliseconds limit) {
  using std::chrono::milliseconds;
  const auto passed = [since] {
    return std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - since);
  };
  for (const pid_t pid : pids) {
    // Not valid: the process has ended. glibc 2.36 declares its own wrapper for C only.
    const FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    if (!process.valid()) continue;
    pollfd end{process.get(), POLLIN, 0};
    int ended = -1;
    while (ended < 0) {
      const milliseconds left = std::max(limit - passed(), milliseconds(0));
      ended = poll(&end, 1, static_cast<int>(left.count()));
    }
    if (ended == 0) syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
  }
  return passed();
}

Memory MemoryOf(pid_t pid) {
  std::istringstream status(ReadAll(absl::StrCat("/proc/", pid, "/status")));
  Memory memory;
  std::string name;
  std::uint64_t kib = 0;
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    if (!(fields >> name >> kib)) continue;
    if (name == "RssAnon:") memory.anonymous = kib * 1024;
    if (name == "RssShmem:") memory.shared = kib * 1024;
    if (name == "RssFile:") memory.files = kib * 1024;
  }
  return memory;
}

bool Eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

std::vector<std::string> SharedMemoryNames() {
  std::vector<std::string> names = NamesIn("/dev/shm");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tributary::tests
