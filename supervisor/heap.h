// The supervisor's heap in glibc: how much free memory stays with the process.
//
// Measured after hundreds of syncs of different connections, the free memory was in glibc's arenas.
// glibc spreads threads over up to eight arenas for each core, and each arena keeps as much as its
// largest sync needed.
#ifndef TRIBUTARY_SUPERVISOR_HEAP_H_
#define TRIBUTARY_SUPERVISOR_HEAP_H_

namespace tributary {

// Once, before the first thread starts.
void SetUpHeap();

// Returns free memory to the kernel; takes milliseconds. Called when a sync has ended, since its
// memory may not be needed again for hours. Any thread.
void ReturnFreeHeap();

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_HEAP_H_
