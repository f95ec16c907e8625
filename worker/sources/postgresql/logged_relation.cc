#include "worker/sources/postgresql/logged_relation.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/sources/postgresql/added_columns.h"

namespace tributary::postgresql {
namespace {

// Of a column that is absent.
constexpr std::uint32_t kTextOid = 25;

struct ServerColumn {
  std::uint32_t type = 0;
  std::int32_t typmod = -1;
};

// Generated columns, and those that were added since with a value in older rows. `file_number`: the
// table's before they were added.
absl::StatusOr<std::map<std::string, ServerColumn>> AskNotLogged(Session& session,
                                                                 std::uint32_t oid,
                                                                 std::uint64_t file_number) {
  const auto rows =
      session.Query(absl::StrCat("SELECT a.attname, a.atttypid, a.atttypmod FROM pg_attribute a "
                                 "JOIN pg_class c ON c.oid = a.attrelid WHERE c.oid = ",
                                 oid, " AND a.attnum > 0 AND NOT a.attisdropped AND NOT (",
                                 kNullBeforeSql, " AND c.relfilenode = ", file_number, ")"),
                    "look at columns that the log does not have");
  if (!rows.ok()) return rows.status();
  std::map<std::string, ServerColumn> columns;
  for (int row = 0; row < rows->size(); ++row) {
    columns[rows->text(row, 0)] = {.type = static_cast<std::uint32_t>(rows->number(row, 1)),
                                   .typmod = static_cast<std::int32_t>(rows->number(row, 2))};
  }
  return columns;
}

// Whether the log's columns are certainly those of the catalog: there are as many as the catalog
// has numbers, so none was dropped, and each that is sent is in the place of its number. Asks the
// server nothing. `oid`: of the table itself, as a partition has its own numbers.
bool AreInPlace(const LogTable& table, std::uint32_t oid, const RelationColumns& relation) {
  const FollowedTable& told = table.told;
  const auto& logged = relation.columns;
  if (oid != table.access.oid || logged.size() != told.newest_column()) return false;
  for (int at = 0; at < told.columns_size(); ++at) {
    const std::uint32_t number = told.column_numbers(at);
    const bool is_there = number > 0 && number <= logged.size();
    if (!is_there || logged[number - 1].name != told.columns(at).name()) return false;
  }
  return true;
}

absl::Status Altered(const LogTable& table, absl::string_view what) {
  return absl::NotFoundError(absl::StrCat(
      "follow table ", Quoted(table.told.schema_name(), table.told.table_name()), ": ", what));
}

// A column that the table has, or had.
struct CatalogColumn {
  std::string name;
  bool dropped = false;
  bool generated = false;
  std::int64_t number = 0;
};

// In the order of their numbers; none if there is no such table.
absl::StatusOr<std::vector<CatalogColumn>> AskColumns(Session& session, std::uint32_t oid) {
  const auto rows = session.Query(
      absl::StrCat("SELECT attname, attisdropped, attgenerated <> '', attnum FROM pg_attribute "
                   "WHERE attnum > 0 AND attrelid = ",
                   oid, " ORDER BY attnum"),
      "look at the columns of a table in the log");
  if (!rows.ok()) return rows.status();
  std::vector<CatalogColumn> columns;
  for (int row = 0; row < rows->size(); ++row) {
    columns.push_back({.name = rows->text(row, 0),
                       .dropped = rows->truth(row, 1),
                       .generated = rows->truth(row, 2),
                       .number = rows->number(row, 3)});
  }
  return columns;
}

// Both lists are in the order of the columns' numbers. A generated column of the catalog may be
// missing in the log. A dropped one has lost its name, so it may be the log's next column, unless
// another column has that name now. Any other difference is a rename.
absl::Status MatchNames(const LogTable& table, const std::vector<CatalogColumn>& columns,
                        const RelationColumns& relation) {
  const FollowedTable& told = table.told;
  std::map<std::string, std::int64_t> numbers;
  for (const CatalogColumn& column : columns) {
    if (!column.dropped) numbers[column.name] = column.number;
  }
  // The table was dropped, and so nothing is lost.
  if (numbers.empty()) return absl::OkStatus();
  auto logged = relation.columns.begin();
  for (auto column = columns.begin(); column != columns.end() && logged != relation.columns.end();
       ++column) {
    if (column->dropped) {
      const auto number = numbers.find(logged->name);
      if (number == numbers.end()) {
        ++logged;
        continue;
      }
      const bool added_since = told.selects_new_columns() && told.newest_column() > 0 &&
                               number->second > told.newest_column();
      if (added_since && IsNew(told, logged->name)) {
        return Altered(table, absl::StrCat("column ", Quoted(logged->name), " was made anew"));
      }
    } else if (logged->name == column->name) {
      ++logged;
    } else if (!column->generated) {
      break;
    }
  }
  if (logged == relation.columns.end()) return absl::OkStatus();
  return Altered(table, absl::StrCat("column ", Quoted(logged->name), " was renamed"));
}

}  // namespace

void LogTable::Tell(FollowedTable now) {
  told = std::move(now);
  shape = std::make_unique<TableShape>(told.schema_name(), told.table_name(), told.columns());
  joined = false;
  lost = false;
}

bool LogTable::Lacks(const RelationColumns& relation) const {
  if (!told.selects_new_columns()) return false;
  const auto& sent = told.columns();
  return std::any_of(
      relation.columns.begin(), relation.columns.end(), [&](const RelationColumns::Column& column) {
        return std::none_of(sent.begin(), sent.end(),
                            [&](const auto& one) { return one.name() == column.name; });
      });
}

void LogTable::Add(const AddedColumns& added) {
  told.mutable_columns()->MergeFrom(added.columns);
  for (const ColumnOrigin& origin : added.origins) told.add_column_numbers(origin.number());
  shape = std::make_unique<TableShape>(told.schema_name(), told.table_name(), told.columns());
}

absl::Status CheckNames(const LogTable& table, std::uint32_t oid, const RelationColumns& relation,
                        Session& session) {
  if (table.joins_later() || AreInPlace(table, oid, relation)) return absl::OkStatus();
  const auto columns = AskColumns(session, oid);
  if (!columns.ok()) return columns.status();
  return MatchNames(table, *columns, relation);
}

absl::StatusOr<std::unique_ptr<LoggedRelation>> LoggedRelation::Make(
    LogTable& table, std::uint32_t oid, const RelationColumns& relation, Session& session,
    TypeLookup& types) {
  std::unique_ptr<LoggedRelation> made(new LoggedRelation(table, oid));
  const absl::Status mapped = made->Map(relation, session, types);
  if (!mapped.ok()) return mapped;
  return made;
}

absl::Status LoggedRelation::Map(const RelationColumns& relation, Session& session,
                                 TypeLookup& types) {
  const auto& columns = table_->told.columns();
  const std::string name = Quoted(table_->told.schema_name(), table_->told.table_name());
  std::vector<ServerColumn> found;
  std::optional<std::map<std::string, ServerColumn>> now;
  for (const auto& column : columns) {
    const auto logged = std::find_if(
        relation.columns.begin(), relation.columns.end(),
        [&column](const RelationColumns::Column& one) { return one.name == column.name(); });
    if (logged != relation.columns.end()) {
      places_.push_back(static_cast<int>(logged - relation.columns.begin()));
      found.push_back({.type = logged->type, .typmod = logged->typmod});
      continue;
    }
    if (!now.has_value()) {
      auto asked = AskNotLogged(session, oid_, table_->told.file_number());
      if (!asked.ok()) return asked.status();
      now = *std::move(asked);
    }
    const auto there = now->find(column.name());
    places_.push_back(there == now->end() ? kAbsent : kNotLogged);
    found.push_back(there == now->end() ? ServerColumn{.type = kTextOid} : there->second);
    reads_again_ = reads_again_ || there != now->end();
  }
  for (const RelationColumns::Column& column : relation.columns) types_.push_back(column.type);
  std::vector<std::uint32_t> oids;
  for (const ServerColumn& column : found) oids.push_back(column.type);
  const absl::Status learned = types.Learn(session, oids);
  if (!learned.ok()) return learned;
  std::vector<RowWriter::Column> written;
  for (int at = 0; at < columns.size(); ++at) {
    const ServerColumn& column = found[static_cast<std::size_t>(at)];
    const int place = places_[static_cast<std::size_t>(at)];
    auto type = types.Column(column.type, column.typmod);
    if (!type.ok()) return type.status();
    if (place != kAbsent && !type->IsOf(columns.Get(at))) {
      return Altered(*table_, absl::StrCat("the type of column ", Quoted(columns.Get(at).name()),
                                           " was altered"));
    }
    absl::StrAppend(&expressions_, at == 0 ? "" : ", ",
                    place == kAbsent
                        ? std::string("NULL")
                        : CopyExpression(type->copy_form, Quoted(columns.Get(at).name())));
    written.push_back({.name = columns.Get(at).name(),
                       .type = *std::move(type),
                       .key = columns.Get(at).primary_key()});
  }
  rows_ = std::make_unique<RowWriter>(name, std::move(written));
  return MapKey(relation, session);
}

absl::Status LoggedRelation::MapKey(const RelationColumns& relation, Session& session) {
  const auto& columns = table_->told.columns();
  for (const std::size_t key : table_->shape->keys()) {
    if (places_[key] < 0) {
      return Altered(*table_, absl::StrCat("a column of its key, ",
                                           Quoted(columns.Get(static_cast<int>(key)).name()),
                                           ", is not in the log"));
    }
    key_places_.push_back(places_[key]);
  }
  // FULL has the values of all columns, and only with it a key may be deferrable.
  if (relation.identity == 'f') {
    const auto deferrable =
        session.Query(absl::StrCat("SELECT FROM pg_index WHERE indrelid = ", table_->access.oid,
                                   " AND indisprimary AND NOT indimmediate"),
                      "look at the key of a table in the log");
    if (!deferrable.ok()) return deferrable.status();
    may_share_keys_ = deferrable->size() > 0;
    return absl::OkStatus();
  }
  std::size_t identifying = 0;
  bool are_keys = true;
  for (std::size_t at = 0; at < relation.columns.size(); ++at) {
    if (!relation.columns[at].in_identity) continue;
    ++identifying;
    are_keys = are_keys && std::find(key_places_.begin(), key_places_.end(),
                                     static_cast<int>(at)) != key_places_.end();
  }
  // Without any, the server allows only inserts.
  if (identifying == 0 || (are_keys && identifying == key_places_.size())) return absl::OkStatus();
  return Altered(*table_, "other columns than its key identified its rows");
}

}  // namespace tributary::postgresql
