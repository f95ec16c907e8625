// What the figures of a running sync come to, in the words of people. Pure functions.
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
  // Shares of that time, 0 to 1, by WaitStage. kGate's beside the others'.
  std::array<double, kWaitStages> waits{};
};

// Zeroes where it has not run for long enough.
Pace RecentPace(const RunningSync& sync);

// Seconds until all is copied, at the pace of the last minutes; nothing where that cannot
// be told, or nothing is left.
std::optional<double> SecondsLeft(const RunningSync& sync);

// What keeps the sync from being faster, as a sentence with what to do.
std::string_view Bottleneck(const Pace& pace);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_ESTIMATE_H_
