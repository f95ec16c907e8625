// Tests in a child process whether workers can be confined on this machine.
#ifndef TRIBUTARY_WORKER_SANDBOX_TRIAL_H_
#define TRIBUTARY_WORKER_SANDBOX_TRIAL_H_

#include "absl/status/statusor.h"
#include "worker/sandbox/sandbox.h"

namespace tributary {

// A child process enters the sandbox as a worker of a database server does, and ends. Returns the
// layers that were in force there, or the child's error, which says what to do. Call it before the
// process has threads.
absl::StatusOr<SandboxReport> TrySandbox();

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_TRIAL_H_
