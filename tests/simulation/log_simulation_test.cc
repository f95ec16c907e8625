// A source with a log: whichever process is killed at whatever moment, the next sync from a saved
// state ends with a destination equal to the source, and no checkpoint claims more than the
// destination has. If a rule of supervisor/plan/gate.h is broken, the simulation finds it.
//
// TRIBUTARY_SIMULATION_SEEDS as in simulation_test.cc.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/simulation/logged_life.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary::simulation {
namespace {

constexpr std::uint64_t kSeeds = 4'000;

std::string LiveOnce(std::uint64_t seed, Metrics& metrics, Figures& figures, Rule left_out) {
  const TempFolder folder;
  return LoggedLife(seed, folder.path() + "/staging", metrics, figures, left_out).Run();
}

TEST(LogSimulationTest, DestinationEqualsSourceWhateverIsKilled) {
  Metrics metrics;
  Figures figures;
  const auto [first, last] = SeedsToRun(kSeeds);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    std::optional<SilentStdout> silence;
    if (first != last) silence.emplace();
    const std::string broken = LiveOnce(seed, metrics, figures, Rule::kNone);
    silence.reset();
    ASSERT_EQ(broken, "") << "TRIBUTARY_SIMULATION_SEEDS=" << seed << " shows it";
  }
  RecordProperty("figures", absl::StrCat(last - first + 1, " lives: ", figures.Text()));
  if (last - first + 1 < kSeeds) return;
  EXPECT_GT(figures.kills, figures.syncs / 10);
  EXPECT_GT(figures.replays, figures.syncs / 100);
  EXPECT_GT(figures.staged_checkpoints, 0u);
}

struct LeftOut {
  Rule rule;
  const char* name;
  // The number of lives within which it has to be found.
  std::uint64_t lives;
};

void PrintTo(const LeftOut& one, std::ostream* out) { *out << one.name; }

class RuleTest : public ::testing::TestWithParam<LeftOut> {};

TEST_P(RuleTest, ThatIsLeftOutIsFound) {
  Metrics metrics;
  Figures figures;
  std::string broken;
  std::uint64_t seed = 0;
  {
    const SilentStdout silence;
    while (broken.empty() && seed < GetParam().lives) {
      broken = LiveOnce(++seed, metrics, figures, GetParam().rule);
    }
  }
  EXPECT_NE(broken, "") << "not found in " << seed << " lives";
  RecordProperty("figures", absl::StrCat("found in life ", seed));
}

INSTANTIATE_TEST_SUITE_P(Log, RuleTest,
                         ::testing::Values(LeftOut{Rule::kVisible, "Visible", 3'000},
                                           LeftOut{Rule::kGateHolds, "GateHolds", 3'000},
                                           LeftOut{Rule::kLateRefused, "LateRefused", 3'000},
                                           LeftOut{Rule::kWholeFrom, "WholeFrom", 3'000},
                                           LeftOut{Rule::kOldestSnapshot, "OldestSnapshot", 3'000},
                                           LeftOut{Rule::kLogPassesCopy, "LogPassesCopy", 3'000},
                                           LeftOut{Rule::kReadingAgain, "ReadingAgain", 3'000}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace tributary::simulation
