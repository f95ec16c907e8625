#include "tests/process/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

constexpr std::chrono::milliseconds kLook(5);
// How much of stderr is kept.
constexpr std::size_t kMaxErrorBytes = 1 << 20;
// How long the rest of the output is awaited after the process's end, since its children may hold
// the pipe.
constexpr std::chrono::seconds kOutputGrace{2};
constexpr int kCannotStart = 127;

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string entry = *one;
    if (!added.contains(entry.substr(0, entry.find('=')))) environment.push_back(entry);
  }
  for (const auto& [name, value] : added) environment.push_back(absl::StrCat(name, "=", value));
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& one : strings) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Runs in the child: only functions that may be called after a fork.
[[noreturn]] void Become(const ChildOptions& options, int out, int err, int network, pid_t parent,
                         char* const* arguments, char* const* environment) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotStart);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (network >= 0 && setns(network, CLONE_NEWNET) != 0) _exit(kCannotStart);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  for (const auto& [resource, value] : options.limits) {
    const rlimit limit{value, value};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) _exit(kCannotStart);
  }
  execve(options.program.c_str(), arguments, environment);
  _exit(kCannotStart);
}

}  // namespace

std::string Ending::ToString() const {
  if (signal.has_value()) return absl::StrCat("killed by signal ", *signal);
  return absl::StrCat("exited with ", exit_code.value_or(-1));
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const ChildOptions& options) {
  if (access(options.program.c_str(), X_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("start ", options.program));
  }
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "make a pipe");
  FileDescriptor out_read(out[0]), out_write(out[1]);
  if (pipe2(err, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "make a pipe");
  FileDescriptor err_read(err[0]), err_write(err[1]);
  FileDescriptor network(
      options.network.empty() ? -1 : open(options.network.c_str(), O_RDONLY | O_CLOEXEC));
  if (!options.network.empty() && !network.valid()) {
    return absl::ErrnoToStatus(errno, absl::StrCat("enter ", options.network));
  }
  FileDescriptor stop(eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return absl::ErrnoToStatus(errno, "make an eventfd");

  std::vector<std::string> arguments = options.arguments;
  arguments.insert(arguments.begin(), options.program);
  std::vector<std::string> environment = Environment(options.environment);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat("start ", options.program));
  if (pid == 0) {
    Become(options, out_write.get(), err_write.get(), network.get(), parent,
           argument_pointers.data(), environment_pointers.data());
  }
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(pid, std::move(out_read), std::move(err_read), std::move(stop)));
}

ChildProcess::ChildProcess(pid_t pid, FileDescriptor out, FileDescriptor err, FileDescriptor stop)
    : pid_(pid),
      out_(std::move(out)),
      err_(std::move(err)),
      stop_(std::move(stop)),
      reader_([this] { ReadOutput(); }) {}

ChildProcess::~ChildProcess() {
  if (!ending_.has_value()) {
    kill(pid_, SIGKILL);
    Wait();
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto put = write(stop_.get(), &one, sizeof(one));
  reader_.join();
}

bool ChildProcess::Ended() {
  if (ending_.has_value()) return true;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  ending_.emplace();
  if (WIFSIGNALED(status)) {
    ending_->signal = WTERMSIG(status);
  } else {
    ending_->exit_code = WEXITSTATUS(status);
  }
  return true;
}

bool ChildProcess::running() { return !Ended(); }

bool ChildProcess::Signal(int signal) { return !Ended() && kill(pid_, signal) == 0; }

std::optional<Ending> ChildProcess::Wait(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!Ended()) {
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(kLook);
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kOutputGrace, [this] { return output_ended_; });
  return ending_;
}

std::vector<std::string> ChildProcess::Lines(std::size_t from) const {
  const std::lock_guard lock(mutex_);
  if (from >= lines_.size()) return {};
  return {lines_.begin() + static_cast<std::ptrdiff_t>(from), lines_.end()};
}

std::string ChildProcess::Errors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}

std::optional<std::pair<std::size_t, std::string>> ChildProcess::WaitForLine(
    const std::function<bool(const std::string&)>& wanted, std::size_t from,
    std::chrono::milliseconds limit) const {
  const auto until = std::chrono::steady_clock::now() + limit;
  std::unique_lock lock(mutex_);
  for (;;) {
    for (; from < lines_.size(); ++from) {
      if (wanted(lines_[from])) return std::pair(from, lines_[from]);
    }
    if (output_ended_) return std::nullopt;
    if (changed_.wait_until(lock, until) == std::cv_status::timeout && from == lines_.size()) {
      return std::nullopt;
    }
  }
}

void ChildProcess::Take(const char* bytes, std::size_t count, bool is_error) {
  const std::lock_guard lock(mutex_);
  if (is_error) {
    errors_.append(bytes,
                   std::min(count, kMaxErrorBytes - std::min(kMaxErrorBytes, errors_.size())));
    return;
  }
  partial_line_.append(bytes, count);
  std::size_t begin = 0;
  for (std::size_t end; (end = partial_line_.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    lines_.push_back(partial_line_.substr(begin, end - begin));
  }
  partial_line_.erase(0, begin);
  changed_.notify_all();
}

void ChildProcess::ReadOutput() {
  std::array<char, 65536> buffer;
  std::array<pollfd, 3> fds = {pollfd{out_.get(), POLLIN, 0}, pollfd{err_.get(), POLLIN, 0},
                               pollfd{stop_.get(), POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    for (int i = 0; i < 2; ++i) {
      pollfd& one = fds[static_cast<std::size_t>(i)];
      if (one.fd < 0 || one.revents == 0) continue;
      const ssize_t count = read(one.fd, buffer.data(), buffer.size());
      if (count > 0) Take(buffer.data(), static_cast<std::size_t>(count), i == 1);
      if (count == 0 || (count < 0 && errno != EINTR)) one.fd = -1;
    }
    if ((fds[2].revents & POLLIN) != 0) break;
  }
  const std::lock_guard lock(mutex_);
  if (!partial_line_.empty()) lines_.push_back(std::move(partial_line_));
  output_ended_ = true;
  changed_.notify_all();
}

}  // namespace tributary::tests
