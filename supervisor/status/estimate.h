// Derives what people want to know from the figures of a running sync. Pure functions.
#ifndef TRIBUTARY_SUPERVISOR_STATUS_ESTIMATE_H_
#define TRIBUTARY_SUPERVISOR_STATUS_ESTIMATE_H_

#include <array>
#include <optional>
#include <string_view>

#include "supervisor/status/status.h"

namespace tributary {

// Of the last half minute or so.
struct Pace {
  double seconds = 0;
  double records_per_second = 0;
  double bytes_per_second = 0;
  double progress_per_second = 0;
  // Shares of that time, 0 to 1, by WaitStage. kGate's is in addition to the others'.
  std::array<double, kWaitStages> waits{};
};

// Zeroes if it has not run long enough.
Pace RecentPace(const RunningSync& sync);

// Seconds until everything is copied, at the pace of the last minutes; empty if not known, or if
// nothing is left.
std::optional<double> SecondsLeft(const RunningSync& sync);

// The sync's bottleneck, as a sentence that says what to do.
std::string_view Bottleneck(const Pace& pace);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_ESTIMATE_H_
