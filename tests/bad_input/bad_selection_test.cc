// Selections that are wrong or unusual, each with the answer that the error table gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/bad_input/caller.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

sdk::UpdateRequest Selecting(const std::function<void(sdk::Selection&)>& select) {
  sdk::UpdateRequest request = Caller::Get().GoodUpdate();
  select(*request.mutable_selection());
  return request;
}

sdk::TableSelection& AddTable(sdk::SchemaSelection& schema, const std::string& name,
                              bool included) {
  sdk::TableSelection& table = *schema.add_tables();
  table.set_table_name(name);
  table.set_included(included);
  table.set_include_new_columns(true);
  return table;
}

sdk::SchemaSelection& AddMain(sdk::Selection& selection, bool included = true) {
  sdk::SchemaSelection& schema = *selection.mutable_with_schema()->add_schemas();
  schema.set_schema_name("main");
  schema.set_included(included);
  return schema;
}

TEST(SelectionTest, WithoutSchemasIsAnInvalidArgument) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    selection.mutable_without_schema()->add_tables()->set_table_name("people");
  }));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(SelectionTest, ThatContradictsItselfIsAnInvalidArgument) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    sdk::SchemaSelection& schema = AddMain(selection);
    AddTable(schema, "people", true);
    AddTable(schema, "people", false);
  }));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(answer.status.error_message(), HasSubstr("people"));
}

TEST(SelectionTest, UnknownNamesAreWarnedOfAndTheRestGoesOn) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    sdk::SchemaSelection& schema = AddMain(selection);
    AddTable(schema, "people", true).mutable_columns()->insert({"no_such_column", true});
    AddTable(schema, "no_such_table", true);
  }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.warnings, ::testing::Contains(HasSubstr("no_such_table")));
  EXPECT_THAT(answer.warnings, ::testing::Contains(HasSubstr("no_such_column")));
  EXPECT_THAT(answer.records, SizeIs(3)) << "TRUNCATE and 2 rows of people";
}

TEST(SelectionTest, EverythingExcludedIsOkWithACheckpoint) {
  const auto answer = Caller::Get().Update(
      Selecting([](sdk::Selection& selection) { AddMain(selection, /*included=*/false); }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.records, SizeIs(0));
  EXPECT_GE(answer.states.size(), 1U);
}

TEST(SelectionTest, EmptyFormSelectsNothingNew) {
  const auto answer = Caller::Get().Update(
      Selecting([](sdk::Selection& selection) { selection.mutable_with_schema(); }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.records, SizeIs(0));
}

TEST(SelectionTest, AKeyThatIsExcludedIsSyncedWithAWarning) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    AddTable(AddMain(selection), "people", true).mutable_columns()->insert({"id", false});
  }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.warnings,
              ElementsAre(HasSubstr("Table main.people: id of its primary key are not selected and "
                                    "are synced anyway")));
  std::vector<std::int64_t> keys;
  for (const sdk::Record& record : answer.records) {
    if (record.type() == sdk::TRUNCATE) continue;
    EXPECT_THAT(record.data(), UnorderedElementsAre(Key("id"), Key("name"), Key("age")));
    keys.push_back(record.data().at("id").long_());
  }
  EXPECT_THAT(keys, ElementsAre(1, 2));
}

TEST(SelectionTest, OfAHundredThousandEntriesIsAnswered) {
  const auto answer = Caller::Get().Update(Selecting([](sdk::Selection& selection) {
    sdk::SchemaSelection& schema = AddMain(selection);
    for (int i = 0; i < 100000; ++i) AddTable(schema, "table_" + std::to_string(i), false);
    AddTable(schema, "people", true);
  }));
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_THAT(answer.records, SizeIs(3));
}

}  // namespace
}  // namespace tributary::tests
