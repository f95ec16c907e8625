// Whether workers can be confined on this machine, tried and not guessed.
#ifndef TRIBUTARY_WORKER_SANDBOX_TRIAL_H_
#define TRIBUTARY_WORKER_SANDBOX_TRIAL_H_

#include "absl/status/statusor.h"
#include "worker/sandbox/sandbox.h"

namespace tributary {

// A child of this process enters the sandbox as a worker of a database server does, and
// ends. What was in force there; an error is the child's own, with what to do. Call it
// before the process has threads.
absl::StatusOr<SandboxReport> TrySandbox();

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_TRIAL_H_
