// What is derived from a sync's figures: its pace, the remaining time, and what it waits for.
#include "supervisor/status/estimate.h"

#include <gtest/gtest.h>

#include <string>

namespace tributary::tests {
namespace {

// A point every five seconds; in each interval, the sync waits for a share of `waits`.
RunningSync Steady(int points, double progress_each, std::array<double, kWaitStages> waits = {}) {
  RunningSync sync;
  for (int i = 0; i < points; ++i) {
    PacePoint point;
    point.seconds = 5.0 * i;
    point.records = static_cast<std::uint64_t>(1000 * i);
    point.bytes = static_cast<std::uint64_t>(50'000 * i);
    point.progress = progress_each * i;
    for (std::size_t stage = 0; stage < kWaitStages; ++stage) {
      point.waits[stage] = waits[stage] * point.seconds;
    }
    sync.pace.push_back(point);
    sync.progress = point.progress;
  }
  return sync;
}

TEST(Estimate, PaceIsThatOfTheLastHalfMinute) {
  RunningSync sync = Steady(20, 0.01);
  // A slow beginning is not used.
  sync.pace.front().seconds = -1000;
  const Pace pace = RecentPace(sync);
  EXPECT_DOUBLE_EQ(pace.records_per_second, 200);
  EXPECT_DOUBLE_EQ(pace.bytes_per_second, 10'000);
}

TEST(Estimate, TimeLeftIsWhatTheRestTakesAtThePaceOfTheLastMinutes) {
  const auto left = SecondsLeft(Steady(11, 0.05));
  ASSERT_TRUE(left.has_value());
  EXPECT_NEAR(*left, 50, 1e-6);
}

TEST(Estimate, NoTimeIsToldWhereNothingMovesOrNothingIsLeft) {
  EXPECT_FALSE(SecondsLeft(Steady(1, 0.1)).has_value());
  EXPECT_FALSE(SecondsLeft(Steady(10, 0)).has_value());
  RunningSync done = Steady(11, 0.1);
  done.progress = 1;
  EXPECT_FALSE(SecondsLeft(done).has_value());
}

TEST(Estimate, BottleneckIsTheStageThatIsWaitedForMost) {
  using Waits = std::array<double, kWaitStages>;
  const struct {
    Waits waits;  // source, ring, gate, staging, client
    const char* says;
  } kCases[] = {
      {{0.9, 0, 0, 0, 0}, "The source"},
      {{0.1, 0.6, 0, 0, 0.1}, "The supervisor's own thread"},
      {{0, 0, 0, 0.8, 0.1}, "The disk"},
      {{0.1, 0, 0, 0.1, 0.7}, "Fivetran"},
      {{0.2, 0, 0.8, 0, 0}, "The log waits"},
      {{0.1, 0.1, 0, 0.1, 0.1}, "Nothing in particular"},
      // A slice delays the log, and the client is the slowest part.
      {{0, 0, 0.9, 0, 0.9}, "Fivetran"},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(Bottleneck(RecentPace(Steady(10, 0.01, one.waits))).find(one.says), 0u) << one.says;
  }
  EXPECT_EQ(Bottleneck(RecentPace(Steady(1, 0))), "Too early to tell.");
}

}  // namespace
}  // namespace tributary::tests
