// Which tables and columns the warehouse file has, and where in it a source
// table's columns stand. What it knows is kept in the file itself, in
// _tributary_tester_tables and _tributary_tester_columns, and so outlives a run.
//
// A source table is stored under "<schema>.<table>", its columns under their own
// names, unless that is taken: SQLite does not tell a name from the same name
// in capitals. SQLite has 2,000 columns at most, so a wider table goes on in
// further parts with the same key.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_LAYOUT_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_LAYOUT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/sqlite_file.h"

namespace tributary::tester {

inline constexpr char kSyncedColumn[] = "_fivetran_synced";
inline constexpr char kDeletedColumn[] = "_fivetran_deleted";
// The key of a table that has none of its own.
inline constexpr char kIdColumn[] = "_fivetran_id";

struct StoredColumn {
  ColumnShape shape;
  std::string stored_as;
  // Key columns stand in every part and count as of part 0.
  std::size_t part = 0;
};

struct StoredTable {
  bool has_schema = false;
  std::string schema;
  std::string name;
  // SQLite's names of its parts; there is at least one.
  std::vector<std::string> parts;
  std::vector<StoredColumn> columns;
  // SQLite's names of the columns, in small letters.
  absl::flat_hash_set<std::string> taken_names;

  // Null where the column was never stored.
  const StoredColumn* Find(std::string_view column) const;
  // SQLite's names of the columns that tell a row: the key's, or _fivetran_id.
  std::vector<std::string> KeyColumns() const;
  bool keyed() const;
};

class WarehouseLayout {
 public:
  // Makes the tables about the warehouse where they are missing. `file`
  // outlives the layout.
  static absl::StatusOr<WarehouseLayout> Load(SqliteFile& file);

  // Makes the file hold all selected columns of `table` under its present key
  // and types. A table whose key has changed starts again with no rows: rows
  // under another key cannot be told apart. The answer is valid until the next
  // Fit of the same table.
  absl::StatusOr<const StoredTable*> Fit(const TableShape& table);

  std::vector<const StoredTable*> Tables() const;

 private:
  explicit WarehouseLayout(SqliteFile& file) : file_(&file) {}

  absl::Status LoadTables();
  absl::Status LoadColumns();
  absl::Status Create(const TableShape& table, StoredTable& stored);
  absl::Status Drop(StoredTable& stored);
  absl::Status AddColumn(StoredTable& stored, const ColumnShape& column);
  absl::Status AddPart(StoredTable& stored);
  absl::Status Remember(const StoredTable& stored, std::size_t position);
  std::string FreeTableName(std::string wanted);

  SqliteFile* file_;
  absl::node_hash_map<std::string, StoredTable> tables_;
  // In small letters.
  absl::flat_hash_set<std::string> taken_names_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_LAYOUT_H_
