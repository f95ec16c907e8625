// Which tables and columns the warehouse file has, and where the columns of a source table are.
// This is stored in the file itself, in _tributary_tester_tables and _tributary_tester_columns, and
// so survives a run.
//
// A source table is stored as "<schema>.<table>", its columns with their own names, unless that
// name is used: SQLite does not distinguish upper and lower case. SQLite has at most 2,000 columns,
// so a wider table has further parts with the same key.
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
// The key of a table without a primary key.
inline constexpr char kIdColumn[] = "_fivetran_id";

struct StoredColumn {
  ColumnShape shape;
  std::string stored_as;
  // Key columns are in every part, and count as columns of part 0.
  std::size_t part = 0;
};

struct StoredTable {
  bool has_schema = false;
  std::string schema;
  std::string name;
  // The names of its parts in SQLite; there is at least one.
  std::vector<std::string> parts;
  std::vector<StoredColumn> columns;
  // The names of its columns in SQLite, in lower case.
  absl::flat_hash_set<std::string> taken_names;

  // Null if the column was never stored.
  const StoredColumn* Find(std::string_view column) const;
  // The names in SQLite of the columns that identify a row: the key's, or _fivetran_id.
  std::vector<std::string> KeyColumns() const;
  bool keyed() const;
};

class WarehouseLayout {
 public:
  // Creates the tables that store the layout if they are missing. `file` outlives the layout.
  static absl::StatusOr<WarehouseLayout> Load(SqliteFile& file);

  // Makes the file hold all selected columns of `table` with its current key and types. If a
  // table's key has changed, its rows are removed, since they cannot be identified by the new key.
  // The result is valid until the next Fit of the same table.
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
  // In lower case.
  absl::flat_hash_set<std::string> taken_names_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_LAYOUT_H_
