// The tables of a source or a destination, and the user's selection.
#ifndef TRIBUTARY_TESTS_SIMULATION_CONTENT_H_
#define TRIBUTARY_TESTS_SIMULATION_CONTENT_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "supervisor/request/selection.h"

namespace tributary::simulation {

// Column to value, as text.
using Row = std::map<std::string, std::string>;

struct Table {
  // A table without a key identifies rows by all their values, and is read in one piece.
  bool keyed = true;
  std::vector<std::string> columns;
  // By place, the order in which they are read.
  std::map<int, Row> rows;
};
using Content = std::map<std::string, Table>;

inline constexpr char kKeyColumn[] = "id";
inline constexpr int kPlaces = 24;
inline constexpr std::size_t kMostTables = 4;

// What the user deselects.
struct Choice {
  std::set<std::string> tables;
  // Never contains kKeyColumn.
  std::set<std::string> columns;
  Selection AsSelection() const;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_CONTENT_H_
