#include "worker/sandbox/every_thread.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "worker/sandbox/sanitizers.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kLookAgain(1);

// What the handler sees; it has no other way to be given anything.
std::atomic<int (*)(int)> the_call = nullptr;
std::atomic<int> the_argument = 0;
std::atomic<int> the_error = 0;
std::atomic<std::size_t> answers = 0;
std::array<std::atomic<pid_t>, limits::kMaxSandboxedThreads> answered;

void Answer(int) {
  const int kept_errno = errno;
  const int error = the_call.load()(the_argument.load());
  if (error != 0) the_error = error;
  const std::size_t place = answers.fetch_add(1);
  if (place < answered.size()) answered[place] = ::gettid();
  errno = kept_errno;
}

bool HasAnswered(pid_t thread) {
  const std::size_t count = std::min(answers.load(), answered.size());
  return std::any_of(answered.begin(), answered.begin() + static_cast<std::ptrdiff_t>(count),
                     [thread](const auto& other) { return other.load() == thread; });
}

absl::StatusOr<std::vector<pid_t>> OtherThreads() {
  DIR* tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "enter sandbox: cannot list threads: ", std::strerror(errno), "; /proc must be mounted"));
  }
  std::vector<pid_t> threads;
  while (const dirent* entry = ::readdir(tasks)) {
    pid_t thread = 0;
    if (absl::SimpleAtoi(entry->d_name, &thread) && thread != ::gettid()) threads.push_back(thread);
  }
  ::closedir(tasks);
  return threads;
}

bool Blocks(pid_t thread, int number) {
  std::ifstream status(absl::StrCat("/proc/self/task/", thread, "/status"));
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kMask = "SigBlk:\t";
    if (!line.starts_with(kMask)) continue;
    const std::uint64_t blocked = std::stoull(line.substr(kMask.size()), nullptr, 16);
    return (blocked >> (number - 1) & 1U) != 0;
  }
  return false;
}

// Returns when a list of threads was seen that have all answered.
absl::Status AskAll(int number) {
  const auto deadline = std::chrono::steady_clock::now() + limits::kSandboxThreadsTimeout;
  std::set<pid_t> asked;
  for (;;) {
    const auto threads = OtherThreads();
    if (!threads.ok()) return threads.status();
    bool all = true;
    for (const pid_t thread : *threads) {
      if (HasAnswered(thread)) continue;
      if (kThreadSanitized && Blocks(thread, number)) continue;
      all = false;
      // A thread that has ended meanwhile is not in the next list.
      if (asked.insert(thread).second) ::tgkill(::getpid(), thread, number);
    }
    if (the_error != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("enter sandbox: a thread was refused: ", std::strerror(the_error.load())));
    }
    if (all) return absl::OkStatus();
    if (asked.size() > answered.size()) {
      return absl::ResourceExhaustedError(
          "enter sandbox: too many threads; enter it before they are made");
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return absl::DeadlineExceededError(
          "enter sandbox: a thread does not answer; enter it before threads are made that block "
          "signals");
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace

absl::Status OnEveryOtherThread(int (*call)(int), int argument) {
  the_call = call;
  the_argument = argument;
  the_error = 0;
  answers = 0;

  const int number = SIGRTMAX - 1;
  struct sigaction before = {};
  struct sigaction ours = {};
  ours.sa_handler = Answer;
  ours.sa_flags = SA_RESTART;
  ::sigfillset(&ours.sa_mask);
  if (::sigaction(number, &ours, &before) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("enter sandbox: cannot reach threads: ", std::strerror(errno)));
  }
  const absl::Status asked = AskAll(number);
  // After a failure a late answer may still come, and its default action would
  // end the process without a word.
  if (asked.ok()) ::sigaction(number, &before, nullptr);
  return asked;
}

}  // namespace tributary
