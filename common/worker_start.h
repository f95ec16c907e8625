// How the supervisor starts a worker and what the worker finds when it starts:
// `tributary worker --supervisor-pid=N` and four descriptors.
#ifndef TRIBUTARY_COMMON_WORKER_START_H_
#define TRIBUTARY_COMMON_WORKER_START_H_

namespace tributary {

// argv[1] of a worker; anything else is the supervisor.
inline constexpr char kWorkerRole[] = "worker";
inline constexpr char kSupervisorPidFlag[] = "--supervisor-pid=";

// The worker's end of the control socket.
inline constexpr int kControlFd = 3;
// The ring's memory file.
inline constexpr int kRingFd = 4;
// The bell (common/ring/bell.h) that the worker rings when it has published a frame.
inline constexpr int kDataReadyFd = 5;
// The bell that the supervisor rings when ring space is free.
inline constexpr int kSpaceFreeFd = 6;
inline constexpr int kLastWorkerFd = kSpaceFreeFd;

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_WORKER_START_H_
