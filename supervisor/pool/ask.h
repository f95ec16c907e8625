// One question to one worker, answered before anything else is asked.
#ifndef TRIBUTARY_SUPERVISOR_POOL_ASK_H_
#define TRIBUTARY_SUPERVISOR_POOL_ASK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "proto/worker.pb.h"
#include "supervisor/pool/worker.h"

namespace tributary {

// Sends `assignment`, a setup test or a question for the catalog, and waits for its end. Returns
// the catalog of all pages; empty after a test that passed. A Failure comes back as its Status.
// CANCELLED: `give_up` said so. UNAVAILABLE: the worker ended or hangs and cannot be used again;
// another may be asked.
absl::StatusOr<Catalog> Ask(Worker& worker, const Assignment& assignment,
                            const std::function<bool()>& give_up,
                            const Clock& clock = TheSystemClock());

// The same with a worker that is started for this with `opening`, and ended afterwards. A worker
// that ends early is replaced a few times.
absl::StatusOr<Catalog> AskNewWorker(const Opening& opening, const Assignment& assignment,
                                     const std::function<bool()>& give_up, Metrics& metrics);

// The opening message of a worker.
Opening MakeOpening(const std::map<std::string, std::string>& configuration,
                    const std::map<std::string, std::string>& operator_settings,
                    const std::string& connection);

absl::Status ToStatus(const Failure& failure);

// Whether a worker shows signs of life, looked at once a second.
class PulseWatch {
 public:
  // True: its pulse has not changed for
  // limits::kSilentPulseLooks looks. Counted in looks, not in time, so that a supervisor that was
  // stopped itself does not treat its workers as dead.
  bool Silent(std::uint64_t pulse, Clock::time_point now);

 private:
  std::uint64_t pulse_ = 0;
  Clock::time_point last_look_{};
  int silent_looks_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_ASK_H_
