// What the order of a key depends on. A slice by keys begins and ends with a key that the server
// compares; if the server's comparison changes one day, a row is in another slice than before,
// although no one has written it.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_ORDER_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_ORDER_H_

#include <string>

namespace tributary::postgresql {

// An expression that identifies what the order of a table's key depends on: the columns in their
// order, their types and collations, for each collation the version that the server uses now and
// the version that it recorded last (after a new version its indexes are rebuilt), and an enum's
// labels. Null if one of the columns has a type whose order or text may change: the table is then
// read as one slice.
//
// `table` is an expression for its OID, `numbers` one for its key's columns, an int2[].
std::string KeyOrderSql(int server_version, const std::string& table, const std::string& numbers);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_ORDER_H_
