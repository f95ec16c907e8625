// The Landlock layer: which files can be opened, and which TCP ports can be connected to.
#ifndef TRIBUTARY_WORKER_SANDBOX_LANDLOCK_H_
#define TRIBUTARY_WORKER_SANDBOX_LANDLOCK_H_

#include "absl/status/statusor.h"
#include "worker/sandbox/needs.h"

namespace tributary {

// The version of Landlock that this kernel offers; 0: none, or a container that
// filters it away.
int LandlockAbi();

// The first version that knows TCP ports.
inline constexpr int kLandlockWithPorts = 4;

// From here on the calling thread, and threads that it makes, can open only the files of `needs`
// and a few that libraries read. They cannot make, remove or rename files, bind a TCP port, send
// signals or use abstract unix sockets outside. They can connect only to the ports of `needs` and,
// if there are any, to the name servers' port. How much of this the kernel enforces depends on its
// Landlock; the system-call filter enforces the rest except the choice of files and ports. Open
// files stay usable.
//
// A rule applies to the file that is at the path now: a file made later under the same name stays
// closed. A path without a file is ignored; a symbolic link is an error.
//
// no_new_privs must be set on the calling thread. Returns LandlockAbi(); does nothing if that is 0.
// FAILED_PRECONDITION: a path is not a regular file, or the kernel refuses.
absl::StatusOr<int> ConfineTo(const SourceNeeds& needs);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_LANDLOCK_H_
