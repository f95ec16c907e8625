// Whether a warehouse file has the content of its SQLite source. It opens both files itself, and
// uses no knowledge of the connector except its documentation.
//
// Tables with a key are compared row by row, by the key; for a source's table without a key, this
// is the rowid. In other tables equal rows are counted: if the source has more of them, the rest is
// missing. If several rows of the source have become one because of their key, the others are
// missing. Deleted rows of the warehouse do not count. A table or column that the source no longer
// has stays in a destination, and is not a difference.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_COMPARISON_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/sync_tester/selection_rules.h"

namespace tributary::tester {

struct TableComparison {
  std::string table;
  // The number of rows on each side.
  std::uint64_t source_rows = 0;
  std::uint64_t warehouse_rows = 0;
  std::uint64_t missing = 0;
  std::uint64_t different = 0;
  std::uint64_t surplus = 0;
  // What is wrong with the whole table.
  std::vector<std::string> faults;
  // The first ten rows that differ.
  std::vector<std::string> examples;
  // Only the warehouse still has the table.
  bool gone_from_source = false;

  bool equal() const { return missing + different + surplus == 0 && faults.empty(); }
};

// `schema` is that of the warehouse; that of the source is always main. Ordered by the tables'
// names. Uses about a hundred bytes of memory for each row of the largest table.
absl::StatusOr<std::vector<TableComparison>> CompareFiles(const std::string& warehouse_path,
                                                          const std::string& source_path,
                                                          const std::string& schema,
                                                          const SelectionRules& selection);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_COMPARISON_H_
