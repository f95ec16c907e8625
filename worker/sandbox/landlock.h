// The Landlock layer: which files can be opened, and which TCP ports connected to.
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

// From here on the calling thread, and each that it makes, opens no file but those of
// `needs` and a fixed few that libraries read; none is made, removed or renamed; no TCP
// port is bound, and none connected to but those of `needs` and, where it has any, the
// name servers'; no signal or abstract unix socket reaches out. How much of this the
// kernel can do depends on its Landlock; the system-call filter closes the rest but the
// choice of files and ports. Files that are open already stay usable.
//
// A rule holds for the file that stands under the path now: one that is made
// under the same name later is another file and stays closed. A path where there
// is no file is passed over; a symbolic link is an error.
//
// no_new_privs must be set on the calling thread. Returns LandlockAbi(); does
// nothing where that is 0. FAILED_PRECONDITION: a path is no regular file, or the
// kernel refuses.
absl::StatusOr<int> ConfineTo(const SourceNeeds& needs);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_LANDLOCK_H_
