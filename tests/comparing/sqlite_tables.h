// SQLite tables with many kinds of keys, which are compared in all ways that the engine has.
#ifndef TRIBUTARY_TESTS_COMPARING_SQLITE_TABLES_H_
#define TRIBUTARY_TESTS_COMPARING_SQLITE_TABLES_H_

#include <vector>

#include "tests/comparing/random_tables.h"

namespace tributary::tests {

const std::vector<RandomTable>& SqliteTables();
const Dialect& SqliteDialect();

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_SQLITE_TABLES_H_
