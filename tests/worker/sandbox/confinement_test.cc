// What a worker that needs one file and no network can and cannot do.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/worker/sandbox/attempts.h"
#include "worker/sandbox/landlock.h"
#include "worker/sandbox/sandbox.h"
#include "worker/sandbox/sanitizers.h"

namespace tributary {
namespace {

constexpr char kShell[] = "/bin/sh";

class ConfinementTest : public testing::Test {
 protected:
  SourceNeeds Needs() const { return {.paths = {{source_, false}, {shared_, true}}}; }

  // Determined here, because it cannot be determined inside the sandbox.
  const bool landlock_ = LandlockAbi() > 0;
  TestDirectory directory_;
  const std::string source_ = directory_.Write("source.db", "rows");
  const std::string shared_ = directory_.Write("source.db-shm", "pages");
  const std::string other_ = directory_.Write("other.db", "secret");
};

void TryToStartPrograms(Complaints& complaints) {
  char* const arguments[] = {const_cast<char*>(kShell), nullptr};
  char* const environment[] = {nullptr};
  complaints.Refused("execve", ::execve(kShell, arguments, environment));
  complaints.Refused("execveat",
                     ::syscall(SYS_execveat, AT_FDCWD, kShell, arguments, environment, 0));
  complaints.Refused("fork", ::syscall(SYS_fork));
  complaints.Refused("vfork", ::syscall(SYS_vfork));
  complaints.Refused("clone", ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  complaints.Refused("clone into namespaces",
                     ::syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, 0, 0, 0, 0));
  complaints.Refused("a thread in new namespaces",
                     ::syscall(SYS_clone, CLONE_THREAD | CLONE_NEWNET, 0, 0, 0, 0), {ENOSYS});
  clone_args process{};
  process.exit_signal = SIGCHLD;
  complaints.Refused("clone3", ::syscall(SYS_clone3, &process, sizeof(process)), {ENOSYS});
  complaints.Refused("glibc's fork", ::fork());
}

TEST_F(ConfinementTest, WorkerCannotStartAnotherProgramOrProcess) {
  EXPECT_EQ(ComplaintsInSandbox(Needs(), TryToStartPrograms), "");
}

TEST_F(ConfinementTest, WorkerReadsItsSourceAndWritesWhatItMayWrite) {
  EXPECT_EQ(ComplaintsInSandbox(Needs(),
                                [&](Complaints& complaints) {
                                  complaints.Check(ReadAll(source_) == "rows", "source is read");
                                  std::fstream(shared_) << "PAGES";
                                  complaints.Check(ReadAll(shared_) == "PAGES", "-shm is written");
                                  if (!landlock_) return;
                                  complaints.Refused("write to the source",
                                                     TryOpen(source_, O_RDWR), {EACCES});
                                }),
            "");
  EXPECT_EQ(ReadAll(shared_), "PAGES");
}

TEST_F(ConfinementTest, WorkerCannotOpenAFileOutsideItsSource) {
  if (!landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  const std::string link = directory_.Path("link.db");
  ASSERT_EQ(::symlink(other_.c_str(), link.c_str()), 0);
  const std::string dangling = directory_.Path("named");
  ASSERT_EQ(::symlink("/etc/passwd", dangling.c_str()), 0);
  EXPECT_EQ(
      ComplaintsInSandbox(
          Needs(),
          [&](Complaints& complaints) {
            for (const std::string& path :
                 {other_, link, dangling, "/proc/self/root" + other_, std::string("/etc/passwd"),
                  std::string("/proc/self/mem"), std::string("/proc/self/maps"),
                  std::string("/proc/self/environ"), std::string("/proc/1/environ"),
                  std::string("/dev/shm"), std::string("/"), directory_.Path("")}) {
              complaints.Refused("open " + path, TryOpen(path, O_RDONLY), {EACCES});
            }
            complaints.Refused("open to write", TryOpen(other_, O_WRONLY), {EACCES});
            complaints.Refused("openat2", ::syscall(SYS_openat2, AT_FDCWD, other_.c_str(), 0, 0),
                               {ENOSYS});
          }),
      "");
}

TEST_F(ConfinementTest, FileThatTakesTheSourcesNameLaterStaysClosed) {
  if (!landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  const std::string late = directory_.Path("late.db-wal");
  SourceNeeds needs = Needs();
  needs.paths.push_back({late, false});
  int go[2];
  int done[2];
  ASSERT_EQ(::pipe(go), 0);
  ASSERT_EQ(::pipe(done), 0);
  Companion reader([&](const std::function<void()>& ready) {
    const bool entered = EnterSandbox(needs, {}).ok();
    ready();
    char word = 0;
    if (::read(go[0], &word, 1) != 1) ::_exit(1);
    word = entered && TryOpen(late, O_RDONLY) == -1 && errno == EACCES ? 'y' : 'n';
    if (::write(done[1], &word, 1) != 1) ::_exit(1);
  });
  directory_.Write("late.db-wal", "new");
  ASSERT_EQ(::write(go[1], "g", 1), 1);
  char answer = 0;
  ASSERT_EQ(::read(done[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  for (const int fd : {go[0], go[1], done[0], done[1]}) ::close(fd);
}

TEST_F(ConfinementTest, PathThatIsNoRegularFileIsAnErrorThatNamesIt) {
  if (!landlock_) GTEST_SKIP() << "this kernel has no Landlock";
  const std::string fifo = directory_.Path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::string link = directory_.Path("alias.db");
  ASSERT_EQ(::symlink(source_.c_str(), link.c_str()), 0);
  for (const std::string& path : {fifo, link, std::string("/dev/zero"), std::string("/tmp")}) {
    EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
                const auto report = EnterSandbox({.paths = {{path, false}}}, {});
                complaints.Check(absl::IsFailedPrecondition(report.status()), "code");
                complaints.Check(
                    std::string(report.status().message()).find(path) != std::string::npos,
                    "names it");
              }),
              "")
        << path;
  }
}

void TryToChangeNames(Complaints& complaints, const TestDirectory& directory,
                      const std::string& file) {
  const std::string fresh = directory.Path("fresh");
  const char* from = file.c_str();
  const char* to = fresh.c_str();
  complaints.Refused("creat", ::creat(to, 0600));
  complaints.Refused("unlink", ::unlink(from));
  complaints.Refused("unlinkat", ::unlinkat(AT_FDCWD, from, 0));
  complaints.Refused("rename", ::rename(from, to));
  complaints.Refused("renameat2", ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
  complaints.Refused("symlink", ::symlink(from, to));
  complaints.Refused("mkdir", ::mkdir(to, 0700));
  complaints.Refused("mkfifo", ::mkfifo(to, 0600));
  complaints.Refused("truncating open", TryOpen(file, O_RDONLY | O_TRUNC), {EPERM, EACCES});
}

TEST_F(ConfinementTest, WorkerCannotMakeRemoveRenameOrTruncateFiles) {
  EXPECT_EQ(ComplaintsInSandbox(
                Needs(),
                [&](Complaints& complaints) {
                  TryToChangeNames(complaints, directory_, shared_);
                  TryToChangeNames(complaints, directory_, source_);
                  if (landlock_) {
                    complaints.Refused(
                        "create", TryOpen(directory_.Path("fresh"), O_WRONLY | O_CREAT), {EACCES});
                    complaints.Refused("temporary file",
                                       TryOpen(directory_.Path(""), O_WRONLY | O_TMPFILE),
                                       {EACCES});
                  }
                  complaints.Refused("link", ::link(source_.c_str(), directory_.Path("x").c_str()));
                  complaints.Refused("truncate", ::truncate(shared_.c_str(), 0));
                  complaints.Refused("chmod", ::chmod(source_.c_str(), 0777));
                  complaints.Refused("chown", ::chown(source_.c_str(), 1, 1));
                  const int source = ::open(source_.c_str(), O_RDONLY);
                  complaints.Refused("ftruncate of the source", ::ftruncate(source, 0), {EINVAL});
                  complaints.Refused("fchmod", ::fchmod(source, 0777));
                  complaints.Refused("rmdir", ::rmdir(directory_.Path("").c_str()));
                  complaints.Refused("memfd_create", ::memfd_create("x", 0));
                }),
            "");
  EXPECT_EQ(ReadAll(source_), "rows");
  EXPECT_EQ(ReadAll(shared_), "pages");
}

TEST_F(ConfinementTest, WorkerCannotTraceReadOrSignalAnotherProcess) {
  Companion victim([](const std::function<void()>& ready) {
    ready();
    for (;;) ::pause();
  });
  const pid_t pid = victim.pid();
  EXPECT_EQ(ComplaintsInSandbox(
                Needs(),
                [&](Complaints& complaints) {
                  complaints.Refused("ptrace", ::ptrace(PTRACE_ATTACH, pid, 0, 0));
                  complaints.Refused("process_vm_readv",
                                     ::syscall(SYS_process_vm_readv, pid, 0, 0, 0, 0, 0));
                  complaints.Refused("kill", ::kill(pid, SIGKILL));
                  complaints.Refused("kill of the parent", ::kill(::getppid(), 0));
                  complaints.Refused("kill of the group", ::kill(0, 0));
                  complaints.Refused("kill of all", ::kill(-1, 0));
                  complaints.Refused("tgkill", ::tgkill(pid, pid, SIGKILL));
                  complaints.Refused("tkill", ::syscall(SYS_tkill, pid, SIGKILL));
                  complaints.Refused("sigqueue", ::sigqueue(pid, SIGKILL, {}));
                  complaints.Refused("pidfd_open", ::syscall(SYS_pidfd_open, pid, 0));
                  complaints.Refused("prlimit of another process",
                                     ::prlimit(pid, RLIMIT_CPU, nullptr, nullptr), {ENOSYS});
                  // Would make the kernel send signals in this process's name.
                  complaints.Refused("F_SETOWN", ::fcntl(kTellFd, F_SETOWN, pid), {ENOSYS});
                  // Would change for all processes that share the file whether they wait for it.
                  complaints.Refused("F_SETFL", ::fcntl(kTellFd, F_SETFL, O_NONBLOCK), {ENOSYS});
                  int on = 1;
                  complaints.Refused("FIONBIO", ::ioctl(kTellFd, FIONBIO, &on), {ENOSYS});
                  complaints.Refused("dup", ::dup(kTellFd));
                  complaints.Succeeds("signal to itself", ::kill(::getpid(), 0));
                }),
            "");
  EXPECT_TRUE(victim.alive());
}

TEST_F(ConfinementTest, WorkerCannotUndoItsLimits) {
  EXPECT_EQ(
      ComplaintsInSandbox(
          Needs(),
          [&](Complaints& complaints) {
            const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
            complaints.Refused("setrlimit", ::setrlimit(RLIMIT_AS, &unlimited));
            complaints.Refused("raw setrlimit", ::syscall(SYS_setrlimit, RLIMIT_AS, &unlimited));
            complaints.Refused("prctl dumpable", ::prctl(PR_SET_DUMPABLE, 1), {ENOSYS});
            complaints.Refused("prctl parent death", ::prctl(PR_SET_PDEATHSIG, 0), {ENOSYS});
            complaints.Check(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "no new privileges");
            complaints.Refused("setuid", ::syscall(SYS_setuid, 0));
            complaints.Refused("chroot", ::chroot("/"));
            complaints.Refused("unshare", ::unshare(CLONE_NEWNS));
            complaints.Refused("bpf", ::syscall(SYS_bpf, 0, 0, 0));
            complaints.Refused("userfaultfd", ::syscall(SYS_userfaultfd, 0));
            complaints.Refused("io_uring", ::syscall(SYS_io_uring_setup, 1, 0), {ENOSYS});
            complaints.Refused("a call of the future", ::syscall(999), {ENOSYS});
            void* code =
                ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            complaints.Refused("mapping code", code == MAP_FAILED ? -1 : 0);
            rlimit files{};
            complaints.Succeeds("getrlimit", ::getrlimit(RLIMIT_NOFILE, &files));
            complaints.Check(files.rlim_cur == files.rlim_max && files.rlim_max <= 256,
                             "few descriptors");
          }),
      "");
}

TEST_F(ConfinementTest, ThreadThatIsThereAlreadyIsAnError) {
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              std::atomic<bool> done = false;
              std::thread other([&] {
                while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
              });
              const auto refused = EnterSandbox(Needs(), {});
              complaints.Check(absl::IsFailedPrecondition(refused.status()), "it is refused");
              complaints.Succeeds("nothing is closed yet", TryOpen(other_, O_RDONLY));
              done = true;
              other.join();
              auto entered = EnterSandbox(Needs(), {});
              // The kernel may count a thread for a moment after it was joined.
              for (int tries = 0; !entered.ok() && tries < 1000; ++tries) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                entered = EnterSandbox(Needs(), {});
              }
              complaints.Check(entered.ok(), std::string(entered.status().message()));
            }),
            "");
}

TEST_F(ConfinementTest, ThreadsMadeInsideAreConfinedToo) {
  EXPECT_EQ(ComplaintsInSandbox(Needs(),
                                [&](Complaints& complaints) {
                                  std::thread inside([&] {
                                    TryToStartPrograms(complaints);
                                    complaints.Check(ReadAll(source_) == "rows", "source is read");
                                    if (!landlock_) return;
                                    complaints.Refused("open", TryOpen(other_, O_RDONLY), {EACCES});
                                  });
                                  inside.join();
                                }),
            "");
}

TEST_F(ConfinementTest, AddressSpaceLimitMakesAllocationFail) {
  if (kSanitized) GTEST_SKIP() << "sanitizers map terabytes; the limit is left out";
  constexpr std::uint64_t kLimit = 512ULL << 20;
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              const auto report = EnterSandbox(Needs(), {.address_space_bytes = kLimit});
              complaints.Check(report.ok() && report->address_space_limited, "entered");
              bool failed = false;
              try {
                // A direct call, because the compiler may remove an unused new-expression.
                ::operator delete(::operator new(kLimit));
              } catch (const std::bad_alloc&) {
                failed = true;
              }
              complaints.Check(failed, "an allocation past the limit throws");
              std::string small(1 << 20, 'x');
              complaints.Check(small.size() == 1 << 20, "a small one does not");
            }),
            "");
}

TEST_F(ConfinementTest, ExceptionsThreadsAndAnOrdinaryExitWork) {
  const Outcome outcome = RunInChild([&](Complaints&) {
    if (!EnterSandbox(Needs(), {}).ok()) ::_exit(3);
    try {
      throw std::runtime_error("caught");
    } catch (const std::exception&) {
      std::exit(7);
    }
  });
  ASSERT_TRUE(WIFEXITED(outcome.status));
  EXPECT_EQ(WEXITSTATUS(outcome.status), 7);
}

TEST_F(ConfinementTest, ReportSaysWhichLandlockIsInForce) {
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              const int abi = LandlockAbi();
              const auto report = EnterSandbox(Needs(), {});
              complaints.Check(report.ok() && report->landlock_abi == abi, "version");
              complaints.Check(report.ok() && !report->address_space_limited, "no limit asked for");
            }),
            "");
}

}  // namespace
}  // namespace tributary
