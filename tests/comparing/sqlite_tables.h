// Tables of every kind that a SQLite file can have, by key and by the way they are compared.
#ifndef TRIBUTARY_TESTS_COMPARING_SQLITE_TABLES_H_
#define TRIBUTARY_TESTS_COMPARING_SQLITE_TABLES_H_

#include <vector>

#include "tests/comparing/random_tables.h"

namespace tributary::tests {

const std::vector<RandomTable>& SqliteTables();
const Dialect& SqliteDialect();

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_SQLITE_TABLES_H_
