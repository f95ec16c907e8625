#include "supervisor/plan/plan.h"

#include <gtest/gtest.h>

#include <functional>

#include "supervisor/request/columns_digest.h"
#include "tests/supervisor/plan/tables.h"

namespace tributary {
namespace {

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
  EXPECT_EQ(plan->state.complete, "");
  // A state that is sent now must not claim rows that TRUNCATE deletes.
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
  EXPECT_EQ(plan->copies[0].columns.size(), 3);
  // The existing rows have this version, so the copy has to have it, too.
  EXPECT_EQ(plan->state.tables.at(kOrders).content, "v1");
  EXPECT_EQ(plan->state.tables.at(kOrders).phase, Phase::kCopying);
}

// A catalog with one table that has a log; its columns are identified by numbers.
Catalog Numbered(const std::vector<std::pair<std::string, std::uint32_t>>& columns,
                 bool null_before = true, std::uint64_t file_number = 7) {
  std::vector<std::string> names;
  for (const auto& [name, number] : columns) names.push_back(name);
  Catalog catalog = OneTable("v1", names);
  CatalogTable& table = *catalog.mutable_tables(0);
  table.set_has_log(true);
  table.set_file_number(file_number);
  for (const auto& [name, number] : columns) {
    ColumnOrigin& origin = *table.add_origins();
    origin.set_number(number);
    origin.set_null_before(null_before && number > 2);
  }
  return catalog;
}

TEST(PlanTest, ColumnsInWhichAllRowsHoldNullNeedNoCopy) {
  const Catalog before = Numbered({{"id", 1}, {"a", 2}});
  State live = LiveState(before);
  live.tables.at(kOrders).method = Method::kLog;
  live.tables.at(kOrders).file_number = 7;
  const struct {
    const char* what;
    Catalog catalog;
    const char* selection;
    std::size_t copies;
    std::uint64_t newest_before = 0;
  } kCases[] = {
      {"nothing", before, kDigest, 0},
      {"added", Numbered({{"id", 1}, {"a", 2}, {"b", 3}}), kDigest, 0},
      {"added twice", Numbered({{"id", 1}, {"a", 2}, {"b", 3}, {"c", 4}}), kDigest, 0},
      // The log may have shown the one between them under the name of the last.
      {"added, dropped and added", Numbered({{"id", 1}, {"a", 2}, {"b", 3}, {"c", 5}}), kDigest, 1},
      {"added with a default", Numbered({{"id", 1}, {"a", 2}, {"b", 3}}, false), kDigest, 1},
      {"added, rows in another file", Numbered({{"id", 1}, {"a", 2}, {"b", 3}}, true, 8), kDigest,
       1},
      {"rows in another file", Numbered({{"id", 1}, {"a", 2}}, true, 8), kDigest, 0},
      {"file not known", Numbered({{"id", 1}, {"a", 2}, {"b", 3}}, true, 0), kDigest, 1},
      // The selection is the same, but the table had a column of this number.
      {"renamed, of those that were not sent", Numbered({{"id", 1}, {"a", 2}, {"b", 3}}), kDigest,
       1, 3},
      {"added, or only selected", Numbered({{"id", 1}, {"a", 2}, {"b", 3}}), "another", 1},
      {"dropped and added", Numbered({{"id", 1}, {"a", 3}}), kDigest, 1},
      {"names exchanged", Numbered({{"a", 1}, {"id", 2}}), kDigest, 1},
      {"dropped", Numbered({{"id", 1}}), kDigest, 1},
      {"one dropped, one added", Numbered({{"id", 1}, {"b", 3}}), kDigest, 1},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.what);
    live.tables.at(kOrders).newest_unsent_column = one.newest_before;
    const auto plan =
        MakePlan(one.catalog, Everything(one.catalog), one.selection, "sqlite", State(live));
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(plan->copies.size(), one.copies);
    if (one.copies > 0) continue;
    ASSERT_EQ(plan->followed.size(), 1u);
    const TableToCopy& followed = plan->followed[0];
    EXPECT_EQ(followed.has_added_columns, followed.columns.size() > 2);
    EXPECT_EQ(plan->state.tables.at(kOrders).columns, followed.columns_digest);
    EXPECT_EQ(plan->state.tables.at(kOrders).file_number, one.catalog.tables(0).file_number());
    EXPECT_EQ(plan->state.tables.at(kOrders).phase, Phase::kLive);
  }
}

TEST(PlanTest, WithoutAKeyOtherColumnsAreOtherRowsAndNeedTruncate) {
  const auto plan = PlanOf(OneTable("v1", {"id", "a", "b"}, /*keyed=*/false),
                           LiveState(OneTable("v1", {"id", "a"}, /*keyed=*/false)));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->copies.size(), 1u);
  EXPECT_TRUE(plan->copies[0].truncates);
}

TEST(PlanTest, AnotherKeyMakesOtherRowsAndNeedsTruncate) {
  const Catalog by_id = OneTable("v1");
  for (const auto& change : std::vector<std::function<void(CatalogTable&)>>{
           [](CatalogTable& table) { table.mutable_columns(1)->set_primary_key(true); },
           [](CatalogTable& table) { table.mutable_columns(0)->set_primary_key(false); },
           [](CatalogTable& table) {
             table.mutable_columns(0)->set_type(fivetran_sdk::v2::STRING);
           }}) {
    Catalog otherwise = by_id;
    change(*otherwise.mutable_tables(0));
    const auto plan = PlanOf(otherwise, LiveState(by_id));
    ASSERT_TRUE(plan.ok());
    ASSERT_EQ(plan->copies.size(), 1u);
    EXPECT_TRUE(plan->copies[0].truncates);
  }
}

TEST(PlanTest, TablesOfTheStateThatTheSourceNoLongerHasAreNamed) {
  Catalog both = OneTable("v1");
  AddTable(both, "customers", {"id"});
  AddTable(both, "visits", {"id"});
  const auto plan = PlanOf(OneTable("v2"), LiveState(both));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->warnings.size(), 1u);
  EXPECT_NE(plan->warnings[0].find("main.customers, main.visits"), std::string::npos)
      << plan->warnings[0];
  EXPECT_EQ(plan->state.tables.size(), 1u);
  // Each table is named only once.
  const auto next = PlanOf(OneTable("v2"), plan->state);
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(next->warnings.empty());
}

TEST(PlanTest, ATableThatIsOnlyDeselectedIsNotCalledGone) {
  Catalog both = OneTable("v1");
  AddTable(both, "customers", {"id"});
  auto selected = Everything(both);
  selected.pop_back();
  const auto plan = MakePlan(both, selected, kDigest, "sqlite", LiveState(both));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->state.tables.size(), 1u);
  EXPECT_TRUE(plan->warnings.empty());
}

TEST(PlanTest, ASourceWithoutAnyTableWhereThereWereSomeIsRefused) {
  const State state = LiveState(OneTable("v1"));
  Catalog empty = CatalogOf("v2");
  EXPECT_TRUE(PlanOf(empty).ok()) << "a first sync of nothing";
  EXPECT_TRUE(PlanOf(empty, LiveState(CatalogOf("v1"))).ok()) << "there never were any";
  // Whatever identity an empty file has.
  for (const char* const identity : {"one", "another"}) {
    empty.set_identity(identity);
    const auto plan = PlanOf(empty, state);
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(plan.status().message().find("main.orders"), std::string::npos) << plan.status();
    EXPECT_NE(plan.status().message().find("re-sync"), std::string::npos);
    EXPECT_NE(plan.status().message().find("Restore"), std::string::npos);
  }
  empty.set_identity("one");
  empty.add_remarks("orders left out: its key cannot be read");
  const auto plan = PlanOf(empty, state);
  EXPECT_NE(plan.status().message().find("its key cannot be read"), std::string::npos);
  EXPECT_EQ(plan.status().message().find("Restore"), std::string::npos) << "it is there";
  empty.set_unchanged(true);
  EXPECT_TRUE(CheckSource(empty, "sqlite", state).ok()) << "which says nothing of its tables";
}

TEST(PlanTest, APlaceInALogThatNoTableNeedsIsForgotten) {
  State state = LiveState(OneTable("v1"));
  state.log_position = {.commit = 5};
  state.log_life = "life";
  const auto plan = PlanOf(OneTable("v1"), state);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->state.log_position, LogPosition());
  EXPECT_EQ(plan->state.log_life, "");
  Catalog logged = OneTable("v1");
  logged.mutable_tables(0)->set_has_log(true);
  EXPECT_EQ(PlanOf(logged, state)->state.log_position, LogPosition())
      << "it is copied from nothing";
  state = LiveState(logged);
  state.log_position = {.commit = 5};
  for (auto& [name, entry] : state.tables) entry.method = Method::kLog;
  EXPECT_EQ(PlanOf(logged, state)->state.log_position, (LogPosition{.commit = 5}));
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
  Catalog catalog = OneTable("v1");
  catalog.set_identity_change("the file was a and is b");
  const auto plan = PlanOf(catalog, other_file);
  EXPECT_NE(plan.status().message().find("the file was a and is b"), std::string::npos);
}

TEST(PlanTest, AnIdentityThatTheSourceOnlyWritesOtherwiseIsKeptAsItIsWrittenNow) {
  State state = LiveState(OneTable("v1"));
  state.source.identity = "two";
  Catalog catalog = OneTable("v1");
  catalog.set_same_database(true);
  const auto plan = PlanOf(catalog, state);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->state.source.identity, "one");
  // Whatever a worker reports, the supervisor compares the engine.
  state.source.engine = "postgresql";
  EXPECT_FALSE(PlanOf(catalog, state).ok());
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
