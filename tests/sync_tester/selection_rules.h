// What a Selection includes of a source, according to Fivetran's documentation: objects that it
// names are included or excluded as it says; others are new, and follow the include_new_* of their
// level. Without a selection everything is included.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_SELECTION_RULES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_SELECTION_RULES_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "proto/connector_sdk.pb.h"

namespace tributary::tester {

class SelectionRules {
 public:
  // Includes everything.
  SelectionRules() = default;
  explicit SelectionRules(const fivetran_sdk::v2::Selection& selection);

  bool TakesTable(bool has_schema, std::string_view schema, std::string_view table) const;
  // For a table that is included; the caller handles the primary key.
  bool TakesColumn(bool has_schema, std::string_view schema, std::string_view table,
                   std::string_view column) const;

 private:
  struct TableRule {
    bool included = false;
    bool include_new_columns = false;
    absl::flat_hash_map<std::string, bool> columns;
  };
  struct SchemaRule {
    bool included = false;
    bool include_new_tables = false;
    absl::flat_hash_map<std::string, TableRule> tables;
  };

  static SchemaRule RuleOf(
      const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::TableSelection>& tables,
      bool included, bool include_new_tables);
  // Null: the selection does not name it.
  const SchemaRule* FindSchema(bool has_schema, std::string_view schema) const;

  bool everything_ = true;
  bool include_new_schemas_ = true;
  std::optional<SchemaRule> without_schema_;
  absl::flat_hash_map<std::string, SchemaRule> schemas_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_SELECTION_RULES_H_
