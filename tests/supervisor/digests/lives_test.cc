// Lives of a table with the rules as they are, and with each rule left out: the first end
// with the destination equal to the source, and among the others some do not.
#include <gtest/gtest.h>

#include <string>

#include "tests/process/temp_dir.h"
#include "tests/supervisor/digests/one_life.h"

namespace tributary::tests {
namespace {

constexpr int kLives = 40;
constexpr int kMostWrongLives = 400;

bool IsFound(const WrongRules& wrong) {
  const TempDir folder;
  for (int seed = 0; seed < kMostWrongLives; ++seed) {
    const LifeEnd end =
        LiveOnce(static_cast<std::uint64_t>(seed), wrong, folder / std::to_string(seed));
    if (end.diverged || !end.failure.empty()) return true;
  }
  return false;
}

TEST(LivesTest, WhateverEndsAndComesBackTheDestinationEndsEqualAndNothingIsSentInVain) {
  const TempDir folder;
  for (int seed = 0; seed < kLives; ++seed) {
    const LifeEnd end =
        LiveOnce(static_cast<std::uint64_t>(seed), {}, folder / std::to_string(seed));
    ASSERT_EQ(end.failure, "") << "seed " << seed;
    ASSERT_FALSE(end.diverged) << "seed " << seed;
    ASSERT_EQ(end.needless, 0) << "seed " << seed;
  }
}

TEST(LivesTest, HoldingAgainstTheConfirmedGenerationOnlyIsFound) {
  EXPECT_TRUE(IsFound({.confirmed_only = true}));
}

TEST(LivesTest, RecordThatLeavesBeforeItsDigestIsFound) {
  EXPECT_TRUE(IsFound({.record_first = true}));
}

TEST(LivesTest, HoldingAgainstTheLatestGenerationIsFound) {
  EXPECT_TRUE(IsFound({.latest = true}));
}

TEST(LivesTest, SliceThatIsReadAgainAndForgetsWhatItGaveOutIsFound) {
  EXPECT_TRUE(IsFound({.own_forgotten = true}));
}

}  // namespace
}  // namespace tributary::tests
