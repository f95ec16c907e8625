// What the order of a key rests on. A slice by keys begins and ends with a key that the server
// compares; where the same server compares otherwise one day, a row is in another slice than
// it was, though nobody has written it.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_ORDER_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_ORDER_H_

#include <string>

namespace tributary::postgresql {

// An expression: a word for what the order of a table's key rests on. These are the columns in
// their order, their types and collations, of each collation the version that the server uses
// now and the one that it was last told to be of (after a new version its indexes are made
// anew), and an enum's labels. Null where one of the columns is of a type whose order, or
// whose text, is not known to stay: a table is then read as one slice.
//
// `table` is an expression for its OID, `numbers` one for its key's columns, an int2[].
std::string KeyOrderSql(int server_version, const std::string& table, const std::string& numbers);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_ORDER_H_
