// Columns that a followed table got after the catalog was read.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ADDED_COLUMNS_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ADDED_COLUMNS_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/type_lookup.h"

namespace tributary::postgresql {

// Of one table, in the order of their numbers; never empty.
struct AddedColumns {
  google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns;
  // One for each.
  google::protobuf::RepeatedPtrField<ColumnOrigin> origins;
};

// An SQL expression on pg_attribute a and its table's pg_class c: whether rows that are older than
// the column have null in it, if the table has the same file (relfilenode) as when it did not have
// the column.
//
// A constant default of such rows is in the catalog (atthasmissing) until the table is
// rewritten; from then on it is in the rows, and they are in another file. Of partitioned tables
// the partitions have the default.
extern const char kNullBeforeSql[];

// Whether a column that the catalog did not have is one to be sent, and is not sent yet.
bool IsNew(const FollowedTable& told, const std::string& name);

struct TableWithColumns {
  // pg_class's, of the table itself and not of a partition.
  std::uint32_t oid = 0;
  const FollowedTable* told = nullptr;
};

// The selected columns that the server has now and that are not sent, by the tables' OIDs: all of
// them, or only columns in which older rows have null. Makes no query if no table selects new
// columns. Errors are Session::Query's.
absl::StatusOr<std::map<std::uint32_t, AddedColumns>> AskAddedColumns(
    Session& session, TypeLookup& types, const std::vector<TableWithColumns>& tables,
    bool null_before_only);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ADDED_COLUMNS_H_
