// SQLite's own description of its tables: their names, columns and keys, and how their rows can be
// read.
//
// It uses SQLite's table_list and related pragmas, not the rows of sqlite_schema: an entry with the
// type 'TABLE', or with its type in a blob, is a table for SQLite. From sqlite_schema only root
// pages are used, and never trusted.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

struct DeclaredTable {
  struct Column {
    std::string name;
    std::string type;
    bool not_null = false;
    // Place in the primary key, from 1; 0: not in the key.
    int key_place = 0;
  };
  std::string name;
  std::uint32_t root_page = 0;
  // Without hidden ones.
  std::vector<Column> columns;
  bool without_rowid = false;
  // An INTEGER PRIMARY KEY with its own index is not the rowid.
  bool key_has_index = false;
  // Of a WITHOUT ROWID table, in the order of its rows.
  std::vector<KeyColumn> key;

  bool has_key() const;
  // The column that is an alias of the rowid, or null.
  const Column* rowid_column() const;
  // The first of rowid, _rowid_ and oid that is not a column's name; empty: none is free, or there
  // is no rowid.
  std::string free_rowid_name() const;
};

// Named objects other than tables; the lists omit SQLite's own.
struct KnownNames {
  // All of them and the tables, in lower case: sqlite_schema may have another case.
  std::set<std::string> all;
  std::vector<std::string> views;
  std::vector<std::string> virtuals;
  std::vector<std::string> shadows;
  // Tables with the reserved prefix sqlite_ that are not known here.
  std::vector<std::string> reserved;
};

class SchemaReader {
 public:
  // `connection` has a transaction open as long as this is used.
  explicit SchemaReader(Connection& connection) : connection_(connection) {}

  // First the names, then the tables: four queries for any number of tables.
  absl::Status ReadNames(KnownNames& names) { return ReadNames(nullptr, names); }
  using TakeTable = std::function<absl::Status(const DeclaredTable&)>;
  absl::Status ReadTables(const TakeTable& take);
  // The table of that name; one without columns if there is none.
  absl::StatusOr<DeclaredTable> ReadOne(const std::string& name);

 private:
  // Calls `row` for each row of the query, whose first parameter is `only`.
  template <typename Row>
  absl::Status Query(const std::string& sql, const std::string* only, Row row);
  absl::Status ReadNames(const std::string* only, KnownNames& names);
  absl::Status ReadRootPages();
  absl::Status ReadKeys(const std::string* only);
  absl::Status ReadColumns(const std::string* only, const TakeTable& take);

  Connection& connection_;
  std::set<std::string> without_rowid_;
  // By names in lower case.
  std::map<std::string, std::uint32_t> root_pages_;
  // The primary key's columns of every table whose primary key has an index.
  std::map<std::string, std::vector<KeyColumn>> keys_;
};

// How `table`'s rows are read in order.
Access AccessTo(Connection& connection, const DeclaredTable& table);

// NOT_FOUND: the table has changed since the catalog was read, so its rows can no longer be read by
// `access` or identified by the columns of `key`.
absl::Status CheckAccess(Connection& connection, const std::string& table, const Access& access,
                         const std::set<std::string>& key);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_H_
