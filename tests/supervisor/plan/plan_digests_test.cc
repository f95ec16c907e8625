// What the plan does with a table that has digests.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "supervisor/plan/plan.h"
#include "supervisor/request/columns_digest.h"
#include "tests/supervisor/plan/tables.h"

namespace tributary {
namespace {

// There are digests of all generations except 0.
class AllDigests final : public KeptDigests {
 public:
  bool Unreadable() const override { return false; }
  bool AtHand(const TableName&, std::uint64_t generation) override {
    return at_hand && generation > 0;
  }
  bool HasUnconfirmed(const TableName&, std::uint64_t) override { return unconfirmed; }
  bool MayResume(const TableName&, std::uint64_t, const DoneRanges&) override { return resumes; }

  bool resumes = true;
  bool unconfirmed = false;
  bool at_hand = true;
};

// A live table with digests, of a source that cannot name its contents.
State ComparedState(const Catalog& catalog) {
  State state = LiveState(catalog);
  state.complete.clear();
  TableState& entry = state.tables[kOrders];
  entry.method = Method::kCompare;
  entry.generation = 3;
  entry.content.clear();
  const CatalogTable& table = catalog.tables(0);
  entry.columns = ColumnsDigest(table.columns(), {}, table.order());
  return state;
}

TEST(PlanDigestsTest, WhatHasDigestsIsComparedUntilItsKeyHasAnotherOrder) {
  AllDigests digests;
  Catalog catalog = OneTable("");
  CatalogTable& table = *catalog.mutable_tables(0);
  table.clear_content();
  table.set_comparison(CatalogTable::RANGES);
  table.set_order("one");
  const auto same = PlanOf(catalog, ComparedState(catalog), &digests);
  ASSERT_TRUE(same.ok());
  ASSERT_EQ(same->copies.size(), 1u);
  EXPECT_EQ(same->copies[0].phase, course::Phase::kComparing);

  const State state = ComparedState(catalog);
  table.set_order("another");
  const auto other = PlanOf(catalog, state, &digests);
  ASSERT_TRUE(other.ok());
  ASSERT_EQ(other->copies.size(), 1u);
  EXPECT_EQ(other->copies[0].phase, course::Phase::kPending);
  EXPECT_TRUE(other->copies[0].truncates);
  EXPECT_NE(other->copies[0].columns_digest, same->copies[0].columns_digest);
}

// The file has changed, and the pages of this table have not.
TEST(PlanDigestsTest, ATableWhosePagesAreTheSameIsNotRead) {
  const struct {
    const char* name;
    std::string then = "aaaa";
    std::string now = "aaaa";
    bool unconfirmed = false;
    bool at_hand = true;
    std::vector<std::string> columns = {"id", "a"};
    course::Phase phase = course::Phase::kLive;
  } cases[] = {
      {.name = "the same"},
      {.name = "another digest", .now = "bbbb", .phase = course::Phase::kComparing},
      {.name = "none then", .then = "", .phase = course::Phase::kComparing},
      {.name = "none at all", .then = "", .now = "", .phase = course::Phase::kComparing},
      {.name = "rows were sent that no state confirms",
       .unconfirmed = true,
       .phase = course::Phase::kComparing},
      {.name = "a later sync has begun with TRUNCATE",
       .at_hand = false,
       .phase = course::Phase::kPending},
      {.name = "other columns", .columns = {"id", "b"}, .phase = course::Phase::kPending},
  };
  for (const auto& one : cases) {
    AllDigests digests;
    digests.unconfirmed = one.unconfirmed;
    digests.at_hand = one.at_hand;
    Catalog catalog = OneTable("v1");
    catalog.mutable_tables(0)->set_comparison(CatalogTable::RANGES);
    State state = ComparedState(catalog);
    state.tables[kOrders].content = "v1";
    state.tables[kOrders].page_digest = one.then;
    catalog = OneTable("v2", one.columns);
    catalog.mutable_tables(0)->set_comparison(CatalogTable::RANGES);
    catalog.mutable_tables(0)->set_page_digest(one.now);
    const auto plan = PlanOf(catalog, state, &digests);
    ASSERT_TRUE(plan.ok()) << one.name;
    const TableState& entry = plan->state.tables.at(kOrders);
    if (one.phase == course::Phase::kLive) {
      EXPECT_TRUE(plan->copies.empty()) << one.name;
      EXPECT_EQ(entry.content, "v2") << one.name;
      EXPECT_EQ(entry.page_digest, "aaaa") << one.name;
      EXPECT_EQ(CompleteVersion(*plan, "v2"), "v2") << one.name;
      continue;
    }
    ASSERT_EQ(plan->copies.size(), 1u) << one.name;
    EXPECT_EQ(plan->copies[0].phase, one.phase) << one.name;
    EXPECT_EQ(plan->copies[0].truncates, !one.at_hand) << one.name;
    EXPECT_EQ(entry.page_digest, "") << one.name;
  }
}

TEST(PlanDigestsTest, WithoutAKeyOnlyTheVerySameColumnsAreCompared) {
  AllDigests digests;
  Catalog catalog = OneTable("", {"a", "b"}, /*keyed=*/false);
  catalog.mutable_tables(0)->clear_content();
  catalog.mutable_tables(0)->set_comparison(CatalogTable::WHOLE);
  const State state = ComparedState(catalog);
  const auto same = PlanOf(catalog, state, &digests);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->copies[0].phase, course::Phase::kComparing);
  catalog.mutable_tables(0)->mutable_columns()->RemoveLast();
  const auto fewer = PlanOf(catalog, state, &digests);
  ASSERT_TRUE(fewer.ok());
  EXPECT_EQ(fewer->copies[0].phase, course::Phase::kPending);
  EXPECT_TRUE(fewer->copies[0].truncates);
}

}  // namespace
}  // namespace tributary
