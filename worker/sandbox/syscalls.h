// The seccomp layer: which system calls are allowed.
#ifndef TRIBUTARY_WORKER_SANDBOX_SYSCALLS_H_
#define TRIBUTARY_WORKER_SANDBOX_SYSCALLS_H_

#include "absl/status/status.h"

namespace tributary {

// Filters the system calls of all threads, permanently. Calls on the list pass. Calls that a
// library may try, and whose refusal it must understand, fail with EPERM; all others with ENOSYS,
// as on a kernel without them. `connects` adds client sockets of IPv4 and IPv6 for TCP and UDP, and
// their flags: F_SETFL on descriptors above kLastWorkerFd (common/worker_start.h), which are the
// worker's own. FAILED_PRECONDITION: no filter could be set, and none is.
absl::Status RestrictSyscalls(bool connects);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_SYSCALLS_H_
