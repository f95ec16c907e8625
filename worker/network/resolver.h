// Names of hosts to addresses. The C library's resolver asks several servers several
// times and may be silent for a minute, four times as long as a worker may be; so it runs
// on a thread of its own, and the main thread waits for it and beats.
#ifndef TRIBUTARY_WORKER_NETWORK_RESOLVER_H_
#define TRIBUTARY_WORKER_NETWORK_RESOLVER_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/pulse.h"

namespace tributary {

inline constexpr std::chrono::milliseconds kResolverPatience{20'000};

// The addresses of `host`, in digits, in the order in which they are to be tried; of an
// address in digits, itself. Inside the sandbox as well, and not before it closes, as it
// makes a thread. The main thread's.
//
//   FAILED_PRECONDITION  there is no such host, or it is no host's name; only a text that
//                        could be one is repeated in the error
//   UNAVAILABLE          the name's servers do not answer, or not within `patience`. The
//                        thread that waits for them ends by itself.
absl::StatusOr<std::vector<std::string>> ResolveHost(
    const std::string& host, Pulse& pulse, std::chrono::milliseconds patience = kResolverPatience);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_NETWORK_RESOLVER_H_
