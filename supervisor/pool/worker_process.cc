#include "supervisor/pool/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

// Boost has its vfork launcher only if this macro says that the system has vfork.
#define BOOST_POSIX_HAS_VFORK 1
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/env.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/posix.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/limits.h"
#include "common/ring/bell.h"
#include "common/worker_start.h"

namespace tributary {
namespace {

namespace bp = boost::process;

// Descriptors are first copied above those that the worker is given, so that
// putting one in its place never closes another.
constexpr int kCopiesFrom = 100;
// What the worker may write its title over.
constexpr std::size_t kTitleBytes = 200;

absl::StatusOr<FileDescriptor> CopyForChild(int fd) {
  FileDescriptor copy(::fcntl(fd, F_DUPFD_CLOEXEC, kCopiesFrom));
  if (copy.valid()) return copy;
  return absl::ResourceExhaustedError(absl::StrCat(
      "start worker: no descriptor: ", std::strerror(errno), "; raise the open-files limit"));
}

// A worker needs no environment variables except those of the sanitizers.
bp::environment WorkerEnvironment() {
  bp::environment environment;
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  return environment;
}

// Boost asks once whether a child that could not be exec'd has ended, which may be too
// early, and then forgets it.
constexpr auto ReapUnstarted = [](auto& executor, const std::error_code&) {
  while (executor.pid > 0 && ::waitpid(executor.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(int data_ready,
                                                                    const Opening& opening,
                                                                    Metrics& metrics) {
  auto memory = RingMemory::Create(limits::kRingBytes);
  if (!memory.ok()) return memory.status();
  auto sockets = ControlChannel::MakePair();
  if (!sockets.ok()) return sockets.status();
  auto space_free = MakeBell();
  if (!space_free.ok()) return space_free.status();
  auto ring = std::make_shared<RingConsumer>(*std::move(memory), *std::move(space_free));
  // The worker's own descriptors, so that its changes to them affect no other process.
  const auto rings = OpenBellFor(data_ready, O_WRONLY);
  if (!rings.ok()) return rings.status();
  const auto sleeps = OpenBellFor(ring->space_free_fd(), O_RDONLY);
  if (!sleeps.ok()) return sleeps.status();

  std::vector<FileDescriptor> copies;
  for (const int fd : {sockets->second.get(), ring->memory_fd(), rings->get(), sleeps->get()}) {
    auto copy = CopyForChild(fd);
    if (!copy.ok()) return copy.status();
    copies.push_back(*std::move(copy));
  }
  std::error_code error;
  bp::child child(bp::exe = "/proc/self/exe",
                  bp::args = {kWorkerRole, absl::StrCat(kSupervisorPidFlag, ::getpid()),
                              std::string(kTitleBytes, ' ')},
                  WorkerEnvironment(), bp::posix::fd.bind(kControlFd, copies[0].get()),
                  bp::posix::fd.bind(kRingFd, copies[1].get()),
                  bp::posix::fd.bind(kDataReadyFd, copies[2].get()),
                  bp::posix::fd.bind(kSpaceFreeFd, copies[3].get()), bp::posix::use_vfork,
                  bp::extend::on_error = ReapUnstarted, error);
  if (error) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "start worker: ", error.message(),
        "; check the limits on processes and memory, and that tributary's own executable can still "
        "be run"));
  }
  const pid_t pid = child.id();
  child.detach();
  std::unique_ptr<WorkerProcess> worker(new WorkerProcess(
      pid, ControlChannel(std::move(sockets->first)), std::move(ring), data_ready, metrics));
  ToWorker message;
  *message.mutable_opening() = opening;
  const absl::Status sent = worker->channel_.Send(message);
  if (!sent.ok()) return sent;
  return worker;
}

absl::Status WorkerProcess::Send(const Assignment& assignment) {
  ToWorker message;
  *message.mutable_assignment() = assignment;
  return channel_.Send(message);
}

absl::Status WorkerProcess::Steer(const FollowOrder& order) {
  ToWorker message;
  *message.mutable_follow() = order;
  return channel_.Send(message);
}

absl::Status WorkerProcess::Look() {
  // A worker that is gone is noticed by its silence.
  if (channel_.has_unsent()) channel_.Flush().IgnoreError();
  return channel_.CheckSilence();
}

void WorkerProcess::Wait(std::chrono::milliseconds timeout) {
  if (!ring_->ArmDoorbell()) return;
  pollfd fds[] = {Awaited(), {data_ready_, POLLIN, 0}};
  if (::poll(fds, 2, static_cast<int>(timeout.count())) > 0 && (fds[1].revents & POLLIN) != 0) {
    ClearBell(data_ready_);
  }
}

pollfd WorkerProcess::Awaited() const {
  return {channel_.fd(), static_cast<short>(channel_.has_unsent() ? POLLIN | POLLOUT : POLLIN), 0};
}

// Without the code that all processes share.
std::uint64_t WorkerProcess::memory_bytes() const {
  if (pid_ <= 0) return 0;
  std::ifstream status(absl::StrCat("/proc/", pid_, "/status"));
  std::uint64_t kib = 0;
  for (std::string line; std::getline(status, line);) {
    const absl::string_view text(line);
    if (!absl::StartsWith(text, "RssAnon:") && !absl::StartsWith(text, "RssShmem:")) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    std::uint64_t size = 0;
    if (words.size() > 1 && absl::SimpleAtoi(words[1], &size)) kib += size;
  }
  return kib * limits::kKiB;
}

WorkerProcess::~WorkerProcess() { End(WorkerEnd::kFinished); }

std::string WorkerProcess::End(std::optional<WorkerEnd> why) {
  if (pid_ <= 0) return "ended before";
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  metrics_.WorkerEnded(why.value_or(WIFSIGNALED(status) ? WorkerEnd::kKilled : WorkerEnd::kExited));
  if (WIFSIGNALED(status)) return absl::StrCat("killed by signal ", WTERMSIG(status));
  return absl::StrCat("exited with ", WEXITSTATUS(status));
}

}  // namespace tributary
