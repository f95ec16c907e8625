// Tables of every kind that a PostgreSQL database can have, by key and by the way they are
// compared.
#ifndef TRIBUTARY_TESTS_COMPARING_POSTGRESQL_TABLES_H_
#define TRIBUTARY_TESTS_COMPARING_POSTGRESQL_TABLES_H_

#include <string>
#include <vector>

#include "tests/comparing/random_tables.h"

namespace tributary::tests {

// The types and collations of the tables, to be made first.
extern const char kPostgresqlTypes[];
// `has_citext`: the type is there.
std::vector<RandomTable> PostgresqlTables(bool has_citext);
const Dialect& PostgresqlDialect();

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_COMPARING_POSTGRESQL_TABLES_H_
