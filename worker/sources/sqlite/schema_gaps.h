// The objects in a database's catalog that SQLite cannot parse: declared by a newer SQLite, or
// damaged. If there are any, each table is checked separately, since SQLite may have parsed a table
// only in part.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_GAPS_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_GAPS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/limits.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

// Names that one remark lists.
inline constexpr std::size_t kNamesInRemark = limits::kMaxNamesInWarning;

struct SchemaGaps {
  std::vector<std::string> views;
  std::vector<std::string> tables;
  // SQLite's reason why the first of the tables cannot be parsed; may be empty.
  std::string why;

  // A remark about the tables, with the bytes of their names.
  std::string Remark() const;
};

// `parsed` says whether SQLite knows a table or view of that name. `connection` has a transaction
// open.
absl::StatusOr<SchemaGaps> FindSchemaGaps(Connection& connection,
                                          const std::function<bool(const std::string&)>& parsed);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_GAPS_H_
