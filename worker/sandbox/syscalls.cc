#include "worker/sandbox/syscalls.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/worker_start.h"

namespace tributary {
namespace {

// Arguments of 32 bits: the kernel ignores the upper half of the register, so a rule that must
// match has to ignore it, too.
constexpr std::uint64_t kLowHalf = 0xffffffff;

// These calls affect only the process and its descriptors. Landlock checks paths.
constexpr int kAllowed[] = {
    // memory
    SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(msync), SCMP_SYS(munmap),
    // threads, time, signals to oneself
    SCMP_SYS(arch_prctl), SCMP_SYS(clock_getres), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(futex),
    SCMP_SYS(get_robust_list), SCMP_SYS(getcpu), SCMP_SYS(gettimeofday), SCMP_SYS(membarrier),
    SCMP_SYS(nanosleep), SCMP_SYS(restart_syscall), SCMP_SYS(rseq), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_yield),
    SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(sigaltstack), SCMP_SYS(time),
    // identity and place of the process
    SCMP_SYS(getcwd), SCMP_SYS(getegid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getpid),
    SCMP_SYS(getppid), SCMP_SYS(getrandom), SCMP_SYS(getrlimit), SCMP_SYS(getrusage),
    SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(sysinfo), SCMP_SYS(times), SCMP_SYS(uname),
    // existing files
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(fadvise64),
    SCMP_SYS(fallocate), SCMP_SYS(fdatasync), SCMP_SYS(fstat), SCMP_SYS(fstatfs), SCMP_SYS(fsync),
    SCMP_SYS(ftruncate), SCMP_SYS(lseek), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(pread64),
    SCMP_SYS(preadv), SCMP_SYS(preadv2), SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(pwritev2),
    SCMP_SYS(readahead), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(stat), SCMP_SYS(statfs),
    SCMP_SYS(statx),
    // existing descriptors
    SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_wait), SCMP_SYS(eventfd2),
    SCMP_SYS(getpeername), SCMP_SYS(getsockname), SCMP_SYS(getsockopt), SCMP_SYS(pipe),
    SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pselect6), SCMP_SYS(read),
    SCMP_SYS(readv), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(select), SCMP_SYS(setsockopt),
    SCMP_SYS(shutdown), SCMP_SYS(write), SCMP_SYS(writev)};

// Refused with EPERM rather than ENOSYS, so that a library's error text is correct: the call exists
// and is forbidden.
constexpr int kRefused[] = {
    // other programs and processes
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal), SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(tkill),
    // names, owners and sizes of files
    SCMP_SYS(chmod), SCMP_SYS(chown), SCMP_SYS(creat), SCMP_SYS(fchmod), SCMP_SYS(fchmodat),
    SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(lchown), SCMP_SYS(link), SCMP_SYS(linkat),
    SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(rename),
    SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(rmdir), SCMP_SYS(symlink),
    SCMP_SYS(symlinkat), SCMP_SYS(truncate), SCMP_SYS(unlink), SCMP_SYS(unlinkat),
    SCMP_SYS(utimensat), SCMP_SYS(open_by_handle_at), SCMP_SYS(memfd_create),
    // a second descriptor of a file, which would share its flags
    SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    // accepting connections; access beyond the process
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(socketpair),
    SCMP_SYS(chroot), SCMP_SYS(mount), SCMP_SYS(pivot_root), SCMP_SYS(setns), SCMP_SYS(umount2),
    SCMP_SYS(unshare), SCMP_SYS(setgid), SCMP_SYS(setgroups), SCMP_SYS(setregid),
    SCMP_SYS(setresgid), SCMP_SYS(setresuid), SCMP_SYS(setreuid), SCMP_SYS(setrlimit),
    SCMP_SYS(setuid), SCMP_SYS(bpf), SCMP_SYS(keyctl), SCMP_SYS(perf_event_open),
    SCMP_SYS(personality), SCMP_SYS(userfaultfd)};

// F_SETOWN, F_SETSIG and leases are not among them: with those the kernel sends signals to another
// process. F_SETFL is allowed only for a client's own sockets: its flags apply to all processes
// that share the open file, and the supervisor shares stdout and stderr. For the same reason there
// is no F_DUPFD.
constexpr int kAllowedFcntl[] = {F_GETFD,  F_SETFD,     F_GETFL,     F_GETLK,     F_SETLK,
                                 F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};
// TCGETS is isatty(). TIOCSTI, which writes input to a terminal, is not allowed, nor is FIONBIO,
// which does the same as F_SETFL.
constexpr int kAllowedIoctl[] = {FIONREAD, TCGETS, TIOCGWINSZ};
constexpr int kAllowedPrctl[] = {PR_GET_NAME,         PR_SET_NAME,      PR_GET_DUMPABLE,
                                 PR_GET_NO_NEW_PRIVS, PR_GET_PDEATHSIG, PR_GET_SECCOMP,
                                 PR_SET_VMA};

// Conditions on argument number `place`, counted from 0.
scmp_arg_cmp Is(unsigned place, std::uint64_t value) {
  return {.arg = place, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp IsNot(unsigned place, std::uint64_t value) {
  return {.arg = place, .op = SCMP_CMP_NE, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp HasOf(unsigned place, std::uint64_t mask, std::uint64_t bits) {
  return {.arg = place, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = bits};
}

// Keeps the first error, so that the code below reads as lists.
class Filter {
 public:
  Filter() : filter_(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &seccomp_release) {
    if (filter_ == nullptr) error_ = ENOMEM;
    Set(SCMP_FLTATR_CTL_NNP, 1);
    Set(SCMP_FLTATR_CTL_TSYNC, 1);
    // A binary tree: a call is looked up in 8 steps instead of 200.
    Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);
    Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  }

  using Conditions = std::initializer_list<scmp_arg_cmp>;
  void Allow(int call, Conditions when = {}) { Add(SCMP_ACT_ALLOW, call, when); }
  void Refuse(int call, Conditions when = {}) { Add(SCMP_ACT_ERRNO(EPERM), call, when); }

  // For a call whose argument `place` chooses what it does.
  template <typename Choices>
  void AllowChoices(int call, unsigned place, const Choices& choices) {
    for (const int choice : choices) {
      Allow(call, {HasOf(place, kLowHalf, static_cast<std::uint32_t>(choice))});
    }
  }

  absl::Status Load() {
    if (error_ == 0) error_ = -seccomp_load(filter_.get());
    if (error_ == 0) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "enter sandbox: cannot set the system-call filter: ", std::strerror(error_),
        "; tributary needs a kernel with seccomp filters and a container that allows them"));
  }

 private:
  void Add(std::uint32_t action, int call, Conditions when) {
    if (error_ != 0) return;
    error_ = -seccomp_rule_add_array(filter_.get(), action, call,
                                     static_cast<unsigned>(when.size()), when.begin());
  }
  void Set(scmp_filter_attr attribute, std::uint32_t value) {
    if (error_ == 0) error_ = -seccomp_attr_set(filter_.get(), attribute, value);
  }

  std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter_;
  int error_ = 0;
};

void AllowThreads(Filter& filter) {
  // A new thread of this process, in the same namespaces. clone3 has its flags in
  // memory, where a filter cannot see them; glibc falls back to clone on ENOSYS.
  constexpr std::uint64_t kNamespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET |
                                        CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;
  filter.Allow(SCMP_SYS(clone), {HasOf(0, CLONE_THREAD | kNamespaces, CLONE_THREAD)});
  filter.Refuse(SCMP_SYS(clone), {HasOf(0, CLONE_THREAD, 0)});

  // Signals to itself: abort() and pthread_kill(). The id always means this process,
  // because it cannot fork.
  const auto self = static_cast<std::uint64_t>(::getpid());
  for (const int call : {SCMP_SYS(kill), SCMP_SYS(tgkill)}) {
    filter.Allow(call, {Is(0, self)});
    filter.Refuse(call, {IsNot(0, self)});
  }
  // Only for reading its own limits.
  filter.Allow(SCMP_SYS(prlimit64), {Is(0, 0), Is(2, 0)});
  filter.Refuse(SCMP_SYS(prlimit64), {IsNot(2, 0)});
}

void AllowMemory(Filter& filter) {
  // No memory may become executable: all code was mapped before.
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    filter.Allow(call, {HasOf(2, PROT_EXEC, 0)});
    filter.Refuse(call, {HasOf(2, PROT_EXEC, PROT_EXEC)});
  }
}

void AllowOpening(Filter& filter) {
  // O_CREAT is allowed, because SQLite opens -wal and -shm with it; Landlock refuses it if it would
  // make a file. O_TRUNC empties a file even when it is opened for reading, and Landlock before
  // version 3 does not see it.
  for (const auto& [call, flags] :
       {std::pair(SCMP_SYS(open), 1U), std::pair(SCMP_SYS(openat), 2U)}) {
    filter.Allow(call, {HasOf(flags, O_TRUNC, 0)});
    filter.Refuse(call, {HasOf(flags, O_TRUNC, O_TRUNC)});
  }
}

void AllowSending(Filter& filter, int call, unsigned flags) {
  // MSG_FASTOPEN connects without Landlock's check.
  filter.Allow(call, {HasOf(flags, MSG_FASTOPEN, 0)});
  filter.Refuse(call, {HasOf(flags, MSG_FASTOPEN, MSG_FASTOPEN)});
}

// Only TCP and UDP: Landlock knows only the ports of plain TCP.
void AllowClientSockets(Filter& filter) {
  constexpr std::uint64_t kType = kLowHalf & ~std::uint64_t{SOCK_NONBLOCK | SOCK_CLOEXEC};
  for (const int family : {AF_INET, AF_INET6}) {
    for (const auto& [type, protocol] :
         {std::pair(SOCK_STREAM, 0), std::pair(SOCK_STREAM, int{IPPROTO_TCP}),
          std::pair(SOCK_DGRAM, 0), std::pair(SOCK_DGRAM, int{IPPROTO_UDP})}) {
      filter.Allow(SCMP_SYS(socket), {HasOf(0, kLowHalf, static_cast<std::uint64_t>(family)),
                                      HasOf(1, kType, static_cast<std::uint64_t>(type)),
                                      HasOf(2, kLowHalf, static_cast<std::uint64_t>(protocol))});
    }
  }
  // Local services, which a networked database does not need.
  filter.Refuse(SCMP_SYS(socket), {HasOf(0, kLowHalf, AF_UNIX)});
  filter.Allow(SCMP_SYS(connect));
  // The resolver uses it to send its two questions.
  AllowSending(filter, SCMP_SYS(sendmmsg), 3);
}

// F_SETFL, on all descriptors above those that the supervisor passed. A rule has one condition for
// an argument, so the numbers go in blocks of powers of two; all 64 bits are compared, as a high
// half would hide a low number.
void AllowFlagsOfOwn(Filter& filter) {
  for (std::uint64_t first = kLastWorkerFd + 1, size = 0; first < limits::kWorkerOpenFiles;
       first += size) {
    size = first & -first;
    filter.Allow(SCMP_SYS(fcntl), {HasOf(0, -size, first), HasOf(1, kLowHalf, F_SETFL)});
  }
}

void AllowSockets(Filter& filter, bool connects) {
  AllowSending(filter, SCMP_SYS(sendto), 3);
  AllowSending(filter, SCMP_SYS(sendmsg), 2);
  if (connects) {
    AllowClientSockets(filter);
    AllowFlagsOfOwn(filter);
    return;
  }
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(sendmmsg)}) {
    filter.Refuse(call);
  }
}

}  // namespace

absl::Status RestrictSyscalls(bool connects) {
  Filter filter;
  for (const int call : kAllowed) filter.Allow(call);
  for (const int call : kRefused) filter.Refuse(call);
  AllowThreads(filter);
  AllowMemory(filter);
  AllowOpening(filter);
  AllowSockets(filter, connects);
  filter.AllowChoices(SCMP_SYS(fcntl), 1, kAllowedFcntl);
  filter.AllowChoices(SCMP_SYS(ioctl), 1, kAllowedIoctl);
  filter.AllowChoices(SCMP_SYS(prctl), 0, kAllowedPrctl);
  return filter.Load();
}

}  // namespace tributary
