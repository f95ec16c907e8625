// The rows that a warehouse file has now, as texts that can be compared, and the records that a
// sync had to send to produce them from the earlier rows.
#ifndef TRIBUTARY_TESTS_COMPARING_WAREHOUSE_ROWS_H_
#define TRIBUTARY_TESTS_COMPARING_WAREHOUSE_ROWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tributary::tests {

struct WarehouseTable {
  // The columns' names and types, and the key; if any of them change, rows may be sent again.
  std::string shape;
  std::size_t keys = 0;
  // Maps the values of the key columns, or of all columns if there is no key, to the complete row,
  // which has the key columns first.
  std::map<std::vector<std::string>, std::vector<std::string>> rows;
};

// Maps a table's name in the tester's report, "main.orders", to the table.
using WarehouseTables = std::map<std::string, WarehouseTable>;
// Empty if there is no such file.
WarehouseTables ReadWarehouse(const std::string& path);

// The number in one fixed spelling, whichever program printed it before.
std::string RealText(double number);

struct Difference {
  std::uint64_t upserts = 0;
  std::uint64_t deletes = 0;
  // A new key is another spelling of a number whose old key is gone.
  bool respelled = false;
};
Difference DifferenceOf(const WarehouseTable& before, const WarehouseTable& after);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_WAREHOUSE_ROWS_H_
