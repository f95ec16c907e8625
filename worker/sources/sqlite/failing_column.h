// Finds the column of a row that SQLite cannot compute: SQLite itself only says why.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_FAILING_COLUMN_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_FAILING_COLUMN_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

// A row of a table: row number `offset`, from 0, of the result of `rest` (FROM, WHERE and ORDER
// BY), whose parameters `bind` sets.
struct RowPlace {
  std::string rest;
  std::function<absl::Status(sqlite3_stmt*)> bind = [](sqlite3_stmt*) { return absl::OkStatus(); };
  std::uint64_t offset = 0;
};

// Only generated ones among `columns` can fail by themselves. OK if all can be read; otherwise the
// first one's failure, which names it. Within a transaction.
absl::Status FailureOfColumn(
    Connection& connection, const std::string& table,
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns,
    const RowPlace& place);

// Reads the first row of the table as a sync would.
absl::Status TryTable(Connection& connection, const CatalogTable& table);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_FAILING_COLUMN_H_
