// The rows that a warehouse file has now, as texts that can be compared, and what a sync had to
// send for them to come from what there was before.
#ifndef TRIBUTARY_TESTS_COMPARING_WAREHOUSE_ROWS_H_
#define TRIBUTARY_TESTS_COMPARING_WAREHOUSE_ROWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tributary::tests {

struct WarehouseTable {
  // Names, types and key: where they change, rows may be sent again.
  std::string shape;
  std::size_t keys = 0;
  // Each row's values, key columns first, by the columns of the key, or of all columns.
  std::map<std::vector<std::string>, std::vector<std::string>> rows;
};

// By the names of the tester's report: "main.orders".
using WarehouseTables = std::map<std::string, WarehouseTable>;
// Nothing where there is no such file.
WarehouseTables ReadWarehouse(const std::string& path);

// A real number in one spelling, whoever has printed it.
std::string RealText(double number);

struct Difference {
  std::uint64_t upserts = 0;
  std::uint64_t deletes = 0;
  // A key that is gone is another spelling of the number that a new key is.
  bool respelled = false;
};
Difference DifferenceOf(const WarehouseTable& before, const WarehouseTable& after);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_WAREHOUSE_ROWS_H_
