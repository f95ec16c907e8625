#include "supervisor/plan/scheduler.h"

#include <gtest/gtest.h>

#include <memory>

#include "common/limits.h"
#include "tests/supervisor/plan/tables.h"

namespace tributary {
namespace {

using Ranges = std::vector<BoundRange>;
using MarkResult = Scheduler::MarkResult;
using FinishResult = Scheduler::FinishResult;

class SchedulerTest : public ::testing::Test {
 protected:
  void Begin(const Catalog& catalog, State state = {}) {
    plan_ = PlanOf(catalog, std::move(state)).value();
    scheduler_ = std::make_unique<Scheduler>(std::move(plan_.copies), plan_.state);
  }
  void BeginTables(int count) {
    Catalog catalog = CatalogOf("v1");
    for (int i = 0; i < count; ++i) AddTable(catalog, "t" + std::to_string(1000 + i), {"id", "a"});
    Begin(catalog);
  }
  // A table whose first `done` is done.
  void BeginResumed(const Ranges& done) {
    Catalog catalog = CatalogOf("v1");
    AddTable(catalog, "t", {"id", "a"});
    State state = LiveState(catalog);
    state.tables.begin()->second.phase = Phase::kCopying;
    state.tables.begin()->second.done = DoneRanges::FromList(done).value();
    Begin(catalog, state);
  }

  CutWork NextCut() {
    auto work = scheduler_->Next();
    EXPECT_TRUE(work.has_value() && std::holds_alternative<CutWork>(*work));
    return std::get<CutWork>(*work);
  }
  ReadWork NextRead() {
    auto work = scheduler_->Next();
    EXPECT_TRUE(work.has_value() && std::holds_alternative<ReadWork>(*work));
    return std::get<ReadWork>(*work);
  }
  static Slices SlicesOf(const Ranges& ranges) {
    Slices slices;
    Slices::Table& table = *slices.add_tables();
    for (const BoundRange& range : ranges) {
      auto& slice = *table.add_slices();
      slice.set_from(range.from);
      slice.set_to(range.to);
    }
    return slices;
  }
  void CutInto(const Ranges& ranges) { scheduler_->Cut(NextCut(), SlicesOf(ranges)); }
  void ReadWhole(const ReadWork& read, const std::string& version = "v1") {
    ASSERT_EQ(scheduler_->Open(read, version), MarkResult::kTaken);
    ASSERT_EQ(scheduler_->Mark(read, read.range.to), MarkResult::kTaken);
  }
  // The tables that are truncated before the rows of `read`.
  std::vector<std::size_t> TruncatedBy(const ReadWork& read, const std::string& version = "v1") {
    EXPECT_TRUE(scheduler_->TakeToTruncate().empty());
    EXPECT_EQ(scheduler_->Open(read, version), MarkResult::kTaken);
    return scheduler_->TakeToTruncate();
  }
  TableState& entry() { return plan_.state.tables.begin()->second; }

  Plan plan_;
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerTest, ATableIsCutTruncatedReadAndLive) {
  BeginTables(1);
  const CutWork cut = NextCut();
  ASSERT_EQ(cut.tables.size(), 1u);
  EXPECT_EQ(cut.tables[0].ranges, (Ranges{{"", ""}}));
  EXPECT_TRUE(scheduler_->TakeToTruncate().empty());
  EXPECT_FALSE(scheduler_->Next().has_value());
  scheduler_->Cut(cut, SlicesOf({{"", "5"}, {"5", ""}}));
  EXPECT_EQ(scheduler_->TakeToTruncate(), std::vector<std::size_t>{0});
  const ReadWork first = NextRead();
  const ReadWork second = NextRead();
  EXPECT_EQ(first.range, (BoundRange{"", "5"}));
  EXPECT_EQ(second.range, (BoundRange{"5", ""}));
  EXPECT_FALSE(scheduler_->Next().has_value());
  EXPECT_TRUE(TruncatedBy(second).empty());
  EXPECT_TRUE(TruncatedBy(first).empty());
  ReadWhole(second);
  EXPECT_EQ(scheduler_->Finish(second), FinishResult::kOpen);
  EXPECT_EQ(entry().done.Done(), (Ranges{{"5", ""}}));
  ReadWhole(first);
  EXPECT_FALSE(scheduler_->finished());
  EXPECT_EQ(scheduler_->Finish(first), FinishResult::kWhole);
  EXPECT_TRUE(scheduler_->finished());
  EXPECT_EQ(scheduler_->In(course::Phase::kLive), 1u);
  EXPECT_EQ(entry().phase, Phase::kLive);
  EXPECT_EQ(entry().content, "v1");
}

TEST_F(SchedulerTest, TablesAreCutInBoundedGroupsAndAheadOfNeed) {
  BeginTables(static_cast<int>(limits::kTablesInCut) + 10);
  const CutWork first = NextCut();
  EXPECT_EQ(first.tables.size(), limits::kTablesInCut);
  // Nothing can be read yet, so other tables may be cut meanwhile.
  const CutWork second = NextCut();
  EXPECT_EQ(second.tables.size(), 10u);
  EXPECT_FALSE(scheduler_->Next().has_value());
  // A table without an answer is read in one piece.
  scheduler_->Cut(second, Slices());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(NextRead().range, (BoundRange{"", ""}));
}

TEST_F(SchedulerTest, AResumedTableIsCutInItsGapsAndNotTruncated) {
  BeginResumed({{"", "3"}, {"6", "8"}});
  const CutWork cut = NextCut();
  EXPECT_EQ(cut.tables[0].ranges, (Ranges{{"3", "6"}, {"8", ""}}));
  scheduler_->Cut(cut, SlicesOf({{"3", "4"}, {"4", "6"}, {"8", ""}}));
  for (int i = 0; i < 3; ++i) {
    const ReadWork read = NextRead();
    EXPECT_TRUE(TruncatedBy(read).empty());
    ReadWhole(read);
    EXPECT_EQ(scheduler_->Finish(read), i < 2 ? FinishResult::kOpen : FinishResult::kWhole);
  }
}

TEST_F(SchedulerTest, CutsThatDoNotFitAreNotUsedAndCostNoProgress) {
  for (const Ranges& wrong : std::vector<Ranges>{{{"3", "4"}},
                                                 {{"3", "5"}, {"4", ""}},
                                                 {{"", ""}},
                                                 {{"3", ""}, {"3", ""}},
                                                 {{"3", "4"}, {"4", "3"}, {"3", ""}}}) {
    BeginResumed({{"", "3"}});
    CutInto(wrong);
    EXPECT_EQ(entry().done.Done(), (Ranges{{"", "3"}}));
    const ReadWork read = NextRead();
    EXPECT_EQ(read.range, (BoundRange{"3", ""}));
    EXPECT_TRUE(TruncatedBy(read).empty());
    EXPECT_FALSE(scheduler_->Next().has_value());
  }
}

TEST_F(SchedulerTest, CutsAtBoundsThatWouldSwellTheStateAreNotUsed) {
  const std::string longest(limits::kMaxBoundBytes, '5');
  BeginTables(2);
  Slices slices = SlicesOf({{"", longest}, {longest, ""}});
  slices.MergeFrom(SlicesOf({{"", longest + "5"}, {longest + "5", ""}}));
  scheduler_->Cut(NextCut(), slices);
  EXPECT_EQ(NextRead().range, (BoundRange{"", longest}));
  EXPECT_EQ(NextRead().range, (BoundRange{longest, ""}));
  EXPECT_EQ(NextRead().range, (BoundRange{"", ""}));
}

// A state of an earlier sync may contain such bounds.
TEST_F(SchedulerTest, BoundsThatAreInTheStateAlreadyMayBeOfAnyLength) {
  const std::string longer(limits::kMaxBoundBytes + 1, '5');
  BeginResumed({{"", longer}});
  CutInto({{longer, "6"}, {"6", ""}});
  EXPECT_EQ(NextRead().range, (BoundRange{longer, "6"}));
  EXPECT_EQ(NextRead().range, (BoundRange{"6", ""}));
}

TEST_F(SchedulerTest, ASliceOfAnotherVersionIsMovedBeforeAnyOfItsRows) {
  BeginTables(1);
  CutInto({{"", "5"}, {"5", ""}});
  const ReadWork first = NextRead();
  const ReadWork second = NextRead();
  EXPECT_EQ(scheduler_->TakeToTruncate(), std::vector<std::size_t>{0});
  EXPECT_EQ(scheduler_->Open(first, "v1"), MarkResult::kTaken);
  EXPECT_EQ(entry().content, "v1") << "before its first mark";
  EXPECT_EQ(scheduler_->Open(second, "v2"), MarkResult::kMoved);
  EXPECT_TRUE(entry().done.Done().empty());

  scheduler_->Restart(0, course::Event::kMoved);
  EXPECT_TRUE(scheduler_->Stale(first));
  EXPECT_TRUE(scheduler_->Stale(second));
  // The old read's result is discarded.
  EXPECT_FALSE(scheduler_->GiveBack(first, true));
  EXPECT_FALSE(scheduler_->GiveBack(second, true));
  const ReadWork whole = NextRead();
  EXPECT_EQ(whole.range, (BoundRange{"", ""}));
  EXPECT_EQ(entry().content, "");
  EXPECT_FALSE(scheduler_->Next().has_value());
  EXPECT_EQ(TruncatedBy(whole, "v2"), std::vector<std::size_t>{0});
  ReadWhole(whole, "v2");
  EXPECT_EQ(scheduler_->Finish(whole, "aaaa"), FinishResult::kWhole);
  EXPECT_EQ(entry().page_digest, "aaaa");
}

TEST_F(SchedulerTest, ASourceThatKeepsChangingHasATableReadInOnePiece) {
  BeginTables(1);
  CutInto({{"", "5"}, {"5", ""}});
  for (int moves = 0; moves < limits::kMovesOfTable; ++moves) {
    const ReadWork read = NextRead();
    if (moves > 0) {
      EXPECT_EQ(read.range, (BoundRange{"", ""}));
    }
    EXPECT_FALSE(scheduler_->Stale(read));
    EXPECT_EQ(scheduler_->moves(0), moves);
    EXPECT_EQ(scheduler_->in_one_piece(0), moves >= limits::kMovesBeforeOnePiece) << moves;
    scheduler_->Restart(0, course::Event::kMoved);
    EXPECT_TRUE(scheduler_->Stale(read));
  }
}

TEST_F(SchedulerTest, ACopyOverRowsThatStayIsOfTheirVersion) {
  Catalog catalog = CatalogOf("v1");
  AddTable(catalog, "t", {"id"});
  const State live = LiveState(catalog);
  Catalog wider = CatalogOf("v1");
  AddTable(wider, "t", {"id", "a"});
  Begin(wider, live);
  CutInto({{"", ""}});
  const ReadWork read = NextRead();
  EXPECT_EQ(scheduler_->Open(read, "v2"), MarkResult::kMoved);
  EXPECT_TRUE(scheduler_->TakeToTruncate().empty());
  scheduler_->Restart(0, course::Event::kMoved);
  EXPECT_EQ(TruncatedBy(NextRead(), "v2"), std::vector<std::size_t>{0});
}

TEST_F(SchedulerTest, WhatIsGivenBackGoesOnBehindItsLastMarkAndFirst) {
  BeginTables(1);
  CutInto({{"", "3"}, {"3", "6"}, {"6", ""}});
  const ReadWork first = NextRead();
  const ReadWork second = NextRead();
  ASSERT_EQ(scheduler_->Open(first, "v1"), MarkResult::kTaken);
  ASSERT_EQ(scheduler_->Mark(first, "1"), MarkResult::kTaken);
  // From the last to the first, the order in which a worker's queue is given back.
  EXPECT_FALSE(scheduler_->GiveBack(second, false));
  EXPECT_FALSE(scheduler_->GiveBack(first, true));
  EXPECT_EQ(NextRead().range, (BoundRange{"1", "3"}));
  EXPECT_EQ(NextRead().range, (BoundRange{"3", "6"}));
  EXPECT_EQ(NextRead().range, (BoundRange{"6", ""}));
}

TEST_F(SchedulerTest, ThreeDeathsOfOneSlicePutTheTableAside) {
  BeginTables(2);
  scheduler_->Cut(NextCut(), Slices());
  ReadWork read = NextRead();
  for (int death = 1; death < limits::kDeathsOfSlice; ++death) {
    EXPECT_FALSE(scheduler_->GiveBack(read, true));
    read = NextRead();
  }
  EXPECT_FALSE(scheduler_->GiveBack(read, false)) << "a pause is not a death";
  read = NextRead();
  ASSERT_EQ(scheduler_->Open(read, "v1"), MarkResult::kTaken);
  ASSERT_EQ(scheduler_->Mark(read, "4"), MarkResult::kTaken);
  EXPECT_TRUE(scheduler_->GiveBack(read, true));
  scheduler_->SetAside(read.table);
  EXPECT_TRUE(scheduler_->Stale(read));
  EXPECT_FALSE(scheduler_->finished());
  // Its cursor is kept, and the other table goes on.
  EXPECT_EQ(entry().done.Done(), (Ranges{{"", "4"}}));
  const ReadWork other = NextRead();
  EXPECT_NE(other.table, read.table);
  ReadWhole(other);
  EXPECT_EQ(scheduler_->Finish(other), FinishResult::kWhole);
  EXPECT_TRUE(scheduler_->finished());
  EXPECT_EQ(scheduler_->In(course::Phase::kLive), 1u);
}

TEST_F(SchedulerTest, TablesAreCountedWhereTheyStand) {
  BeginTables(3);
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 0u);
  scheduler_->Cut(NextCut(), Slices());
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 3u);
  scheduler_->Restart(2, course::Event::kMoved);
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 2u);
  // Its copy begins again with its next assignment.
  const ReadWork first = NextRead();
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 3u);
  ReadWhole(first);
  EXPECT_EQ(scheduler_->Finish(first), FinishResult::kWhole);
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 2u);
  EXPECT_EQ(scheduler_->In(course::Phase::kLive), 1u);
  scheduler_->SetAside(1);
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 1u);
  EXPECT_EQ(scheduler_->In(course::Phase::kAside), 1u);
  const ReadWork again = NextRead();
  EXPECT_EQ(again.table, 2u);
  ReadWhole(again);
  EXPECT_EQ(scheduler_->Finish(again), FinishResult::kWhole);
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 0u);
  EXPECT_TRUE(scheduler_->finished());
}

TEST_F(SchedulerTest, SlicesOfATableAreCountedAndItsChangesAreToldOnce) {
  BeginTables(2);
  EXPECT_TRUE(scheduler_->TakeChanged().empty());
  EXPECT_EQ(scheduler_->slices(0).all, 0u);
  scheduler_->Cut(NextCut(), SlicesOf({{"", "5"}, {"5", ""}}));
  EXPECT_EQ(scheduler_->TakeChanged(), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(scheduler_->slices(0).all, 2u);
  EXPECT_EQ(scheduler_->slices(0).done, 0u);
  const ReadWork first = NextRead();
  const ReadWork second = NextRead();
  ReadWhole(first);
  EXPECT_EQ(scheduler_->Finish(first), FinishResult::kOpen);
  EXPECT_EQ(scheduler_->TakeChanged(), (std::vector<std::size_t>{0}));
  EXPECT_EQ(scheduler_->slices(0).done, 1u);
  ReadWhole(second);
  EXPECT_EQ(scheduler_->Finish(second), FinishResult::kWhole);
  EXPECT_EQ(scheduler_->TakeChanged(), (std::vector<std::size_t>{0}));
  EXPECT_EQ(scheduler_->slices(0).done, 2u);
  EXPECT_EQ(scheduler_->slices(0).all, 2u);
  EXPECT_TRUE(scheduler_->TakeChanged().empty());
  scheduler_->SetAside(1);
  EXPECT_EQ(scheduler_->TakeChanged(), (std::vector<std::size_t>{1}));
}

TEST_F(SchedulerTest, ResumedTableIsCountedAsBeingCopiedFromTheStart) {
  BeginResumed({{"", "3"}});
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 1u);
  scheduler_->Cut(NextCut(), Slices());
  EXPECT_EQ(scheduler_->In(course::Phase::kCopying), 1u);
}

TEST_F(SchedulerTest, DeathsAreNotForgottenWhenTheSourceMovesBetweenThem) {
  BeginTables(1);
  scheduler_->Cut(NextCut(), Slices());
  for (int death = 1; death < limits::kDeathsOfSlice; ++death) {
    const ReadWork read = NextRead();
    EXPECT_FALSE(scheduler_->GiveBack(read, true));
    scheduler_->Restart(0, course::Event::kMoved);
  }
  EXPECT_TRUE(scheduler_->GiveBack(NextRead(), true));
}

TEST_F(SchedulerTest, AWorkerThatEndsBetweenTheLastMarkAndTheEndHasFinishedItsSlice) {
  BeginTables(1);
  CutInto({{"", "5"}, {"5", ""}});
  const ReadWork first = NextRead();
  const ReadWork second = NextRead();
  ReadWhole(first);
  EXPECT_FALSE(scheduler_->GiveBack(first, true));
  EXPECT_FALSE(scheduler_->Next().has_value());
  ReadWhole(second);
  EXPECT_FALSE(scheduler_->GiveBack(second, true));
  EXPECT_TRUE(scheduler_->finished());
  EXPECT_EQ(entry().phase, Phase::kLive);
}

TEST_F(SchedulerTest, ASlicesEndMayBeMarkedBehindItsLastRowAndOnceMore) {
  BeginTables(1);
  CutInto({{"", "5"}, {"5", ""}});
  const ReadWork first = NextRead();
  ReadWhole(first);
  EXPECT_EQ(scheduler_->Mark(first, "5"), MarkResult::kTaken);
  EXPECT_EQ(scheduler_->Mark(first, "4"), MarkResult::kBroken);
  EXPECT_EQ(scheduler_->Finish(first), FinishResult::kOpen);
}

TEST_F(SchedulerTest, MarksAndEndsThatCannotBeAreFoundOut) {
  BeginTables(1);
  CutInto({{"", "5"}, {"5", ""}});
  const ReadWork first = NextRead();
  ASSERT_EQ(scheduler_->Open(first, "v1"), MarkResult::kTaken);
  EXPECT_EQ(scheduler_->Finish(first), FinishResult::kBroken);
  EXPECT_EQ(scheduler_->Mark(first, ""), MarkResult::kTaken) << "its own start says nothing";
  ReadWork second = NextRead();
  EXPECT_EQ(scheduler_->Mark(second, ""), MarkResult::kTaken);
  EXPECT_EQ(scheduler_->Mark(first, ""), MarkResult::kTaken);
  EXPECT_EQ(entry().done.Done(), (Ranges{{"5", ""}}));
}

TEST_F(SchedulerTest, CuttingThatEndsWorkersIsGivenUp) {
  BeginResumed({{"", "3"}});
  for (int death = 0; death < limits::kDeathsOfSlice; ++death) {
    EXPECT_FALSE(scheduler_->GiveBack(NextCut(), true));
  }
  const ReadWork read = NextRead();
  EXPECT_EQ(read.range, (BoundRange{"3", ""})) << "what was done stays done";
  EXPECT_TRUE(TruncatedBy(read).empty());
}

using Widenings = google::protobuf::RepeatedPtrField<Widening>;

Widenings Wider(std::initializer_list<std::pair<const char*, fivetran_sdk::v2::DataType>> columns) {
  Widenings widenings;
  for (const auto& [column, type] : columns) {
    widenings.Add()->set_column(column);
    widenings.rbegin()->set_type(type);
  }
  return widenings;
}

TEST_F(SchedulerTest, WiderColumnsStartTheTableAgain) {
  using fivetran_sdk::v2::DataType;
  BeginTables(1);
  CutInto({{"", "5"}, {"5", ""}});
  EXPECT_EQ(scheduler_->TakeToTruncate(), std::vector<std::size_t>{0});
  const ReadWork read = NextRead();
  EXPECT_EQ(scheduler_->Open(read, "v1"), MarkResult::kTaken);
  EXPECT_EQ(scheduler_->Mark(read, "3"), MarkResult::kTaken);
  const std::string digest = scheduler_->table(0).columns_digest;
  for (const auto& [column, type] :
       {std::pair("no such column", DataType::STRING), std::pair("a", DataType::LONG),
        std::pair("a", DataType::UNSPECIFIED), std::pair("a", static_cast<DataType>(99))}) {
    EXPECT_TRUE(scheduler_->Widen(0, Wider({{column, type}})).empty()) << column << " " << type;
  }
  EXPECT_FALSE(scheduler_->Stale(read));
  const auto taken =
      scheduler_->Widen(0, Wider({{"a", DataType::DOUBLE}, {"no such column", DataType::STRING}}));
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].column(), "a");
  EXPECT_TRUE(scheduler_->Stale(read));
  EXPECT_EQ(scheduler_->table(0).columns[1].type(), DataType::DOUBLE);
  EXPECT_NE(scheduler_->table(0).columns_digest, digest);
  EXPECT_TRUE(scheduler_->Widen(0, Wider({{"a", DataType::DOUBLE}})).empty()) << "it is already";
  // If the sync ends here, the destination knows the type DOUBLE and has received no TRUNCATE.
  EXPECT_EQ(entry().columns, scheduler_->table(0).columns_digest);
  EXPECT_EQ(entry().content, "");
  EXPECT_TRUE(entry().done.Done().empty());
  CutInto({{"", ""}});
  EXPECT_EQ(TruncatedBy(NextRead()), std::vector<std::size_t>{0});
  EXPECT_EQ(entry().widened, (std::map<std::string, std::string>{{"a", "DOUBLE"}}));
  EXPECT_EQ(entry().columns, scheduler_->table(0).columns_digest);
}

// If a reader widened a column again and again, the table would be copied forever.
TEST_F(SchedulerTest, AColumnIsGivenNoTypeASecondTime) {
  using fivetran_sdk::v2::DataType;
  BeginTables(1);
  for (const DataType type : {DataType::DOUBLE, DataType::DECIMAL}) {
    CutInto({{"", ""}});
    EXPECT_EQ(scheduler_->Widen(0, Wider({{"a", type}})).size(), 1u);
  }
  CutInto({{"", ""}});
  EXPECT_TRUE(scheduler_->Widen(0, Wider({{"a", DataType::DOUBLE}})).empty());
  EXPECT_EQ(scheduler_->Widen(0, Wider({{"a", DataType::STRING}})).size(), 1u);
}

TEST_F(SchedulerTest, WhatACutFindsToBeWiderCostsATableThatHasNotBegunNothing) {
  BeginTables(1);
  const CutWork cut = NextCut();
  EXPECT_FALSE(scheduler_->Stale(cut.tables[0]));
  EXPECT_EQ(scheduler_->Widen(0, Wider({{"a", fivetran_sdk::v2::DOUBLE}})).size(), 1u);
  EXPECT_FALSE(scheduler_->Stale(cut.tables[0]));
  EXPECT_EQ(scheduler_->phase(0), course::Phase::kPending);
  scheduler_->Cut(cut, Slices());
  EXPECT_EQ(scheduler_->TakeToTruncate(), std::vector<std::size_t>{0});
  EXPECT_EQ(entry().widened, (std::map<std::string, std::string>{{"a", "DOUBLE"}}));
  EXPECT_FALSE(scheduler_->Stale(NextRead()));
}

TEST_F(SchedulerTest, WhatACutFindsToBeWiderStartsAResumedTableAgain) {
  BeginResumed({{"", "3"}});
  const CutWork cut = NextCut();
  EXPECT_EQ(scheduler_->Widen(0, Wider({{"a", fivetran_sdk::v2::DOUBLE}})).size(), 1u);
  EXPECT_TRUE(scheduler_->Stale(cut.tables[0])) << "its slices would cover only the rest";
  scheduler_->Cut(cut, Slices());
  CutInto({{"", ""}});
  const ReadWork read = NextRead();
  EXPECT_EQ(TruncatedBy(read), std::vector<std::size_t>{0});
  EXPECT_EQ(read.range, (BoundRange{"", ""}));
}

}  // namespace
}  // namespace tributary
