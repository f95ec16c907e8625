// The queries that the catalog is made of, and what a row of them says of its table.
//
// No query waits for a lock. Pure, but for who runs them.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_QUERY_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_QUERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// A row for each table, by schema and name. `publication`: the name of the one that is followed.
std::string TablesSql(int server_version, const std::string& publication);

// A row for each column of those tables, in no order.
std::string ColumnsSql();
// What it selects, in its order.
enum ColumnColumn {
  kColumnTable,
  kColumnNumber,
  kColumnName,
  kColumnType,
  kColumnTypeModifier,
  // kNullBeforeSql.
  kColumnNullBefore
};

// The numbers of the columns that are a table's key, in its order.
struct TableKey {
  std::uint32_t oid = 0;
  std::vector<std::uint32_t> columns;
};
// A row for each of `keys` whose order is known to stay: the table's OID, and what that order
// rests on (key_order.h). A quarter of the time that TablesSql takes, so asked only of tables
// that are read by keys. `keys` is not empty.
std::string OrdersSql(int server_version, const std::vector<TableKey>& keys);

// What TablesSql selects, in its order.
enum TableColumn {
  kOid,
  kSchema,
  kName,
  kKind,
  kFile,
  kPersistence,
  kIdentity,
  kPages,
  kSchemaUsage,
  kSelect,
  kRowSecurity,
  kPopulated,
  // The log has its partitions' changes, and names their rows as it does the table's.
  kLeavesLogged,
  // It can be read by blocks, or each of its leaf partitions can.
  kHasBlocks,
  kKey,
  kKeyImmediate,
  kIdentityIndex,
  // The log has the key's columns: none of them is generated.
  kKeyLogged,
  kUniqueIndex,
  kEntry,
  kContent,
  kMayAdd
};

// An ordinary or a partitioned table, not a view or a foreign table.
bool IsTable(const Rows& rows, int row);

// The log can tell of it: it is a table whose rows the log can name.
bool MayHaveLog(const Rows& rows, int row);

// A row filter or a column list of the publication holds back a part of it.
bool InPart(const Rows& rows, int row);

// The log tells of it, or will once it is added. `follows`: the log is followed at all.
bool HasLog(const Rows& rows, int row, bool follows);

// `ordered`: it is in the answer to OrdersSql.
Access::By HowToRead(const Rows& rows, int row, bool has_log, bool ordered);

// The numbers of the columns that are the table's key, in its order: those by which the log
// names rows, else the primary key's, else those of another index that tells all rows apart.
std::vector<std::uint32_t> KeyOf(const Rows& rows, int row);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_QUERY_H_
