// The tables of a database with their columns, types and keys: four queries for any number of
// tables, and one small read of each table's root page to estimate its size.
//
// Every row of a destination needs a key, or equal rows become one. The table's own key is used. If
// it has none, or one that holds NULL, the rowid is its key, as an additional column: rowid,
// _rowid_ or oid, the first name that is free.
//
// A key that may hold NULL is searched for one, by index for its first column; the catalog is read
// only when the file has changed.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_CATALOG_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_CATALOG_H_

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

// SQLite's name for the schema of the main database.
inline constexpr char kSchemaName[] = "main";

// Fills tables and remarks of a catalog that already has its version. `connection` has a
// transaction open.
absl::Status ReadCatalog(Connection& connection, Catalog& catalog);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_CATALOG_H_
