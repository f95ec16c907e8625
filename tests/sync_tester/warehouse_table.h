// Applies rows to one table of the warehouse, with statements that are prepared once. Belongs to
// one version of the table's shape; another version needs another WarehouseTable.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_TABLE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_TABLE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/sync_tester/row_fingerprint.h"
#include "tests/sync_tester/sqlite_file.h"
#include "tests/sync_tester/stream_contract.h"
#include "tests/sync_tester/warehouse_layout.h"

namespace tributary::tester {

class WarehouseTable {
 public:
  // `stored` is the result of Fit for `shape`; `file` outlives the table.
  static absl::StatusOr<WarehouseTable> Make(SqliteFile& file, const StoredTable& stored,
                                             const TableShape& shape);

  // `synced` becomes the row's _fivetran_synced; it must be valid during the call.
  absl::Status Apply(const Row& row, std::string_view synced);

 private:
  // A statement whose first parameters are these columns of the shape, in order; then the key, if
  // the statement finds the row by it; then synced.
  struct Prepared {
    Statement statement;
    std::vector<std::size_t> columns;
  };

  explicit WarehouseTable(SqliteFile& file) : file_(&file) {}

  absl::Status PrepareUpserts(const StoredTable& stored, const TableShape& shape);
  absl::Status PrepareMarks();
  absl::Status Upsert(const Row& row, std::string_view synced);
  absl::Status Update(const Row& row, std::string_view synced);
  absl::Status Delete(const Row& row, std::string_view synced);
  absl::StatusOr<std::vector<Prepared>*> UpdateStatements(const Row& row);
  int BindColumns(Prepared& prepared, const Row& row);
  int BindKey(Prepared& prepared, const Row& row, int at);

  SqliteFile* file_;
  std::vector<std::string> parts_;
  // By the shape's column index; empty if the column is not stored.
  std::vector<std::string> stored_as_;
  std::vector<std::size_t> part_of_;
  std::vector<std::size_t> keys_;
  // "k1" = ?, with parameters that SQLite numbers.
  std::string where_key_;
  std::optional<RowFingerprint> fingerprint_;
  std::vector<Prepared> upserts_;
  Prepared delete_;
  Prepared truncate_;
  // By the set of columns that are given.
  absl::flat_hash_map<std::string, std::vector<Prepared>> updates_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_TABLE_H_
