// The tables of the sample database: their names and declarations, and their shares of all rows.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SHAPES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SHAPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sync_tester/demo/values.h"

namespace tributary::demo {

struct SampleColumn {
  std::string name;
  // The SQL after the name: type and constraints.
  std::string declaration;
  Content content = Content::kSmallCount;
  bool nullable = false;
};

struct SampleTable {
  std::string name;
  std::vector<SampleColumn> columns;
  // The SQL after the columns: a key of several columns, generated columns.
  std::string also;
  bool without_rowid = false;
  // The share of all rows; 0: an empty table.
  double share = 0;
};

// At least 120 tables; the sum of the shares is 1.
std::vector<SampleTable> SampleTables();

// Views and indexes over them.
std::vector<std::string> SampleExtras();

}  // namespace tributary::demo

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SHAPES_H_
