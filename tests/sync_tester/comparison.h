// Whether a warehouse file holds what its SQLite source holds. Opens both files
// itself and knows nothing of the connector but its documentation.
//
// Tables with a key are compared row by row by their key; a source's table without one
// has its rowid for it. In others equal rows are counted: where the source has more of
// them, those are missing. So are rows of the source that have become one by their key.
// Deleted rows of the warehouse do not count. A table or column that the source no longer
// has stays in a destination and is no difference.
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
  // Rows that are there on each side.
  std::uint64_t source_rows = 0;
  std::uint64_t warehouse_rows = 0;
  std::uint64_t missing = 0;
  std::uint64_t different = 0;
  std::uint64_t surplus = 0;
  // What is wrong with the table as a whole.
  std::vector<std::string> faults;
  // The first ten rows that do not agree.
  std::vector<std::string> examples;
  // Only the warehouse has it still.
  bool gone_from_source = false;

  bool equal() const { return missing + different + surplus == 0 && faults.empty(); }
};

// `schema` is the warehouse's; the source's is always main. In the order of the
// tables' names. Takes about a hundred bytes of memory for each row of the
// largest table.
absl::StatusOr<std::vector<TableComparison>> CompareFiles(const std::string& warehouse_path,
                                                          const std::string& source_path,
                                                          const std::string& schema,
                                                          const SelectionRules& selection);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_COMPARISON_H_
