// A worker confines itself, so that a driver that fails, or is taken over by the data that it
// reads, can only damage its own assignment. README.md says what each layer stops.
#ifndef TRIBUTARY_WORKER_SANDBOX_SANDBOX_H_
#define TRIBUTARY_WORKER_SANDBOX_SANDBOX_H_

#include <sys/types.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/sandbox/needs.h"

namespace tributary {

// The first thing a worker does. Ties its life to the supervisor's: SIGKILL when
// the supervisor's thread that started it ends, and an immediate exit with EXIT_FAILURE if that has
// happened already. Closes every descriptor above `last_fd`, ignores SIGINT, SIGTERM and SIGPIPE (a
// worker ends when its control socket closes, so that the supervisor can drain after a Ctrl-C), and
// switches off core dumps and tracing by other processes of its user.
//
// The kernel's parent is a thread: the thread that starts workers must live as
// long as they do.
absl::Status LeashToSupervisor(pid_t supervisor_pid, int last_fd);

struct SandboxOptions {
  // RLIMIT_AS: allocations over it fail. It counts mapped memory, used or not: stacks, malloc's
  // arenas, the ring. 0: none. Sanitizer builds, which map terabytes, leave it unset.
  std::uint64_t address_space_bytes = 0;
};

// The layers in force.
struct SandboxReport {
  // 0: this kernel has no Landlock, and files are confined by permissions only.
  // Worth one warning of the supervisor.
  int landlock_abi = 0;
  bool address_space_limited = false;
};

// Irrevocable, for the only thread and all later ones. Call it once, before connecting to the
// source and after opening all files that `needs` does not name. After an error the process is
// partly confined and must not use a source.
//
// FAILED_PRECONDITION: there is another thread, a path of `needs` is not a regular file, or the
// kernel refuses a layer.
absl::StatusOr<SandboxReport> EnterSandbox(const SourceNeeds& needs, const SandboxOptions& options);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_SANDBOX_H_
