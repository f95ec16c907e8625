#include "worker/sources/postgresql/added_columns.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

std::string AddedSql(const std::unordered_map<std::uint32_t, const FollowedTable*>& tables) {
  std::string known;
  for (const auto& [oid, told] : tables) {
    absl::StrAppend(&known, known.empty() ? "" : ",", "(", oid, ",", told->newest_column(), ",",
                    told->file_number(), ")");
  }
  // Most tables have no new column: their number of columns says so, in a fifth of the time that a
  // look at all columns takes.
  return absl::StrCat(
      "SELECT c.oid, a.attname, a.attnum, a.atttypid, a.atttypmod, "
      "a.null_before AND c.relfilenode = k.file FROM (VALUES ",
      known,
      ") k(oid, newest, file) JOIN pg_class c ON c.oid = k.oid AND c.relnatts > k.newest "
      "CROSS JOIN LATERAL (SELECT a.attname, a.attnum, a.atttypid, a.atttypmod, ",
      kNullBeforeSql,
      " AS null_before FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > k.newest "
      "AND NOT a.attisdropped OFFSET 0) a ORDER BY c.oid, a.attnum");
}

}  // namespace

bool IsNew(const FollowedTable& told, const std::string& name) {
  const auto& others = told.not_selected();
  const auto& sent = told.columns();
  return std::find(others.begin(), others.end(), name) == others.end() &&
         std::none_of(sent.begin(), sent.end(),
                      [&name](const auto& column) { return column.name() == name; });
}

const char kNullBeforeSql[] = "(c.relkind = 'r' AND NOT a.atthasmissing AND a.attgenerated = '')";

absl::StatusOr<std::map<std::uint32_t, AddedColumns>> AskAddedColumns(
    Session& session, TypeLookup& types, const std::vector<TableWithColumns>& tables,
    bool null_before_only) {
  std::map<std::uint32_t, AddedColumns> added;
  std::unordered_map<std::uint32_t, const FollowedTable*> asked;
  for (const TableWithColumns& table : tables) {
    if (table.told->selects_new_columns() && table.told->newest_column() > 0) {
      asked[table.oid] = table.told;
    }
  }
  if (asked.empty()) return added;
  const auto rows = session.Query(AddedSql(asked), "look for added columns");
  if (!rows.ok()) return rows.status();
  std::vector<std::uint32_t> oids;
  for (int row = 0; row < rows->size(); ++row) {
    oids.push_back(static_cast<std::uint32_t>(rows->number(row, 3)));
  }
  const absl::Status learned = types.Learn(session, oids);
  if (!learned.ok()) return learned;
  for (int row = 0; row < rows->size(); ++row) {
    const auto oid = static_cast<std::uint32_t>(rows->number(row, 0));
    const std::string name = rows->text(row, 1);
    const bool null_before = rows->truth(row, 5);
    if (!IsNew(*asked[oid], name) || (null_before_only && !null_before)) continue;
    const auto type = types.Column(static_cast<std::uint32_t>(rows->number(row, 3)),
                                   static_cast<std::int32_t>(rows->number(row, 4)));
    if (!type.ok()) return type.status();
    AddedColumns& of_table = added[oid];
    auto& column = *of_table.columns.Add();
    column.set_name(name);
    type->SetOn(column);
    ColumnOrigin& origin = *of_table.origins.Add();
    origin.set_number(static_cast<std::uint32_t>(rows->number(row, 2)));
    origin.set_null_before(null_before);
  }
  return added;
}

}  // namespace tributary::postgresql
