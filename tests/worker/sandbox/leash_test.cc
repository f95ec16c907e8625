#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>

#include "tests/process/time_promise.h"
#include "tests/worker/sandbox/attempts.h"
#include "worker/sandbox/sandbox.h"

namespace tributary {
namespace {

// Becomes the parent of orphaned descendants, so that it sees how they end.
class LeashTest : public testing::Test {
 protected:
  LeashTest() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~LeashTest() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

  // The pid that a grandchild wrote to `fd` as its last sign of life; -1: there is none.
  static pid_t ReadPid(int fd) {
    pid_t pid = -1;
    return ::read(fd, &pid, sizeof(pid)) == sizeof(pid) ? pid : -1;
  }
  static void WritePid(int fd) {
    const pid_t pid = ::getpid();
    if (::write(fd, &pid, sizeof(pid)) != sizeof(pid)) std::abort();
  }
  // How long a worker lives after its supervisor was killed.
  static std::chrono::milliseconds TimeOutlived();
};

std::chrono::milliseconds LeashTest::TimeOutlived() {
  constexpr std::chrono::milliseconds kLimit =
      tests::kTimesPromised * tests::kWorkersOutliveSupervisorBy;
  int tell[2];
  EXPECT_EQ(::pipe(tell), 0);
  Companion supervisor([&](const std::function<void()>& ready) {
    const pid_t self = ::getpid();
    if (::fork() == 0) {
      ::dup2(tell[1], kTellFd);
      if (!LeashToSupervisor(self, kTellFd).ok()) ::_exit(2);
      WritePid(kTellFd);
      for (;;) ::pause();
    }
    ::close(tell[1]);
    ready();
    for (;;) ::pause();
  });
  ::close(tell[1]);
  const pid_t worker = ReadPid(tell[0]);
  EXPECT_GT(worker, 0);
  if (worker <= 0) return kLimit;

  const auto killed = std::chrono::steady_clock::now();
  supervisor.Kill();
  // Only the worker holds the pipe open, so the pipe ends when the worker has ended.
  pollfd gone{tell[0], POLLIN, 0};
  const bool died = ::poll(&gone, 1, static_cast<int>(kLimit.count())) == 1;
  const auto took =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - killed);
  ::close(tell[0]);
  if (!died) ::kill(worker, SIGKILL);
  int status = 0;
  EXPECT_EQ(::waitpid(worker, &status, 0), worker);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  return took;
}

TEST_F(LeashTest, WorkerIsKilledWithinASecondOfItsSupervisor) {
  using tests::kWorkersOutliveSupervisorBy;
  const auto took = tests::QuickestOf(kWorkersOutliveSupervisorBy, [] { return TimeOutlived(); });
  EXPECT_LE(took, kWorkersOutliveSupervisorBy);
}

TEST_F(LeashTest, WorkerWhoseSupervisorIsGoneAlreadyExits) {
  int tell[2];
  ASSERT_EQ(::pipe(tell), 0);
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    const pid_t self = ::getpid();
    if (::fork() == 0) {
      WritePid(tell[1]);
      while (::getppid() == self) ::usleep(1000);
      (void)LeashToSupervisor(self, tell[1]);
      WritePid(tell[1]);
      ::_exit(0);
    }
    ::_exit(0);
  }
  ::close(tell[1]);
  const pid_t worker = ReadPid(tell[0]);
  ASSERT_GT(worker, 0);
  EXPECT_EQ(ReadPid(tell[0]), -1) << "the worker was not ended";
  ::close(tell[0]);
  ASSERT_EQ(::waitpid(supervisor, nullptr, 0), supervisor);
  int status = 0;
  ASSERT_EQ(::waitpid(worker, &status, 0), worker);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), EXIT_FAILURE);
}

TEST_F(LeashTest, InheritedDescriptorsAboveTheLastAreClosed) {
  EXPECT_EQ(ComplaintsOf([](Complaints& complaints) {
              for (int fd = 4; fd < 40; ++fd) ::dup2(STDIN_FILENO, fd);
              ::dup2(STDIN_FILENO, 900);
              complaints.Check(LeashToSupervisor(::getppid(), 6).ok(), "leash");
              for (int fd = 0; fd <= 6; ++fd) {
                complaints.Succeeds("fcntl of " + std::to_string(fd), ::fcntl(fd, F_GETFD));
              }
              for (int fd = 7; fd < 1000; ++fd) {
                complaints.Refused("fcntl of " + std::to_string(fd), ::fcntl(fd, F_GETFD), {EBADF});
              }
            }),
            "");
}

TEST_F(LeashTest, SignalsThatAreMeantForTheSupervisorDoNotEndAWorker) {
  EXPECT_EQ(ComplaintsOf([](Complaints& complaints) {
              complaints.Check(LeashToSupervisor(::getppid(), kTellFd).ok(), "leash");
              for (const int number : {SIGINT, SIGTERM, SIGPIPE}) ::raise(number);
            }),
            "");
}

TEST_F(LeashTest, WorkerThatCrashesLeavesNoCoreAndNoneMayTraceIt) {
  const Outcome outcome = RunInChild([](Complaints& complaints) {
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_CORE, &limit);
    complaints.Check(LeashToSupervisor(::getppid(), kTellFd).ok(), "leash");
    ::getrlimit(RLIMIT_CORE, &limit);
    complaints.Check(limit.rlim_cur == 0 && limit.rlim_max == 0, "no core is written");
    complaints.Check(::prctl(PR_GET_DUMPABLE) == 0, "no process may trace it");
    if (!complaints.text().empty()) return;
    ::signal(SIGABRT, SIG_DFL);
    std::abort();
  });
  EXPECT_EQ(outcome.told, "");
  ASSERT_TRUE(WIFSIGNALED(outcome.status));
  EXPECT_EQ(WTERMSIG(outcome.status), SIGABRT);
  EXPECT_FALSE(WCOREDUMP(outcome.status));
}

}  // namespace
}  // namespace tributary
