// The tables of a database with their columns, types and keys: four queries,
// however many tables there are, and one small read of each table's root page to
// guess its size.
//
// Every row of a destination needs a key, or equal rows become one. A table's own is
// taken; where it has none, or one that holds NULL, the rowid is its key, as a column of
// its own: rowid, _rowid_ or oid, whichever name is free.
//
// A key that may hold NULL is looked through for one, by index where its first
// column is concerned; the catalog is read only when the file has changed.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_CATALOG_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_CATALOG_H_

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

// SQLite's name for the schema of the main database.
inline constexpr char kSchemaName[] = "main";

// Fills tables and remarks of a catalog that says its version. `connection` has a
// transaction open.
absl::Status ReadCatalog(Connection& connection, Catalog& catalog);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_CATALOG_H_
