// Each rule of the gate by itself. gate_interleavings_test.cc shows that they suffice together, and
// that each is needed.
#include "supervisor/plan/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Entry = Gate::Entry;
using Answer = Gate::Passage::Answer;

constexpr char kLife[] = "first";
constexpr char kNextLife[] = "second";
// Transactions 10 to 14 have begun, and 11 and 13 are running.
const Snapshot kLog{11, 15, {11, 13}};

Gate::Time At(int seconds) { return Gate::Time(std::chrono::seconds(seconds)); }

// The log worker's first snapshot is merged.
Gate Began() {
  Gate gate;
  EXPECT_TRUE(gate.MergeSnapshot(kLog, kLife));
  return gate;
}

TEST(GateTest, SliceIsAdmittedWhereItSeesAllThatWasMergedAndTheLogHasItsTableWhole) {
  const struct {
    const char* name;
    Snapshot slice;
    std::uint64_t whole_from;
    Entry entry;
  } cases[] = {
      {"the same snapshot", kLog, 0, Entry::kAdmitted},
      {"a later snapshot", {20, 20, {}}, 0, Entry::kAdmitted},
      {"a running transaction has ended", {13, 15, {13}}, 0, Entry::kAdmitted},
      {"more have begun", {11, 30, {11, 13, 15, 29}}, 0, Entry::kAdmitted},
      {"it lacks a transaction that ended", {11, 15, {11, 12, 13}}, 0, Entry::kRefused},
      {"it lacks the last one", {11, 14, {11, 13}}, 0, Entry::kRefused},
      {"it is older than all of them", {9, 9, {}}, 0, Entry::kRefused},
      {"all before W have ended", {20, 25, {20}}, 20, Entry::kAdmitted},
      {"one before W is running", {19, 25, {19}}, 20, Entry::kNotWhole},
      {"one before W is running, and it is late", {11, 14, {11, 13}}, 20, Entry::kNotWhole},
  };
  for (const auto& [name, slice, whole_from, entry] : cases) {
    Gate gate = Began();
    EXPECT_EQ(gate.Open(1, slice, kLife, whole_from), entry) << name;
  }
}

TEST(GateTest, NothingOpensBeforeTheLogWorkersFirstSnapshot) {
  Gate gate;
  EXPECT_EQ(gate.Open(1, kLog, kLife, 0), Entry::kOtherLife);
  EXPECT_EQ(gate.Ask(10, At(0)).answer, Answer::kUnsound);
  EXPECT_TRUE(gate.MergeSnapshot(kLog, kLife));
  EXPECT_EQ(gate.Open(1, kLog, kLife, 0), Entry::kAdmitted);
}

TEST(GateTest, TransactionPassesWhereEveryOpenSliceSeesIt) {
  Gate gate = Began();
  EXPECT_EQ(gate.Open(1, kLog, kLife, 0), Entry::kAdmitted);
  EXPECT_EQ(gate.Open(2, {13, 15, {13}}, kLife, 0), Entry::kAdmitted);
  EXPECT_EQ(gate.Open(3, {20, 20, {}}, kLife, 0), Entry::kAdmitted);
  EXPECT_TRUE(gate.MergeSnapshot({20, 20, {}}, kLife));
  const struct {
    std::uint64_t transaction;
    std::vector<Gate::Slice> holders;
  } cases[] = {{10, {}}, {11, {1}}, {12, {}}, {13, {1, 2}}, {14, {}}, {15, {1, 2}}};
  for (const auto& [transaction, holders] : cases) {
    const Gate::Passage passage = gate.Ask(transaction, At(0));
    EXPECT_EQ(passage.answer, holders.empty() ? Answer::kPasses : Answer::kHeld) << transaction;
    EXPECT_EQ(passage.holders, holders) << transaction;
  }
}

TEST(GateTest, OldTransactionThatRunsHoldsUpNothing) {
  Gate gate;
  EXPECT_TRUE(gate.MergeSnapshot({2, 1000, {2}}, kLife));
  EXPECT_EQ(gate.Open(1, {2, 1000, {2}}, kLife, 0), Entry::kAdmitted);
  EXPECT_EQ(gate.Ask(999, At(0)).answer, Answer::kPasses);
}

TEST(GateTest, HeldTransactionPassesOnceItsHoldersAreClosedAndSaysSinceWhenItWaits) {
  Gate gate = Began();
  gate.Open(1, kLog, kLife, 0);
  gate.Open(2, kLog, kLife, 0);
  EXPECT_TRUE(gate.MergeSnapshot({20, 20, {}}, kLife));
  EXPECT_EQ(gate.Ask(13, At(5)).since, At(5));
  gate.Close(1);
  gate.Close(7);  // Not known.
  const Gate::Passage passage = gate.Ask(13, At(9));
  EXPECT_EQ(passage.answer, Answer::kHeld);
  EXPECT_THAT(passage.holders, ElementsAre(2));
  EXPECT_EQ(passage.since, At(5));
  gate.Close(2);
  EXPECT_EQ(gate.Ask(13, At(10)).answer, Answer::kPasses);
  // The next transaction has not waited yet.
  gate.Open(3, {20, 20, {}}, kLife, 0);
  EXPECT_TRUE(gate.MergeSnapshot({30, 30, {}}, kLife));
  EXPECT_EQ(gate.Ask(20, At(11)).since, At(11));
}

TEST(GateTest, RefusedSliceIsFirstUntilItIsAdmittedOrClosed) {
  Gate gate = Began();
  EXPECT_EQ(gate.Open(1, {9, 9, {}}, kLife, 0), Entry::kRefused);
  // Even if its snapshot sees the transaction: its next snapshot is a different one.
  EXPECT_THAT(gate.Ask(8, At(0)).holders, ElementsAre(1));
  EXPECT_EQ(gate.Open(1, {11, 16, {11, 13, 15}}, kLife, 0), Entry::kAdmitted);
  EXPECT_EQ(gate.Ask(12, At(1)).answer, Answer::kPasses);
  gate.Close(1);

  EXPECT_EQ(gate.Open(2, {9, 9, {}}, kLife, 0), Entry::kRefused);
  EXPECT_EQ(gate.Ask(12, At(2)).answer, Answer::kHeld);
  gate.Close(2);
  EXPECT_EQ(gate.Ask(12, At(3)).answer, Answer::kPasses);
}

TEST(GateTest, SliceThatWaitsForOldTransactionsHoldsUpNothingAndLosesItsPlace) {
  Gate gate = Began();
  EXPECT_EQ(gate.Open(1, kLog, kLife, 12), Entry::kNotWhole);
  EXPECT_EQ(gate.Ask(12, At(0)).answer, Answer::kPasses);
  EXPECT_EQ(gate.Open(1, {9, 9, {}}, kLife, 0), Entry::kRefused);
  EXPECT_EQ(gate.Open(1, kLog, kLife, 12), Entry::kNotWhole);
  EXPECT_EQ(gate.Ask(12, At(0)).answer, Answer::kPasses);
}

TEST(GateTest, WorkerThatHandsOutWhatItDoesNotSeeOrGoesBackIsUnsound) {
  Gate gate = Began();
  EXPECT_EQ(gate.Ask(13, At(0)).answer, Answer::kUnsound);
  EXPECT_EQ(gate.Ask(15, At(0)).answer, Answer::kUnsound);
  EXPECT_FALSE(gate.MergeSnapshot({11, 15, {11, 12, 13}}, kLife));
  EXPECT_EQ(gate.Ask(12, At(0)).answer, Answer::kPasses) << "what was refused changed nothing";
}

TEST(GateTest, NewLifeBeginsWithSmallerNumbersAndSlicesOfTheOldOneHoldEverything) {
  Gate gate = Began();
  EXPECT_EQ(gate.Open(1, {20, 20, {}}, kLife, 0), Entry::kAdmitted);
  EXPECT_TRUE(gate.MergeSnapshot({12, 12, {}}, kNextLife));
  // This transaction 11 is not the one that the slice sees.
  EXPECT_THAT(gate.Ask(11, At(0)).holders, ElementsAre(1));
  EXPECT_EQ(gate.Open(2, {20, 20, {}}, kLife, 0), Entry::kOtherLife);
  EXPECT_EQ(gate.Open(3, {12, 12, {}}, kNextLife, 0), Entry::kAdmitted);
  EXPECT_THAT(gate.Ask(11, At(0)).holders, ElementsAre(1));
  gate.Close(1);
  EXPECT_THAT(gate.Ask(11, At(0)).holders, IsEmpty());
}

TEST(GateTest, SliceOfALaterLifeThanTheLogWorkersDoesNotKeepTheLogFromComingToIt) {
  Gate gate = Began();
  EXPECT_EQ(gate.Open(1, {9, 9, {}}, kLife, 0), Entry::kRefused);
  // In the ring, transaction 12 of the old life precedes the snapshot of the new one.
  EXPECT_EQ(gate.Open(1, {12, 12, {}}, kNextLife, 0), Entry::kOtherLife);
  EXPECT_EQ(gate.Ask(12, At(0)).answer, Answer::kPasses);
  EXPECT_TRUE(gate.MergeSnapshot({13, 13, {}}, kNextLife));
  EXPECT_EQ(gate.Open(1, {14, 14, {}}, kNextLife, 0), Entry::kAdmitted);
}

}  // namespace
}  // namespace tributary
