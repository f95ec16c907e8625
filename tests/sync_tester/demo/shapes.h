// The tables of the sample database: what they are called, how they are
// declared, and how many of all rows each one gets.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SHAPES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SHAPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sync_tester/demo/values.h"

namespace tributary::demo {

struct SampleColumn {
  std::string name;
  // SQL behind the name: type and constraints.
  std::string declaration;
  Content content = Content::kSmallCount;
  bool nullable = false;
};

struct SampleTable {
  std::string name;
  std::vector<SampleColumn> columns;
  // SQL behind the columns: a key of several columns, generated columns.
  std::string also;
  bool without_rowid = false;
  // Share of all rows; 0 makes an empty table.
  double share = 0;
};

// At least 120 tables; the shares add up to 1.
std::vector<SampleTable> SampleTables();

// Views and indexes over them.
std::vector<std::string> SampleExtras();

}  // namespace tributary::demo

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SHAPES_H_
