// The debug build, `make debug`: debuggers may attach to supervisor and workers, both may dump
// core, and a worker that hangs is not ended. Never for production: memory holds rows and
// credentials.
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
