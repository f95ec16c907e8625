// Tables for the tests of this folder.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_PLAN_TABLES_H_
#define TRIBUTARY_TESTS_SUPERVISOR_PLAN_TABLES_H_

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/plan/plan.h"

namespace tributary {

inline constexpr char kDigest[] = "0011223344556677";

inline void AddTable(Catalog& catalog, const std::string& name,
                     const std::vector<std::string>& columns, std::uint64_t bytes = 10,
                     bool keyed = true) {
  CatalogTable& table = *catalog.add_tables();
  table.set_schema("main");
  table.set_table(name);
  table.set_access("access of " + name);
  table.set_estimated_bytes(bytes);
  table.set_content(catalog.version());
  for (const std::string& name_of_column : columns) {
    auto& column = *table.add_columns();
    column.set_name(name_of_column);
    column.set_type(fivetran_sdk::v2::LONG);
    column.set_primary_key(keyed && table.columns_size() == 1);
  }
}

inline Catalog CatalogOf(const std::string& version) {
  Catalog catalog;
  catalog.set_version(version);
  catalog.set_identity("one");
  return catalog;
}

inline const TableName kOrders{"main", "orders"};

inline Catalog OneTable(const std::string& version,
                        const std::vector<std::string>& columns = {"id", "a"}, bool keyed = true) {
  Catalog catalog = CatalogOf(version);
  AddTable(catalog, "orders", columns, 10, keyed);
  return catalog;
}

inline std::vector<SelectedTable> Everything(const Catalog& catalog) {
  std::vector<SelectedTable> selected;
  for (const CatalogTable& table : catalog.tables()) {
    SelectedTable& one = selected.emplace_back();
    one.table = &table;
    for (const auto& column : table.columns()) one.columns.push_back(&column);
  }
  return selected;
}

inline absl::StatusOr<Plan> PlanOf(const Catalog& catalog, State state = {},
                                   KeptDigests* digests = nullptr) {
  return MakePlan(catalog, Everything(catalog), kDigest, "sqlite", std::move(state), digests);
}

// The state after a sync that copied all of `catalog`.
inline State LiveState(const Catalog& catalog) {
  const Plan plan = PlanOf(catalog).value();
  State state = plan.state;
  state.epoch = "8899aabbccddeeff";
  state.complete = catalog.version();
  for (const TableToCopy& copy : plan.copies) {
    TableState& entry = state.tables[copy.name];
    entry.phase = Phase::kLive;
    entry.columns = copy.columns_digest;
    entry.content = catalog.version();
  }
  return state;
}

}  // namespace tributary

#endif  // TRIBUTARY_TESTS_SUPERVISOR_PLAN_TABLES_H_
