// A build for debuggers, `make debug`: they may look at supervisor and workers, which may
// dump core, and a worker that stands still is not ended. Never for production: memory holds
// rows and credentials.
#ifndef TRIBUTARY_COMMON_DEBUGGER_H_
#define TRIBUTARY_COMMON_DEBUGGER_H_

namespace tributary {

#ifdef TRIBUTARY_DEBUGGER
inline constexpr bool kForDebugger = true;
#else
inline constexpr bool kForDebugger = false;
#endif

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_DEBUGGER_H_
