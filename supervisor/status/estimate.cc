#include "supervisor/status/estimate.h"

#include <algorithm>
#include <cstddef>

namespace tributary {
namespace {

constexpr double kPaceOver = 30;
constexpr double kEstimateOver = 300;
// A stage with at least this share is named as the bottleneck.
constexpr double kMost = 0.4;

// The newest point that is older than `seconds` before the last one, or the oldest.
const PacePoint& PointBefore(const RunningSync& sync, double seconds) {
  const double until = sync.pace.back().seconds - seconds;
  const auto later =
      std::find_if(sync.pace.begin(), sync.pace.end(),
                   [until](const PacePoint& point) { return point.seconds > until; });
  return later == sync.pace.begin() ? sync.pace.front() : *(later - 1);
}

Pace PaceOver(const RunningSync& sync, double seconds) {
  Pace pace;
  if (sync.pace.size() < 2) return pace;
  const PacePoint& from = PointBefore(sync, seconds);
  const PacePoint& to = sync.pace.back();
  pace.seconds = to.seconds - from.seconds;
  if (pace.seconds <= 0) return Pace();
  pace.records_per_second = static_cast<double>(to.records - from.records) / pace.seconds;
  pace.bytes_per_second = static_cast<double>(to.bytes - from.bytes) / pace.seconds;
  pace.progress_per_second = (to.progress - from.progress) / pace.seconds;
  for (std::size_t i = 0; i < kWaitStages; ++i) {
    pace.waits[i] = std::clamp((to.waits[i] - from.waits[i]) / pace.seconds, 0.0, 1.0);
  }
  return pace;
}

}  // namespace

Pace RecentPace(const RunningSync& sync) { return PaceOver(sync, kPaceOver); }

std::optional<double> SecondsLeft(const RunningSync& sync) {
  if (sync.progress >= 1) return std::nullopt;
  const Pace pace = PaceOver(sync, kEstimateOver);
  if (pace.progress_per_second <= 0) return std::nullopt;
  return (1 - sync.progress) / pace.progress_per_second;
}

std::string_view Bottleneck(const Pace& pace) {
  if (pace.seconds <= 0) return "Too early to tell.";
  const auto share = [&pace](WaitStage stage) {
    return pace.waits[static_cast<std::size_t>(stage)];
  };
  const double client = share(WaitStage::kClient);
  const double staging = share(WaitStage::kStaging);
  const double source = share(WaitStage::kSource);
  const double ring = share(WaitStage::kRing);
  const double most = std::max({client, staging, source, ring});
  if (most >= kMost && most == client) {
    return "Fivetran: it takes data more slowly than the source delivers it. Nothing needs to be "
           "done "
           "here.";
  }
  if (most >= kMost && most == staging) {
    return "The disk of --staging-dir: it is full or slower than the source. A faster disk, or "
           "more room with --staging-limit, helps.";
  }
  if (most >= kMost && most == ring) {
    return "The supervisor's own thread: workers wait for it with full rings. More workers do not "
           "help; fewer connections in one process may.";
  }
  if (share(WaitStage::kGate) >= kMost) {
    return "The log waits for slices that are open; it goes on when they end.";
  }
  if (most >= kMost) {
    return "The source: workers wait for its rows. More --workers help where the database has "
           "room for more readers.";
  }
  return "Nothing in particular: reading, staging and sending are equally fast.";
}

}  // namespace tributary
