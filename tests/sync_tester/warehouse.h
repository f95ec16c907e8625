// The destination: a SQLite file with one table for each source table, filled as
// Fivetran fills a warehouse.
//   UPSERT    replaces the row with this key; a deleted row is no longer deleted
//   UPDATE    changes the given columns if the row exists
//   DELETE    sets _fivetran_deleted if the row exists
//   TRUNCATE  sets _fivetran_deleted on all rows that were synced before
// A table is created by its first record, even if that is TRUNCATE.
//
// Rows are written in one transaction until Commit or Rollback; if the process dies before,
// the file is as it was after the last Commit. One thread.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/sync_tester/stream_contract.h"
#include "tests/sync_tester/warehouse_layout.h"
#include "tests/sync_tester/warehouse_table.h"

namespace tributary::tester {

class Warehouse {
 public:
  static absl::StatusOr<std::unique_ptr<Warehouse>> Open(const std::string& path);

  // Fills the catalog with the tables written until now, as if Schema had returned them.
  absl::Status FillCatalog(Catalog& catalog) const;

  // Used for all rows that are applied from now on.
  void SetSynced(absl::Time now);

  // `row.table` belongs to the only Catalog with which this object is used.
  absl::Status Apply(const Row& row);

  // If there is no open transaction, both do nothing.
  absl::Status Commit();
  absl::Status Rollback();

 private:
  struct OpenTable {
    std::uint64_t version = 0;
    std::unique_ptr<WarehouseTable> table;
  };

  explicit Warehouse(SqliteFile file) : file_(std::move(file)) {}
  absl::Status Prepare();
  absl::Status Refit(const TableShape& shape, OpenTable& open);

  SqliteFile file_;
  std::unique_ptr<WarehouseLayout> layout_;
  Statement begin_;
  Statement commit_;
  bool in_transaction_ = false;
  std::string synced_;
  // By the table's ordinal.
  std::vector<OpenTable> open_;
};

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_WAREHOUSE_H_
