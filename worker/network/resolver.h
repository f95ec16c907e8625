// Resolves host names. The C library's resolver asks several servers several times and may block
// for a minute, four times as long as a worker may be silent. So it runs on its own thread, and the
// main thread waits for it and beats.
#ifndef TRIBUTARY_WORKER_NETWORK_RESOLVER_H_
#define TRIBUTARY_WORKER_NETWORK_RESOLVER_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/pulse.h"

namespace tributary {

inline constexpr std::chrono::milliseconds kResolverPatience{20'000};

// The numeric addresses of `host`, in the order in which to try them; a numeric address gives
// itself. Call it inside the sandbox, not before, because it makes a thread. Main thread only.
//
//   FAILED_PRECONDITION there is no such host, or it is not a host name; only a text that
//                        could be one is repeated in the error
//   UNAVAILABLE          the name's servers do not answer, or not within `patience`. The
//                        thread that waits for them ends by itself.
absl::StatusOr<std::vector<std::string>> ResolveHost(
    const std::string& host, Pulse& pulse, std::chrono::milliseconds patience = kResolverPatience);

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_NETWORK_RESOLVER_H_
