// PostgreSQL tables with many kinds of keys, which are compared in all ways that the engine has.
#ifndef TRIBUTARY_TESTS_COMPARING_POSTGRESQL_TABLES_H_
#define TRIBUTARY_TESTS_COMPARING_POSTGRESQL_TABLES_H_

#include <string>
#include <vector>

#include "tests/comparing/random_tables.h"

namespace tributary::tests {

// SQL that makes the types and collations of the tables; it must run before the tables are made.
extern const char kPostgresqlTypes[];
// `has_citext`: the type citext exists.
std::vector<RandomTable> PostgresqlTables(bool has_citext);
const Dialect& PostgresqlDialect();

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_POSTGRESQL_TABLES_H_
