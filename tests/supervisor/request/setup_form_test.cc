#include "supervisor/request/setup_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "supervisor/request/connection.h"
#include "tests/supervisor/request/setups.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::ConfigurationFormResponse;
using fivetran_sdk::v2::FormField;

TEST(SetupForm, SchemasAndTablesCanBeSelected) {
  EXPECT_TRUE(SetupForm(SqliteAndServer()).schema_selection_supported());
  EXPECT_TRUE(SetupForm(SqliteAndServer()).table_selection_supported());
}

TEST(SetupForm, TheSourceIsChosenFirst) {
  const ConfigurationFormResponse form = SetupForm(SqliteAndServer());
  const FormField& source = form.fields(0);
  EXPECT_EQ(source.name(), "source");
  EXPECT_TRUE(source.required());
  ASSERT_TRUE(source.has_descriptive_dropdown_fields());
  const auto& choices = source.descriptive_dropdown_fields().descriptive_dropdown_field();
  ASSERT_EQ(choices.size(), 2);
  EXPECT_EQ(choices[0].value(), "sqlite");
  EXPECT_EQ(choices[1].value(), "server");
  for (const auto& choice : choices) EXPECT_FALSE(choice.description().empty());
  EXPECT_EQ(source.default_value(), "sqlite");
}

TEST(SetupForm, TheFieldsOfASourceShowOnlyWhereItIsChosen) {
  const ConfigurationFormResponse form = SetupForm(SqliteAndServer());
  const struct {
    const char* source;
    std::vector<std::string> fields;
  } groups[] = {{"sqlite", {"database_path"}}, {"server", {"host", "database"}}};
  ASSERT_EQ(form.fields_size(), 4);
  EXPECT_FALSE(form.fields(3).required());
  for (int at = 0; at < 2; ++at) {
    SCOPED_TRACE(groups[at].source);
    const auto& shown = form.fields(at + 1).conditional_fields();
    EXPECT_EQ(shown.condition().condition_field(), "source");
    EXPECT_EQ(shown.condition().string_value(), groups[at].source);
    std::vector<std::string> names;
    for (const FormField& field : shown.fields()) names.push_back(field.name());
    EXPECT_EQ(names, groups[at].fields);
  }
}

TEST(SetupForm, SqlitesPathIsRequiredPlainText) {
  const FormField path = SetupForm(OnlySqlite()).fields(1).conditional_fields().fields(0);
  EXPECT_TRUE(path.required());
  EXPECT_EQ(path.text_field(), fivetran_sdk::v2::PlainText);
}

TEST(SetupForm, EveryChoiceOfSourceIsOneThatAConfigurationMayName) {
  const ConfigurationFormResponse form = SetupForm(SqliteAndServer());
  for (const auto& choice :
       form.fields(0).descriptive_dropdown_fields().descriptive_dropdown_field()) {
    google::protobuf::Map<std::string, std::string> configuration;
    configuration["source"] = choice.value();
    configuration["database_path"] = "shop.db";
    EXPECT_TRUE(ReadConnection(SqliteAndServer(), configuration).ok()) << choice.value();
  }
}

TEST(SetupForm, FieldsHaveNamesOfTheirOwnAndLabels) {
  const ConfigurationFormResponse form = SetupForm(SqliteAndServer());
  std::set<std::string> names;
  const auto check = [&names](const FormField& field) {
    EXPECT_TRUE(names.insert(field.name()).second) << field.name();
    EXPECT_FALSE(field.label().empty()) << field.name();
    EXPECT_NE(field.type_case(), FormField::TYPE_NOT_SET) << field.name();
  };
  for (const FormField& field : form.fields()) {
    check(field);
    for (const FormField& inner : field.conditional_fields().fields()) check(inner);
  }
}

TEST(SetupForm, TheTestsOfAllSourcesAreListedOnceInTheirOrder) {
  const auto tests_of = [](const std::vector<EngineSetup>& setups) {
    const ConfigurationFormResponse form = SetupForm(setups);
    std::vector<std::string> names;
    for (const auto& test : form.tests()) {
      EXPECT_FALSE(test.label().empty()) << test.name();
      names.push_back(test.name());
    }
    return names;
  };
  EXPECT_THAT(tests_of(OnlySqlite()), testing::ElementsAre("connect", "read"));
  EXPECT_THAT(tests_of(SqliteAndServer()), testing::ElementsAre("connect", "read", "follow"));
}

TEST(SetupForm, ASourceHasItsOwnTestsAndNoOthers) {
  EXPECT_TRUE(HasTest(sqlite::Setup(), kReadTest));
  EXPECT_FALSE(HasTest(sqlite::Setup(), "follow"));
  EXPECT_TRUE(HasTest(ServerSetup(), "follow"));
}

}  // namespace
}  // namespace tributary
