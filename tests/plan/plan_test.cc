#include "supervisor/plan/plan.h"

#include <gtest/gtest.h>

#include "supervisor/request/columns_digest.h"
#include "tests/plan/tables.h"

namespace tributary {
namespace {

const TableName kOrders{"main", "orders"};

Catalog OneTable(const std::string& version, const std::vector<std::string>& columns = {"id", "a"},
                 bool keyed = true) {
  Catalog catalog = CatalogOf(version);
  AddTable(catalog, "orders", columns, 10, keyed);
  return catalog;
}

State CopyingState(const Catalog& catalog, const std::vector<BoundRange>& done) {
  State state = LiveState(catalog);
  state.complete.clear();
  state.tables[kOrders].phase = Phase::kCopying;
  state.tables[kOrders].done = DoneRanges::FromList(done).value();
  return state;
}

TEST(PlanTest, AFirstSyncCopiesAllFromTruncateLargestFirst) {
  Catalog catalog = CatalogOf("v1");
  AddTable(catalog, "small", {"id"}, 5);
  AddTable(catalog, "large", {"id"}, 500);
  AddTable(catalog, "medium", {"id"}, 50);
  const auto plan = PlanOf(catalog);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(plan->copies.size(), 3u);
  EXPECT_EQ(plan->copies[0].name.table, "large");
  EXPECT_EQ(plan->copies[1].name.table, "medium");
  EXPECT_EQ(plan->copies[2].name.table, "small");
  for (const TableToCopy& copy : plan->copies) {
    EXPECT_TRUE(copy.truncates);
    EXPECT_EQ(copy.phase, course::Phase::kPending);
  }
  EXPECT_TRUE(plan->changed.empty()) << "Schema has just described it";
  EXPECT_TRUE(plan->state.tables.empty());
  EXPECT_EQ(plan->state.source, (SourceIdentity{"sqlite", "one"}));
  EXPECT_EQ(plan->state.selection, kDigest);
  EXPECT_EQ(plan->selected_tables, 3u);
}

TEST(PlanTest, WhatHasNotChangedIsNotCopied) {
  const auto plan = PlanOf(OneTable("v1"), LiveState(OneTable("v1")));
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->copies.empty());
  EXPECT_EQ(plan->state.complete, "v1");
}

TEST(PlanTest, AChangedSourceIsCopiedFromTruncate) {
  const auto plan = PlanOf(OneTable("v2"), LiveState(OneTable("v1")));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->copies.size(), 1u);
  EXPECT_TRUE(plan->copies[0].truncates);
  EXPECT_TRUE(plan->changed.empty());
  EXPECT_EQ(plan->state.complete, "");
  // A state that goes out now must not claim rows that TRUNCATE takes away.
  EXPECT_EQ(plan->state.tables.at(kOrders).phase, Phase::kCopying);
  EXPECT_EQ(plan->state.tables.at(kOrders).content, "");
}

TEST(PlanTest, AVersionThatIsNotKnownIsNoReasonToTrust) {
  const auto plan = PlanOf(OneTable(""), LiveState(OneTable("")));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->copies.size(), 1u);
  EXPECT_TRUE(plan->copies[0].truncates);
}

TEST(PlanTest, ACopyGoesOnWhereItStoppedWhileTheSourceStandsStill) {
  const Catalog catalog = OneTable("v1");
  const auto plan = PlanOf(catalog, CopyingState(catalog, {{"", "5"}}));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->copies.size(), 1u);
  EXPECT_EQ(plan->copies[0].phase, course::Phase::kCopying);
  EXPECT_FALSE(plan->copies[0].truncates);
  EXPECT_EQ(plan->state.tables.at(kOrders).done.Done(), (std::vector<BoundRange>{{"", "5"}}));
}

TEST(PlanTest, ACopyOfAnotherVersionOrOtherColumnsStartsAgain) {
  const State state = CopyingState(OneTable("v1"), {{"", "5"}});
  for (const Catalog& catalog : {OneTable("v2"), OneTable("v1", {"id", "a", "b"})}) {
    const auto plan = PlanOf(catalog, state);
    ASSERT_TRUE(plan.ok());
    ASSERT_EQ(plan->copies.size(), 1u);
    EXPECT_TRUE(plan->copies[0].truncates);
    EXPECT_EQ(plan->copies[0].phase, course::Phase::kPending);
    EXPECT_TRUE(plan->state.tables.at(kOrders).done.Done().empty());
  }
}

TEST(PlanTest, ACopyOfWhichAllIsDoneIsLive) {
  const Catalog catalog = OneTable("v1");
  const auto plan = PlanOf(catalog, CopyingState(catalog, {{"", ""}}));
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->copies.empty());
  EXPECT_EQ(plan->state.tables.at(kOrders).phase, Phase::kLive);
  EXPECT_TRUE(plan->state.tables.at(kOrders).done.Done().empty());
}

TEST(PlanTest, AnAddedColumnNeedsNoTruncateWhereTheRowsAreTheSame) {
  const auto plan = PlanOf(OneTable("v1", {"id", "a", "b"}), LiveState(OneTable("v1")));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->copies.size(), 1u);
  EXPECT_FALSE(plan->copies[0].truncates);
  EXPECT_EQ(plan->copies[0].phase, course::Phase::kPending);
  ASSERT_EQ(plan->changed.size(), 1u);
  EXPECT_EQ(plan->changed[0].columns.size(), 3);
  // The rows that stay are of this version, which the copy has to be of, too.
  EXPECT_EQ(plan->state.tables.at(kOrders).content, "v1");
  EXPECT_EQ(plan->state.tables.at(kOrders).phase, Phase::kCopying);
}

TEST(PlanTest, WithoutAKeyOtherColumnsAreOtherRowsAndNeedTruncate) {
  const auto plan = PlanOf(OneTable("v1", {"id", "a", "b"}, /*keyed=*/false),
                           LiveState(OneTable("v1", {"id", "a"}, /*keyed=*/false)));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->copies.size(), 1u);
  EXPECT_TRUE(plan->copies[0].truncates);
}

TEST(PlanTest, ADeselectedTableLosesItsEntryAndIsCopiedWhenItComesBack) {
  Catalog both = OneTable("v1");
  AddTable(both, "customers", {"id"});
  const auto without = PlanOf(OneTable("v1"), LiveState(both));
  ASSERT_TRUE(without.ok());
  EXPECT_TRUE(without->copies.empty());
  EXPECT_EQ(without->state.tables.size(), 1u);
  const auto again = PlanOf(both, without->state);
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->copies.size(), 1u);
  EXPECT_EQ(again->copies[0].name.table, "customers");
  EXPECT_TRUE(again->copies[0].truncates);
}

TEST(PlanTest, WidenedColumnsHaveTheTypeThatIsNamedAndAnUnknownOneIsString) {
  auto columns = PlanOf(OneTable("v1"))->copies[0].columns;
  WidenColumns({{columns[0].name(), "DECIMAL"}, {"a", "LATER_TYPE"}, {"gone", "STRING"}}, columns);
  EXPECT_EQ(columns[0].type(), fivetran_sdk::v2::DECIMAL);
  EXPECT_EQ(columns[1].type(), fivetran_sdk::v2::STRING);
}

TEST(PlanTest, WidenedColumnsAreRememberedAsLongAsTheTableIsSelected) {
  const Catalog first = OneTable("v1");
  State state = LiveState(first);
  auto columns = PlanOf(first)->copies[0].columns;
  WidenColumns({{"a", "STRING"}}, columns);
  state.tables[kOrders].widened = {{"a", "STRING"}};
  state.tables[kOrders].columns = ColumnsDigest(columns);
  const auto same = PlanOf(first, state);
  ASSERT_TRUE(same.ok());
  EXPECT_TRUE(same->copies.empty());
  const auto plan = PlanOf(OneTable("v2"), state);
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->copies.size(), 1u);
  EXPECT_EQ(plan->copies[0].columns[0].type(), fivetran_sdk::v2::LONG);
  EXPECT_EQ(plan->copies[0].columns[1].type(), fivetran_sdk::v2::STRING);
  EXPECT_EQ(plan->copies[0].widened, (std::map<std::string, std::string>{{"a", "STRING"}}));
  // Schema has just told the types that the source declares.
  EXPECT_EQ(plan->changed.size(), 1u);
}

TEST(PlanTest, AStateOfAnotherSourceIsRefusedWithWhatToDo) {
  State other_file = LiveState(OneTable("v1"));
  other_file.source.identity = "two";
  State other_engine = LiveState(OneTable("v1"));
  other_engine.source.engine = "postgresql";
  for (const State& state : {other_file, other_engine}) {
    const auto plan = PlanOf(OneTable("v1"), state);
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(plan.status().message().find("re-sync"), std::string::npos);
  }
}

TEST(PlanTest, OnlyACompleteStateOfThisSelectionAllowsToAskNoMore) {
  State state = LiveState(OneTable("v1"));
  EXPECT_TRUE(MayBeUnchanged(state, kDigest));
  EXPECT_FALSE(MayBeUnchanged(state, "another selection"));
  state.complete.clear();
  EXPECT_FALSE(MayBeUnchanged(state, kDigest));
  EXPECT_FALSE(MayBeUnchanged(State(), kDigest));
}

}  // namespace
}  // namespace tributary
