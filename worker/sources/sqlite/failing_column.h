// Which column of a row it is that SQLite cannot compute: of itself it says only why.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_FAILING_COLUMN_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_FAILING_COLUMN_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

// A row of a table: the one after `offset` others of what `rest` (FROM, WHERE and ORDER
// BY) gives, whose parameters `bind` sets.
struct RowPlace {
  std::string rest;
  std::function<absl::Status(sqlite3_stmt*)> bind = [](sqlite3_stmt*) { return absl::OkStatus(); };
  std::uint64_t offset = 0;
};

// Of `columns` only generated ones can fail by themselves. OK where each of them can be
// had; otherwise the first one's failure, which names it. Within a transaction.
absl::Status FailureOfColumn(
    Connection& connection, const std::string& table,
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns,
    const RowPlace& place);

// Reads the first row of the table as a sync would.
absl::Status TryTable(Connection& connection, const CatalogTable& table);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_FAILING_COLUMN_H_
