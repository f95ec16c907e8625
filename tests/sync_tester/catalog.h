// What the tester knows about the source's tables: the answer of Schema with later SchemaChanges,
// and what the selection includes of it.
//
// One thread. TableShape pointers are valid as long as the Catalog.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_CATALOG_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_CATALOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "proto/connector_sdk.pb.h"
#include "tests/sync_tester/selection_rules.h"

namespace tributary::tester {

struct ColumnShape {
  std::string name;
  fivetran_sdk::v2::DataType type = fivetran_sdk::v2::UNSPECIFIED;
  bool key = false;
  // Key columns are always synced, whatever the selection says.
  bool selected = true;
  // 0 digits: there is no stated limit.
  std::uint32_t precision = 0;
  std::uint32_t scale = 0;
  // Bytes; 0: there is no stated limit.
  std::uint32_t max_bytes = 0;
};

struct TableShape {
  // Counted from 0, in the order in which tables became known.
  std::size_t ordinal = 0;
  bool has_schema = false;
  std::string schema;
  std::string name;
  bool selected = true;
  // Increases with each change of the columns.
  std::uint64_t version = 1;
  std::vector<ColumnShape> columns;
  // Indexes into `columns`, ascending.
  std::vector<std::size_t> keys;
  std::size_t selected_columns = 0;
  absl::flat_hash_map<std::string, std::size_t> column_index;

  // `schema.table`, or only the table if the source has no schemas.
  std::string FullName() const { return has_schema ? schema + "." + name : name; }
};

class Catalog {
 public:
  explicit Catalog(SelectionRules selection) : selection_(std::move(selection)) {}

  // Applies a schema answer or a change. Columns that it names are added or get the stated type;
  // others are not changed. FAILED_PRECONDITION if it breaks the contract: duplicate or missing
  // names, NAIVE_TIME.
  absl::Status Merge(const fivetran_sdk::v2::SchemaList& list);
  absl::Status Merge(const fivetran_sdk::v2::TableList& list);

  // Null if no such table is known.
  const TableShape* Find(bool has_schema, std::string_view schema, std::string_view name) const;

  const std::vector<std::unique_ptr<TableShape>>& tables() const { return tables_; }
  bool with_schema() const { return with_schema_; }
  std::size_t SelectedTables() const;

 private:
  absl::Status MergeTable(bool has_schema, const std::string& schema,
                          const fivetran_sdk::v2::Table& table);

  SelectionRules selection_;
  bool with_schema_ = false;
  std::vector<std::unique_ptr<TableShape>> tables_;
  absl::flat_hash_map<std::pair<std::string, std::string>, TableShape*> by_name_;
  // Consecutive records are usually of one table, so this saves lookups.
  mutable const TableShape* last_found_ = nullptr;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_CATALOG_H_
