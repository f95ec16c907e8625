#include "tests/process/hanging_disk.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/process/child_process.h"

namespace tributary::tests {
namespace {

constexpr std::chrono::milliseconds kLook(1);
// With PTRACE_O_TRACESYSGOOD.
constexpr int kSyscallStop = SIGTRAP | 0x80;

// 0: there is none.
pid_t ThreadNamed(pid_t process, const std::string& name) {
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", process, "/task"), ignored)) {
    std::ifstream file(entry.path() / "comm");
    std::string its_name;
    pid_t thread = 0;
    if (std::getline(file, its_name) && its_name == name &&
        absl::SimpleAtoi(entry.path().filename().string(), &thread)) {
      return thread;
    }
  }
  return 0;
}

bool Writes(std::uint64_t syscall) {
  return syscall == SYS_write || syscall == SYS_pwrite64 || syscall == SYS_writev;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HangingDisk>> HangingDisk::Make(pid_t process,
                                                               const std::string& thread,
                                                               const std::string& folder) {
  const pid_t found = ThreadNamed(process, thread);
  if (found == 0) return absl::NotFoundError(absl::StrCat("no thread is called ", thread));
  if (ptrace(PTRACE_SEIZE, found, 0, PTRACE_O_TRACESYSGOOD) != 0) {
    return absl::PermissionDeniedError(absl::StrCat("trace a thread: ", strerror(errno)));
  }
  std::unique_ptr<HangingDisk> disk(new HangingDisk(process, found));
  ptrace(PTRACE_INTERRUPT, found, 0, 0);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    int status = 0;
    const pid_t changed = waitpid(found, &status, __WALL | WNOHANG);
    disk->ended_ = changed < 0 || (changed == found && !WIFSTOPPED(status));
    if (disk->ended_) return absl::AbortedError(absl::StrCat(thread, " ended"));
    if (changed == found) {
      const int stop = WSTOPSIG(status);
      const bool event = status >> 16 != 0;
      if (stop == kSyscallStop && disk->AtWriteTo(folder)) return disk;
      // A stop for a signal: the signal is passed on to the thread.
      const int signal = event || stop == kSyscallStop ? 0 : stop;
      ptrace(PTRACE_SYSCALL, found, 0, signal);
      continue;
    }
    if (std::chrono::steady_clock::now() > until) break;
    std::this_thread::sleep_for(kLook);
  }
  // Only a stopped thread can be detached.
  ptrace(PTRACE_INTERRUPT, found, 0, 0);
  waitpid(found, nullptr, __WALL);
  return absl::DeadlineExceededError(absl::StrCat(thread, " wrote nothing to ", folder));
}

HangingDisk::~HangingDisk() {
  if (ended_ || ptrace(PTRACE_DETACH, thread_, 0, 0) == 0) return;
  // It was killed; this call must not take the status of the process, for which another thread
  // waits.
  waitpid(thread_, nullptr, __WALL);
}

bool HangingDisk::AtWriteTo(const std::string& folder) const {
  __ptrace_syscall_info info{};
  if (ptrace(PTRACE_GET_SYSCALL_INFO, thread_, sizeof(info), &info) <= 0 ||
      info.op != PTRACE_SYSCALL_INFO_ENTRY || !Writes(info.entry.nr)) {
    return false;
  }
  std::error_code error;
  const auto file = std::filesystem::read_symlink(
      absl::StrCat("/proc/", process_, "/fd/", info.entry.args[0]), error);
  return !error && absl::StartsWith(file.string(), folder + "/");
}

}  // namespace tributary::tests
