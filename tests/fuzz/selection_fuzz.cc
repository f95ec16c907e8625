// Any bytes as the Selection of an UpdateRequest, with one small catalog: it is refused because of
// a contradiction, or it resolves to tables and columns of the catalog, in the catalog's order and
// with all keys.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "common/limits.h"
#include "supervisor/request/selection.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::Column;

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// Short names, so that the fuzzer finds them.
Catalog SmallCatalog() {
  Catalog catalog;
  for (const char* schema : {"a", "b"}) {
    for (const char* table : {"t", "u", "v"}) {
      CatalogTable& added = *catalog.add_tables();
      added.set_schema(schema);
      added.set_table(table);
      for (const char* column : {"i", "j", "k"}) {
        Column& added_column = *added.add_columns();
        added_column.set_name(column);
        // `v` has no key.
        added_column.set_primary_key(*table != 'v' && *column == 'i');
      }
    }
  }
  return catalog;
}

void RequireFitsCatalog(const Selected& selected, const Catalog& catalog) {
  const CatalogTable* last_table = nullptr;
  for (const SelectedTable& table : selected.tables) {
    const bool in_catalog =
        std::any_of(catalog.tables().begin(), catalog.tables().end(),
                    [&table](const CatalogTable& other) { return &other == table.table; });
    Require(in_catalog, "a selected table is one of the catalog's");
    Require(last_table == nullptr || last_table->schema() < table.table->schema() ||
                (last_table->schema() == table.table->schema() &&
                 last_table->table() < table.table->table()),
            "tables occur once and in the catalog's order");
    last_table = table.table;
    Require(!table.columns.empty(), "a selected table has columns");
    const Column* last_column = nullptr;
    for (const Column* column : table.columns) {
      Require(last_column == nullptr || last_column->name() < column->name(),
              "columns occur once and in the catalog's order");
      last_column = column;
    }
    for (const Column& column : table.table->columns()) {
      Require(!column.primary_key() ||
                  std::count(table.columns.begin(), table.columns.end(), &column) == 1,
              "every key column is synced");
    }
  }
  Require(selected.warnings.size() <= limits::kMaxSelectionWarnings, "warnings are bounded");
}

std::vector<std::pair<const CatalogTable*, std::vector<const Column*>>> Pairs(
    const Selected& selected) {
  std::vector<std::pair<const CatalogTable*, std::vector<const Column*>>> pairs;
  for (const SelectedTable& table : selected.tables) pairs.emplace_back(table.table, table.columns);
  return pairs;
}

void Check(const std::string& bytes) {
  static const Catalog catalog = SmallCatalog();
  fivetran_sdk::v2::Selection request;
  if (!request.ParseFromString(bytes)) return;
  const absl::StatusOr<Selection> selection = Selection::Read(&request);

  // The same entries in reverse order mean the same.
  fivetran_sdk::v2::Selection reversed = request;
  if (reversed.has_with_schema()) {
    auto& schemas = *reversed.mutable_with_schema()->mutable_schemas();
    std::reverse(schemas.begin(), schemas.end());
    for (auto& schema : schemas) {
      std::reverse(schema.mutable_tables()->begin(), schema.mutable_tables()->end());
    }
  }
  const absl::StatusOr<Selection> other = Selection::Read(&reversed);
  Require(selection.ok() == other.ok(), "a contradiction is one in any order");
  if (!selection.ok()) {
    Require(selection.status().code() == absl::StatusCode::kInvalidArgument,
            "a refused selection contradicts itself");
    return;
  }
  Require(selection->Digest() == other->Digest(), "the digest does not depend on the order");
  const Selected selected = selection->Resolve(catalog);
  RequireFitsCatalog(selected, catalog);
  Require(Pairs(other->Resolve(catalog)) == Pairs(selected),
          "the order of entries does not matter");
}

}  // namespace
}  // namespace tributary

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::Check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
