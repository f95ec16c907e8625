#include "common/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace tributary {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

TEST(SnapshotTest, SeesAllBeforeNoneFromAndBetweenThemAllButTheRunning) {
  const Snapshot snapshot{10, 15, {10, 12}};
  const struct {
    std::uint64_t transaction;
    bool seen;
  } cases[] = {{0, true},  {9, true},  {10, false}, {11, true},  {12, false},
               {13, true}, {14, true}, {15, false}, {16, false}, {kLargest, false}};
  for (const auto& [transaction, seen] : cases) {
    EXPECT_EQ(snapshot.Sees(transaction), seen) << transaction;
  }
}

TEST(SnapshotTest, NumbersHaveSixtyFourBits) {
  constexpr std::uint64_t kWrap = std::uint64_t{1} << 32;
  const Snapshot snapshot{kWrap - 1, kWrap + 3, {kWrap - 1, kWrap + 1}};
  EXPECT_TRUE(snapshot.Sees(kWrap - 2));
  EXPECT_FALSE(snapshot.Sees(kWrap - 1));
  EXPECT_TRUE(snapshot.Sees(kWrap));
  EXPECT_FALSE(snapshot.Sees(kWrap + 1));
  EXPECT_FALSE(snapshot.Sees(kWrap + 3));
  EXPECT_TRUE((Snapshot{kLargest, kLargest, {}}).SeesAllOf(snapshot));
  EXPECT_FALSE(snapshot.SeesAllOf({kLargest, kLargest, {}}));
}

// All snapshots of transactions 0 to `most` - 1.
std::vector<Snapshot> AllSnapshots(std::uint64_t most) {
  std::vector<Snapshot> all;
  for (std::uint64_t from = 0; from <= most; ++from) {
    for (std::uint64_t to = from; to <= most; ++to) {
      for (std::uint64_t set = 0; set < std::uint64_t{1} << (to - from); ++set) {
        Snapshot snapshot{from, to, {}};
        for (std::uint64_t i = from; i < to; ++i) {
          if ((set >> (i - from) & 1) != 0) snapshot.except.push_back(i);
        }
        all.push_back(snapshot);
      }
    }
  }
  return all;
}

TEST(SnapshotTest, SeesAllOfAnotherExactlyWhereItSeesEachThatTheOtherSees) {
  const std::vector<Snapshot> all = AllSnapshots(6);
  int pairs_that_do = 0;
  for (const Snapshot& one : all) {
    for (const Snapshot& other : all) {
      bool expected = true;
      for (std::uint64_t i = 0; i < 8; ++i) expected = expected && (one.Sees(i) || !other.Sees(i));
      ASSERT_EQ(one.SeesAllOf(other), expected) << one.all_before << ':' << one.none_from << " and "
                                                << other.all_before << ':' << other.none_from;
      pairs_that_do += expected ? 1 : 0;
    }
  }
  EXPECT_GT(pairs_that_do, 1000);
}

TEST(SnapshotTest, IsMadeOfPartsThatFit) {
  const auto made = MakeSnapshot(10, 15, {10, 12, 14});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(*made, (Snapshot{10, 15, {10, 12, 14}}));
  EXPECT_TRUE(MakeSnapshot(0, 0, {}).ok());
  EXPECT_TRUE(MakeSnapshot(kLargest, kLargest, {}).ok());
}

TEST(SnapshotTest, PartsThatContradictEachOtherAreRefused) {
  const struct {
    const char* name;
    std::uint64_t all_before;
    std::uint64_t none_from;
    std::vector<std::uint64_t> except;
  } cases[] = {{"ends before it begins", 15, 10, {}},
               {"running before all_before", 10, 15, {9, 12}},
               {"running at none_from", 10, 15, {12, 15}},
               {"out of order", 10, 15, {12, 11}},
               {"twice", 10, 15, {12, 12}}};
  for (const auto& [name, all_before, none_from, except] : cases) {
    EXPECT_EQ(MakeSnapshot(all_before, none_from, except).status().code(),
              absl::StatusCode::kInvalidArgument)
        << name;
  }
}

TEST(SnapshotTest, HasAtMostAsManyRunningAsItMay) {
  std::vector<std::uint64_t> running(kMaxRunningTransactions);
  for (std::size_t i = 0; i < running.size(); ++i) running[i] = i;
  EXPECT_TRUE(MakeSnapshot(0, kLargest, running).ok());
  running.push_back(kMaxRunningTransactions);
  const auto refused = MakeSnapshot(0, kLargest, running);
  EXPECT_THAT(std::string(refused.status().message()), testing::HasSubstr("65536 are taken"));
}

TEST(LogPositionTest, AreComparedMemberByMember) {
  const std::vector<LogPosition> in_order = {{},        {1},    {1, 5}, {1, 5, 2}, {1, 5, 2, 1},
                                             {1, 5, 3}, {1, 6}, {2},    {kLargest}};
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    for (std::size_t j = 0; j < in_order.size(); ++j) {
      EXPECT_EQ(in_order[i] < in_order[j], i < j) << i << ' ' << j;
    }
  }
}

}  // namespace
}  // namespace tributary
