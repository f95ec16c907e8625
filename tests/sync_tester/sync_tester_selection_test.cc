// What a selection includes, and how the contract uses it.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/fake_connector.h"
#include "tests/sync_tester/selection_rules.h"
#include "tests/sync_tester/stream_contract.h"

namespace tributary::tester {
namespace {

using ::testing::HasSubstr;

SelectionRules Rules(const std::string& json) {
  v2::Selection selection;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &selection).ok()) << json;
  return SelectionRules(selection);
}

TEST(SelectionRulesTest, NoSelectionTakesEverything) {
  const SelectionRules rules;
  EXPECT_TRUE(rules.TakesTable(true, "s", "t"));
  EXPECT_TRUE(rules.TakesColumn(true, "s", "t", "c"));
  EXPECT_TRUE(rules.TakesTable(false, "", "t"));
}

TEST(SelectionRulesTest, WhatIsNotNamedFollowsIncludeNewOfItsLevel) {
  const SelectionRules rules = Rules(R"({"withSchema": {
    "includeNewSchemas": false,
    "schemas": [
      {"schemaName": "open", "included": true, "includeNewTables": true, "tables": [
        {"tableName": "left", "included": false},
        {"tableName": "taken", "included": true, "includeNewColumns": false,
         "columns": {"a": true, "b": false}},
        {"tableName": "wide", "included": true, "includeNewColumns": true,
         "columns": {"b": false}}]},
      {"schemaName": "shut", "included": false, "includeNewTables": true, "tables": [
        {"tableName": "inside", "included": true}]},
      {"schemaName": "strict", "included": true, "includeNewTables": false}]}})");
  EXPECT_TRUE(rules.TakesTable(true, "open", "unnamed"));
  EXPECT_FALSE(rules.TakesTable(true, "open", "left"));
  EXPECT_TRUE(rules.TakesTable(true, "open", "taken"));
  EXPECT_FALSE(rules.TakesTable(true, "shut", "inside"));
  EXPECT_FALSE(rules.TakesTable(true, "strict", "unnamed"));
  EXPECT_FALSE(rules.TakesTable(true, "other", "t"));
  EXPECT_TRUE(rules.TakesColumn(true, "open", "taken", "a"));
  EXPECT_FALSE(rules.TakesColumn(true, "open", "taken", "b"));
  EXPECT_FALSE(rules.TakesColumn(true, "open", "taken", "c"));
  EXPECT_TRUE(rules.TakesColumn(true, "open", "wide", "c"));
  EXPECT_FALSE(rules.TakesColumn(true, "open", "wide", "b"));
  EXPECT_TRUE(rules.TakesColumn(true, "open", "unnamed", "c"));
}

TEST(SelectionRulesTest, SelectionWithoutSchemasIsForSourcesWithoutSchemas) {
  const SelectionRules rules = Rules(R"({"withoutSchema": {"includeNewTables": true,
    "tables": [{"tableName": "t", "included": false}]}})");
  EXPECT_FALSE(rules.TakesTable(false, "", "t"));
  EXPECT_TRUE(rules.TakesTable(false, "", "u"));
  EXPECT_FALSE(rules.TakesTable(true, "main", "u"));
}

class SelectedContractTest : public ::testing::Test {
 protected:
  SelectedContractTest()
      : catalog_(Rules(R"({"withSchema": {"schemas": [{"schemaName": "main", "included": true,
          "includeNewTables": true, "tables": [
            {"tableName": "out", "included": false},
            {"tableName": "some", "included": true, "includeNewColumns": false,
             "columns": {"id": false, "a": true}}]}]}})")),
        contract_(catalog_, false) {
    EXPECT_TRUE(catalog_
                    .Merge(MainSchema(
                        {MakeTable("out", {{"a", v2::LONG}}),
                         MakeTable("some", {{"id!", v2::LONG}, {"a", v2::LONG}, {"b", v2::LONG}})}))
                    .ok());
    EXPECT_TRUE(Check(CheckpointMessage(R"({"v":1})")).ok());
  }

  absl::Status Check(const v2::UpdateResponse& message) {
    return contract_.Check(message, message.ByteSizeLong());
  }

  Catalog catalog_;
  StreamContract contract_;
};

TEST_F(SelectedContractTest, KeyColumnIsSyncedThoughItIsDeselected) {
  EXPECT_TRUE(
      Check(Batch({MakeRecord(v2::UPSERT, "some", {{"id", Long(1)}, {"a", Long(2)}})})).ok());
}

TEST_F(SelectedContractTest, DeselectedColumnIsABreach) {
  const absl::Status checked = Check(
      Batch({MakeRecord(v2::UPSERT, "some", {{"id", Long(1)}, {"a", Long(2)}, {"b", Long(3)}})}));
  EXPECT_THAT(std::string(checked.message()),
              HasSubstr("column b, which the selection leaves out"));
}

TEST_F(SelectedContractTest, DeselectedTableIsABreachEvenToTruncate) {
  const absl::Status checked = Check(Batch({MakeRecord(v2::TRUNCATE, "out", {})}));
  EXPECT_THAT(std::string(checked.message()), HasSubstr("which the selection leaves out"));
}

TEST_F(SelectedContractTest, OnlySelectedTablesCount) { EXPECT_EQ(catalog_.SelectedTables(), 1u); }

}  // namespace
}  // namespace tributary::tester
