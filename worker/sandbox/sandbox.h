// What a worker does to itself so that a driver gone wrong, or taken over by what
// it reads, cannot hurt anything but its own assignment. README.md says which
// layer stops what.
#ifndef TRIBUTARY_WORKER_SANDBOX_SANDBOX_H_
#define TRIBUTARY_WORKER_SANDBOX_SANDBOX_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/sandbox/needs.h"

namespace tributary {

// The first thing a worker does. Ties its life to the supervisor's: SIGKILL when
// the supervisor's thread that started it ends, and an immediate exit with
// EXIT_FAILURE where that has happened already. Closes every descriptor above
// `last_fd`, ignores SIGINT, SIGTERM and SIGPIPE (a worker ends when its control
// socket closes, so that a Ctrl-C meant for the supervisor lets it drain), and
// leaves neither core dumps nor a process that others of its user may trace.
//
// The kernel's parent is a thread: the thread that starts workers must live as
// long as they do.
absl::Status LeashToSupervisor(pid_t supervisor_pid, int last_fd);

struct SandboxOptions {
  // RLIMIT_AS: past it an allocation fails. It counts what is mapped, touched or
  // not: stacks, malloc's arenas, the ring. 0: none. Sanitizer builds, which map
  // terabytes, leave it unset.
  std::uint64_t address_space_bytes = 0;
};

// What is in force.
struct SandboxReport {
  // 0: this kernel has no Landlock, and files are confined by permissions only.
  // Worth one warning of the supervisor.
  int landlock_abi = 0;
  bool address_space_limited = false;
};

// Irrevocable, for the one thread there is and all that will be. Call it once, before
// the source is connected to and after all that opens files which `needs` does not name.
// After an error the process is half closed in: it must not go on to a source.
//
// FAILED_PRECONDITION: there is another thread, a path of `needs` is no regular file, or
// the kernel refuses a layer.
absl::StatusOr<SandboxReport> EnterSandbox(const SourceNeeds& needs, const SandboxOptions& options);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_SANDBOX_H_
