#include "worker/sources/sqlite/failing_column.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/result_code.h"

namespace tributary::sqlite {
namespace {

constexpr char kGeneratedSql[] =
    "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden IN (2, 3)";

std::set<std::string> GeneratedColumns(Connection& connection, const std::string& table) {
  std::set<std::string> names;
  const auto statement = connection.Prepare(kGeneratedSql, table);
  if (!statement.ok()) return names;
  sqlite3_bind_text(statement->get(), 1, table.data(), static_cast<int>(table.size()),
                    SQLITE_STATIC);
  while (sqlite3_step(statement->get()) == SQLITE_ROW) {
    names.insert(ColumnText(statement->get(), 0));
  }
  return names;
}

}  // namespace

absl::Status FailureOfColumn(
    Connection& connection, const std::string& table,
    const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns,
    const RowPlace& place) {
  const std::set<std::string> generated = GeneratedColumns(connection, table);
  for (const auto& column : columns) {
    if (!generated.contains(column.name())) continue;
    const auto statement =
        connection.Prepare(absl::StrCat("SELECT ", Quoted(column.name()), place.rest,
                                        " LIMIT 1 OFFSET ", place.offset),
                           table, column.name());
    if (!statement.ok()) return statement.status();
    const absl::Status bound = place.bind(statement->get());
    if (!bound.ok()) return bound;
    const int code = sqlite3_step(statement->get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      return connection.Error(code, "read table", table, column.name());
    }
  }
  return absl::OkStatus();
}

absl::Status TryTable(Connection& connection, const CatalogTable& table) {
  std::vector<std::string> names;
  const auto rowid = ParseAccess(table.access());
  for (const auto& column : table.columns()) {
    // The rowid fails with any column, and a result may have no room for it in addition.
    if (!rowid.ok() || column.name() != rowid->rowid) names.push_back(Quoted(column.name()));
  }
  if (names.empty()) names.push_back("1");
  const RowPlace first{.rest = absl::StrCat(" FROM main.", Quoted(table.table()))};
  const auto statement = connection.Prepare(
      absl::StrCat("SELECT ", absl::StrJoin(names, ","), first.rest, " LIMIT 1"), table.table());
  absl::Status status = statement.status();
  if (status.ok()) {
    const int code = sqlite3_step(statement->get());
    if (code == SQLITE_ROW || code == SQLITE_DONE) return absl::OkStatus();
    status = connection.Error(code, "read table", table.table());
  }
  if (connection.LastCode() != SQLITE_ERROR) return status;
  const absl::Status of_column = FailureOfColumn(connection, table.table(), table.columns(), first);
  return of_column.ok() ? status : of_column;
}

}  // namespace tributary::sqlite
