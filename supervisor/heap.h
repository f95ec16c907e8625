// The supervisor's heap, as glibc keeps it: how much of what is free stays with the
// process.
//
// Where the memory was, measured after hundreds of syncs, each of another connection: in
// glibc's arenas. Threads that come and go are dealt out among up to eight arenas for each
// core, and each arena keeps what its largest sync had needed.
#ifndef TRIBUTARY_SUPERVISOR_HEAP_H_
#define TRIBUTARY_SUPERVISOR_HEAP_H_

namespace tributary {

// Once, before the first thread starts.
void SetUpHeap();

// Gives to the kernel what is free. For when a sync has ended, since what it needed may
// not be needed again for hours; takes milliseconds. Any thread.
void ReturnFreeHeap();

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_HEAP_H_
