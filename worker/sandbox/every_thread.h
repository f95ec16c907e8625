// Makes every other thread of the process do one thing to itself. For what the
// kernel changes for the calling thread only, as Landlock does.
#ifndef TRIBUTARY_WORKER_SANDBOX_EVERY_THREAD_H_
#define TRIBUTARY_WORKER_SANDBOX_EVERY_THREAD_H_

#include "absl/status/status.h"

namespace tributary {

// Runs `call(argument)` in a signal's handler on every thread but this one, and
// returns when all have. `call` is async-signal-safe and returns 0 or an errno;
// what it sets must be inherited by threads that are made afterwards, which is
// what makes the set of threads close. Not for two callers at a time.
//
// FAILED_PRECONDITION: a call failed. DEADLINE_EXCEEDED: a thread blocks the
// signal, or is stuck in the kernel. RESOURCE_EXHAUSTED: too many threads.
// ThreadSanitizer's own thread, which blocks all signals, is left alone.
absl::Status OnEveryOtherThread(int (*call)(int argument), int argument);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_SANDBOX_EVERY_THREAD_H_
