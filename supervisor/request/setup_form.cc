#include "supervisor/request/setup_form.h"

#include <algorithm>
#include <string>

#include "worker/sources/setup.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::ConditionalFields;
using fivetran_sdk::v2::ConfigurationFormResponse;
using fivetran_sdk::v2::ConfigurationTest;
using fivetran_sdk::v2::FormField;

template <typename Tests>
bool Names(const Tests& tests, std::string_view name) {
  return std::any_of(tests.begin(), tests.end(),
                     [name](const ConfigurationTest& test) { return test.name() == name; });
}

void AddSource(const std::vector<EngineSetup>& setups, ConfigurationFormResponse& form) {
  FormField& field = *form.add_fields();
  field.set_name(kSourceKey);
  field.set_label("Source");
  field.set_required(true);
  field.set_description("The kind of database to read from.");
  if (!setups.empty()) field.set_default_value(setups.front().name);
  auto& choices = *field.mutable_descriptive_dropdown_fields();
  for (const EngineSetup& setup : setups) {
    auto& choice = *choices.add_descriptive_dropdown_field();
    choice.set_value(setup.name);
    choice.set_label(setup.label);
    choice.set_description(setup.description);
  }
}

void AddFieldsOf(const EngineSetup& setup, ConfigurationFormResponse& form) {
  FormField& group = *form.add_fields();
  group.set_name(setup.name);
  group.set_label(setup.label);
  ConditionalFields& shown = *group.mutable_conditional_fields();
  shown.mutable_condition()->set_condition_field(kSourceKey);
  shown.mutable_condition()->set_string_value(setup.name);
  shown.mutable_fields()->Assign(setup.fields.begin(), setup.fields.end());
}

void AddConnectionName(ConfigurationFormResponse& form) {
  FormField& field = *form.add_fields();
  field.set_name(kConnectionNameKey);
  field.set_label("Connection name");
  field.set_required(false);
  field.set_description(
      "Only if another connection reads the same database: any name, so that each has its own "
      "place on the connector's disk. For logical replication, give it another replication slot, "
      "too.");
  field.set_text_field(fivetran_sdk::v2::PlainText);
}

}  // namespace

ConfigurationFormResponse SetupForm(const std::vector<EngineSetup>& setups) {
  ConfigurationFormResponse form;
  form.set_schema_selection_supported(true);
  form.set_table_selection_supported(true);
  AddSource(setups, form);
  for (const EngineSetup& setup : setups) {
    AddFieldsOf(setup, form);
    for (const ConfigurationTest& test : setup.tests) {
      if (!Names(form.tests(), test.name())) *form.add_tests() = test;
    }
  }
  AddConnectionName(form);
  return form;
}

bool HasTest(const EngineSetup& setup, std::string_view test) { return Names(setup.tests, test); }

}  // namespace tributary
