// What SQLite itself says of its tables: which there are, their columns and keys, and how
// the rows of each can be had.
//
// Asked are SQLite's table_list and what belongs to it, never the rows of sqlite_schema:
// an entry that says 'TABLE', or says its type in a blob, is a table to SQLite. Of
// sqlite_schema only root pages are taken, which are never trusted.
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
    // From 1 within the primary key; 0: not of it.
    int key_place = 0;
  };
  std::string name;
  std::uint32_t root_page = 0;
  // Hidden ones left out.
  std::vector<Column> columns;
  bool without_rowid = false;
  // An INTEGER PRIMARY KEY with an index of its own is no other name of the rowid.
  bool key_has_index = false;
  // Of a WITHOUT ROWID table, in the order of its rows.
  std::vector<KeyColumn> key;

  bool has_key() const;
  // The column that is another name of the rowid, or null.
  const Column* rowid_column() const;
  // The first of rowid, _rowid_ and oid that no column has taken; empty: none is free, or
  // there is no rowid.
  std::string free_rowid_name() const;
};

// What SQLite knows by name, besides tables; its own are left out of the lists.
struct KnownNames {
  // All of them and the tables, in lower case: sqlite_schema may have another one.
  std::set<std::string> all;
  std::vector<std::string> views;
  std::vector<std::string> virtuals;
  std::vector<std::string> shadows;
  // Named sqlite_, which SQLite keeps for itself, and not known here.
  std::vector<std::string> reserved;
};

class SchemaReader {
 public:
  // `connection` has a transaction open as long as this is used.
  explicit SchemaReader(Connection& connection) : connection_(connection) {}

  // The names come first, then the tables: four queries, however many there are.
  absl::Status ReadNames(KnownNames& names) { return ReadNames(nullptr, names); }
  using TakeTable = std::function<absl::Status(const DeclaredTable&)>;
  absl::Status ReadTables(const TakeTable& take);
  // The table of that name; one without columns where there is none.
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
  // Of every table whose primary key has an index, its columns.
  std::map<std::string, std::vector<KeyColumn>> keys_;
};

// How `table`'s rows are read in order.
Access AccessTo(Connection& connection, const DeclaredTable& table);

// NOT_FOUND: the rows of `table` can no longer be read by `access` or told apart by the
// columns of `key`, as they could when the catalog was read.
absl::Status CheckAccess(Connection& connection, const std::string& table, const Access& access,
                         const std::set<std::string>& key);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_H_
