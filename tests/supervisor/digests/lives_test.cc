// Random lives of a table, with the real rules and with each rule left out. With the real rules
// every life ends with the destination equal to the source; without a rule, some lives do not.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/process/temp_dir.h"
#include "tests/supervisor/digests/copy_life.h"
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
  EXPECT_TRUE(IsFound(WrongRules{.confirmed_only = true}));
}

TEST(LivesTest, RecordThatLeavesBeforeItsDigestIsFound) {
  EXPECT_TRUE(IsFound(WrongRules{.record_first = true}));
}

TEST(LivesTest, HoldingAgainstTheLatestGenerationIsFound) {
  EXPECT_TRUE(IsFound(WrongRules{.latest = true}));
}

TEST(LivesTest, SliceThatIsReadAgainAndForgetsWhatItGaveOutIsFound) {
  EXPECT_TRUE(IsFound(WrongRules{.own_forgotten = true}));
}

constexpr int kCopyLives = 300;

bool IsFound(const WrongCopyRules& wrong) {
  const TempDir folder;
  for (int seed = 0; seed < kMostWrongLives; ++seed) {
    const CopyLifeEnd end =
        LiveCopy(static_cast<std::uint64_t>(seed), wrong, folder / std::to_string(seed));
    if (end.diverged || !end.failure.empty()) return true;
  }
  return false;
}

TEST(LivesTest, CopyOfNamelessContentGoesOnAndTheDestinationEndsEqual) {
  const TempDir folder;
  int resumed = 0;
  int begun_again = 0;
  for (int seed = 0; seed < kCopyLives; ++seed) {
    const CopyLifeEnd end =
        LiveCopy(static_cast<std::uint64_t>(seed), {}, folder / std::to_string(seed));
    ASSERT_EQ(end.failure, "") << "seed " << seed;
    ASSERT_FALSE(end.diverged) << "seed " << seed;
    resumed += end.resumed;
    begun_again += end.begun_again;
  }
  RecordProperty("figures", absl::StrCat(kCopyLives, " copies went on ", resumed,
                                         " times and began again ", begun_again, " times"));
  EXPECT_GT(resumed, kCopyLives);
}

TEST(LivesTest, RowThatLeavesBeforeItsDigestIsFound) {
  EXPECT_TRUE(IsFound(WrongCopyRules{.row_first = true}));
}

TEST(LivesTest, WhatWasGivenOutAfterTheStateAndStaysIsFound) {
  EXPECT_TRUE(IsFound(WrongCopyRules{.kept_after_state = true}));
}

TEST(LivesTest, WhatWasGivenOutAfterAMarkAndStaysIsFound) {
  EXPECT_TRUE(IsFound(WrongCopyRules{.kept_after_mark = true}));
}

TEST(LivesTest, GenerationThatIsNamedBeforeItsDeletesIsFound) {
  EXPECT_TRUE(IsFound(WrongCopyRules{.named_early = true}));
}

}  // namespace
}  // namespace tributary::tests
