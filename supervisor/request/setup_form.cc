#include "supervisor/request/setup_form.h"

#include "supervisor/request/connection.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::ConditionalFields;
using fivetran_sdk::v2::ConfigurationFormResponse;
using fivetran_sdk::v2::FormField;
using fivetran_sdk::v2::PlainText;

void AddSource(ConfigurationFormResponse& form) {
  FormField& field = *form.add_fields();
  field.set_name(kSourceKey);
  field.set_label("Source");
  field.set_required(true);
  field.set_description("The kind of database to read from.");
  field.set_default_value(kSqlite);
  auto& sqlite = *field.mutable_descriptive_dropdown_fields()->add_descriptive_dropdown_field();
  sqlite.set_value(kSqlite);
  sqlite.set_label("SQLite");
  sqlite.set_description("A database file that the connector's machine can read.");
}

void AddSqliteFields(ConfigurationFormResponse& form) {
  FormField& group = *form.add_fields();
  group.set_name(kSqlite);
  group.set_label("SQLite");
  ConditionalFields& shown = *group.mutable_conditional_fields();
  shown.mutable_condition()->set_condition_field(kSourceKey);
  shown.mutable_condition()->set_string_value(kSqlite);

  FormField& path = *shown.add_fields();
  path.set_name(kDatabasePathKey);
  path.set_label("Database file");
  path.set_required(true);
  path.set_description(
      "The path of the file, within the folder that the operator opened to the connector.");
  path.set_placeholder("sales/orders.db");
  path.set_text_field(PlainText);
}

void AddTest(ConfigurationFormResponse& form, const char* name, const char* label) {
  auto& test = *form.add_tests();
  test.set_name(name);
  test.set_label(label);
}

}  // namespace

ConfigurationFormResponse SetupForm() {
  ConfigurationFormResponse form;
  form.set_schema_selection_supported(true);
  form.set_table_selection_supported(true);
  AddSource(form);
  AddSqliteFields(form);
  AddTest(form, kConnectTest, "Opening the database");
  AddTest(form, kReadTest, "Listing and reading its tables");
  return form;
}

}  // namespace tributary
