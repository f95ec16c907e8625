#include "worker/sources/postgresql/logged_relation.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {
namespace {

// Of a column that is absent.
constexpr std::uint32_t kTextOid = 25;

struct ServerColumn {
  std::uint32_t type = 0;
  std::int32_t typmod = -1;
};

absl::StatusOr<std::map<std::string, ServerColumn>> AskGenerated(Session& session,
                                                                 std::uint32_t oid) {
  const auto rows = session.Query(
      absl::StrCat("SELECT attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid = ", oid,
                   " AND attnum > 0 AND NOT attisdropped AND attgenerated <> ''"),
      "look at columns that the log does not have");
  if (!rows.ok()) return rows.status();
  std::map<std::string, ServerColumn> columns;
  for (int row = 0; row < rows->size(); ++row) {
    columns[rows->text(row, 0)] = {.type = static_cast<std::uint32_t>(rows->number(row, 1)),
                                   .typmod = static_cast<std::int32_t>(rows->number(row, 2))};
  }
  return columns;
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
  shape = std::make_unique<TableShape>(told.schema_name(), told.table_name(), told.columns());
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
      auto asked = AskGenerated(session, oid_);
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
      return absl::NotFoundError(absl::StrCat("follow table ", name, ": the type of column ",
                                              Quoted(columns.Get(at).name()), " was altered"));
    }
    absl::StrAppend(&expressions_, at == 0 ? "" : ", ",
                    place == kAbsent
                        ? std::string("NULL")
                        : CopyExpression(type->copy_form, Quoted(columns.Get(at).name())));
    written.push_back({.name = columns.Get(at).name(),
                       .type = *std::move(type),
                       .key = columns.Get(at).primary_key()});
  }
  for (const std::size_t key : table_->shape->keys()) {
    if (places_[key] < 0) {
      return absl::NotFoundError(absl::StrCat("follow table ", name, ": a column of its key, ",
                                              Quoted(columns.Get(static_cast<int>(key)).name()),
                                              ", is not in the log"));
    }
    key_places_.push_back(places_[key]);
  }
  rows_ = std::make_unique<RowWriter>(name, std::move(written));
  return absl::OkStatus();
}

}  // namespace tributary::postgresql
