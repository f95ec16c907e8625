// What a side of a ring sleeps on and the other side rings: a pipe that each process
// has opened for itself.
//
// Not an eventfd, and not two copies of one descriptor: O_NONBLOCK belongs to the open
// file description, so whoever shares one can make the other's reads and writes block
// for good. A pipe is opened anew under /proc, and then each side's O_NONBLOCK is its
// own. The rest is as cheap: one write(2) to ring, one read(2) to clear. A full pipe is
// a bell that has been rung.
//
// Any thread.
#ifndef TRIBUTARY_COMMON_RING_BELL_H_
#define TRIBUTARY_COMMON_RING_BELL_H_

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"

namespace tributary {

// For both, so that it may be rung when nobody else has it open any more.
// RESOURCE_EXHAUSTED: no descriptors, or no /proc.
absl::StatusOr<FileDescriptor> MakeBell();
// The same bell for another process, with the `access` that it needs: O_RDONLY to
// sleep on it, O_WRONLY to ring.
absl::StatusOr<FileDescriptor> OpenBellFor(int bell, int access);

void RingBell(int bell);
// Once it is heard. A part of very many rings may stay, and is heard again.
void ClearBell(int bell);

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_RING_BELL_H_
