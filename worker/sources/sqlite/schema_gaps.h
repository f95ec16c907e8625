// What of the catalog of a database SQLite cannot parse: objects that a newer SQLite has
// declared, or damaged ones. Where there is such a one, each table is looked at by itself,
// since SQLite may have a wrong idea of one that it has parsed in part.
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
  // In SQLite's words, why the first of the tables cannot be parsed; may be empty.
  std::string why;

  // What there is to say of the tables, in the bytes of their names.
  std::string Remark() const;
};

// `parsed` tells whether SQLite knows a table or view of that name. `connection` has a
// transaction open.
absl::StatusOr<SchemaGaps> FindSchemaGaps(Connection& connection,
                                          const std::function<bool(const std::string&)>& parsed);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SCHEMA_GAPS_H_
