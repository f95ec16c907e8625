#include "supervisor/request/setup_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "supervisor/request/connection.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::ConfigurationFormResponse;
using fivetran_sdk::v2::FormField;

TEST(SetupForm, SchemasAndTablesCanBeSelected) {
  EXPECT_TRUE(SetupForm().schema_selection_supported());
  EXPECT_TRUE(SetupForm().table_selection_supported());
}

TEST(SetupForm, TheSourceIsChosenFirst) {
  const ConfigurationFormResponse form = SetupForm();
  const FormField& source = form.fields(0);
  EXPECT_EQ(source.name(), "source");
  EXPECT_TRUE(source.required());
  ASSERT_TRUE(source.has_descriptive_dropdown_fields());
  const auto& choices = source.descriptive_dropdown_fields().descriptive_dropdown_field();
  ASSERT_EQ(choices.size(), 1);
  EXPECT_EQ(choices[0].value(), "sqlite");
  EXPECT_FALSE(choices[0].description().empty());
}

TEST(SetupForm, TheDatabasePathShowsWhenTheSourceIsSqlite) {
  const ConfigurationFormResponse form = SetupForm();
  ASSERT_EQ(form.fields_size(), 2);
  const auto& shown = form.fields(1).conditional_fields();
  EXPECT_EQ(shown.condition().condition_field(), "source");
  EXPECT_EQ(shown.condition().string_value(), "sqlite");
  ASSERT_EQ(shown.fields_size(), 1);
  EXPECT_EQ(shown.fields(0).name(), "database_path");
  EXPECT_TRUE(shown.fields(0).required());
  EXPECT_EQ(shown.fields(0).text_field(), fivetran_sdk::v2::PlainText);
}

TEST(SetupForm, EveryChoiceOfSourceIsOneThatAConfigurationMayName) {
  const ConfigurationFormResponse form = SetupForm();
  for (const auto& choice :
       form.fields(0).descriptive_dropdown_fields().descriptive_dropdown_field()) {
    google::protobuf::Map<std::string, std::string> configuration;
    configuration["source"] = choice.value();
    configuration["database_path"] = "shop.db";
    EXPECT_TRUE(ReadConnection(configuration).ok()) << choice.value();
  }
}

TEST(SetupForm, FieldsHaveNamesOfTheirOwnAndLabels) {
  const ConfigurationFormResponse form = SetupForm();
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

TEST(SetupForm, TheTestsAreConnectAndThenRead) {
  const ConfigurationFormResponse form = SetupForm();
  ASSERT_EQ(form.tests_size(), 2);
  EXPECT_EQ(form.tests(0).name(), "connect");
  EXPECT_EQ(form.tests(1).name(), "read");
  EXPECT_FALSE(form.tests(0).label().empty());
  EXPECT_FALSE(form.tests(1).label().empty());
}

}  // namespace
}  // namespace tributary
