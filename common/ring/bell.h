// One side of a ring sleeps on a bell and the other side rings it: a pipe that each process has
// opened for itself.
//
// Not an eventfd, and not two copies of one descriptor: O_NONBLOCK belongs to the open
// file description, so a process that shares one can make the other's reads and writes block for
// ever. A pipe is opened anew under /proc, and then each side's O_NONBLOCK is its own. It costs the
// same: one write(2) to ring, one read(2) to clear. A full pipe is a bell that has been rung.
//
// Any thread.
#ifndef TRIBUTARY_COMMON_RING_BELL_H_
#define TRIBUTARY_COMMON_RING_BELL_H_

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"

namespace tributary {

// Opened for reading and writing, so that it may be rung when no one else has it open.
// RESOURCE_EXHAUSTED: no descriptors, or no /proc.
absl::StatusOr<FileDescriptor> MakeBell();
// The same bell for another process, with the `access` that it needs: O_RDONLY to
// sleep on it, O_WRONLY to ring.
absl::StatusOr<FileDescriptor> OpenBellFor(int bell, int access);

void RingBell(int bell);
// Called after waking. Very many rings may need several calls.
void ClearBell(int bell);

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_RING_BELL_H_
