#include "tests/sync_tester/selection_rules.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

SelectionRules::SchemaRule SelectionRules::RuleOf(
    const google::protobuf::RepeatedPtrField<v2::TableSelection>& tables, bool included,
    bool include_new_tables) {
  SchemaRule rule;
  rule.included = included;
  rule.include_new_tables = include_new_tables;
  for (const v2::TableSelection& table : tables) {
    TableRule& entry = rule.tables[table.table_name()];
    entry.included = table.included();
    entry.include_new_columns = table.include_new_columns();
    for (const auto& [column, taken] : table.columns()) entry.columns[column] = taken;
  }
  return rule;
}

SelectionRules::SelectionRules(const v2::Selection& selection) {
  switch (selection.selection_case()) {
    case v2::Selection::kWithSchema:
      everything_ = false;
      include_new_schemas_ = selection.with_schema().include_new_schemas();
      for (const v2::SchemaSelection& schema : selection.with_schema().schemas()) {
        schemas_[schema.schema_name()] =
            RuleOf(schema.tables(), schema.included(), schema.include_new_tables());
      }
      break;
    case v2::Selection::kWithoutSchema:
      everything_ = false;
      without_schema_ = RuleOf(selection.without_schema().tables(), true,
                               selection.without_schema().include_new_tables());
      break;
    case v2::Selection::SELECTION_NOT_SET:
      break;
  }
}

const SelectionRules::SchemaRule* SelectionRules::FindSchema(bool has_schema,
                                                             std::string_view schema) const {
  if (!has_schema) return without_schema_ ? &*without_schema_ : nullptr;
  const auto found = schemas_.find(std::string(schema));
  return found == schemas_.end() ? nullptr : &found->second;
}

bool SelectionRules::TakesTable(bool has_schema, std::string_view schema,
                                std::string_view table) const {
  if (everything_) return true;
  const SchemaRule* rule = FindSchema(has_schema, schema);
  if (rule == nullptr) return has_schema && !without_schema_ && include_new_schemas_;
  if (!rule->included) return false;
  const auto found = rule->tables.find(std::string(table));
  return found == rule->tables.end() ? rule->include_new_tables : found->second.included;
}

bool SelectionRules::TakesColumn(bool has_schema, std::string_view schema, std::string_view table,
                                 std::string_view column) const {
  if (everything_) return true;
  const SchemaRule* rule = FindSchema(has_schema, schema);
  if (rule == nullptr) return true;
  const auto found = rule->tables.find(std::string(table));
  if (found == rule->tables.end()) return true;
  const auto named = found->second.columns.find(std::string(column));
  return named == found->second.columns.end() ? found->second.include_new_columns : named->second;
}

}  // namespace tributary::tester
