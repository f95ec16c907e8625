#include "worker/sources/postgresql/catalog.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/text.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/catalog_notes.h"
#include "worker/sources/postgresql/catalog_query.h"
#include "worker/sources/postgresql/log_slot.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "read the catalog";
// Tables that one remark names.
constexpr std::size_t kNamedInRemark = 20;

constexpr char kDatabaseSql[] =
    "SELECT s.system_identifier, current_database(), current_setting('block_size'), current_user "
    "FROM pg_control_system() s";

CatalogTable::Comparison ComparisonOf(const Access& access, const std::vector<std::uint32_t>& key) {
  if (access.by_keys()) return CatalogTable::RANGES;
  return key.empty() ? CatalogTable::WHOLE : CatalogTable::SET;
}

// Tables that are left out for one reason.
struct LeftOut {
  std::vector<std::string> tables;

  std::string Names() const {
    const std::size_t named = std::min(tables.size(), kNamedInRemark);
    std::string names =
        absl::StrJoin(tables.begin(), tables.begin() + static_cast<std::ptrdiff_t>(named), ", ");
    if (named < tables.size()) absl::StrAppend(&names, " and ", tables.size() - named, " more");
    return names;
  }
};

class CatalogReader {
 public:
  CatalogReader(Session& session, TypeLookup& types, const Settings& settings, Catalog& catalog)
      : session_(session),
        types_(types),
        follows_(settings.follows),
        publication_(settings.publication),
        slot_(SlotName(settings)),
        catalog_(catalog) {}

  absl::Status Read() {
    const auto database = session_.Query(kDatabaseSql, kDoing);
    if (!database.ok()) return database.status();
    catalog_.set_identity(
        absl::StrCat("postgresql:", database->text(0, 0), ":", database->text(0, 1)));
    block_bytes_ = static_cast<std::uint64_t>(database->number(0, 2));
    role_ = database->text(0, 3);
    const auto tables = session_.Query(TablesSql(session_.server_version(), publication_), kDoing);
    if (!tables.ok()) return tables.status();
    const auto columns = session_.Query(ColumnsSql(), kDoing);
    if (!columns.ok()) return columns.status();
    if (absl::Status done = LearnTypes(*columns); !done.ok()) return done;
    if (absl::Status done = AskOrders(*tables); !done.ok()) return done;
    for (int row = 0; row < tables->size(); ++row) AddTable(*tables, row);
    if (absl::Status done = AddColumns(*columns); !done.ok()) return done;
    DropTablesWithoutColumns();
    AddNotes(publication_, catalog_);
    AddRemarks();
    auto kept_log = KeptLog(session_, slot_);
    if (kept_log.ok()) catalog_.set_kept_log(*std::move(kept_log));
    return kept_log.status();
  }

 private:
  struct Added {
    int at = 0;
    std::vector<std::uint32_t> key;
    // The name of a column is not UTF-8; it may be the key's.
    bool has_odd_column = false;
  };

  static std::uint32_t Oid(const Rows& rows, int row, int column) {
    return static_cast<std::uint32_t>(rows.number(row, column));
  }

  // The types of all columns, and which tables have one that ends the log.
  absl::Status LearnTypes(const Rows& columns) {
    std::unordered_set<std::uint32_t> used;
    for (int row = 0; row < columns.size(); ++row) used.insert(Oid(columns, row, kColumnType));
    const absl::Status learned = types_.Learn(session_, {used.begin(), used.end()});
    if (!learned.ok()) return learned;
    std::unordered_set<std::uint32_t> unsendable;
    for (const std::uint32_t type : used) {
      const auto column = types_.Column(type, -1);
      if (!column.ok()) return column.status();
      if (column->log_form == LogForm::kBreaksStream) unsendable.insert(type);
    }
    if (unsendable.empty()) return absl::OkStatus();
    for (int row = 0; row < columns.size(); ++row) {
      if (unsendable.contains(Oid(columns, row, kColumnType))) {
        with_unsendable_.insert(Oid(columns, row, kColumnTable));
      }
    }
    return absl::OkStatus();
  }

  bool IsLogged(const Rows& rows, int row) const {
    return HasLog(rows, row, follows_) && !with_unsendable_.contains(Oid(rows, row, kOid));
  }

  absl::Status AskOrders(const Rows& rows) {
    std::vector<TableKey> keys;
    for (int row = 0; row < rows.size(); ++row) {
      if (!IsTable(rows, row) || IsLogged(rows, row)) continue;
      TableKey key{.oid = Oid(rows, row, kOid), .columns = KeyOf(rows, row)};
      if (!key.columns.empty()) keys.push_back(std::move(key));
    }
    if (keys.empty()) return absl::OkStatus();
    const auto answer = session_.Query(OrdersSql(session_.server_version(), keys), kDoing);
    if (!answer.ok()) return answer.status();
    for (int row = 0; row < answer->size(); ++row) {
      orders_[Oid(*answer, row, 0)] = answer->text(row, 1);
    }
    return absl::OkStatus();
  }

  void AddTable(const Rows& rows, int row) {
    // It was dropped while the server answered.
    if (rows.null(row, kSchemaUsage) || rows.null(row, kSelect)) return;
    std::string name = Quoted(rows.at(row, kSchema), rows.at(row, kName));
    if (!IsUtf8(name)) {
      std::string repaired;
      RepairUtf8(name, repaired);
      not_utf8_.tables.push_back(repaired);
      return;
    }
    LeftOut* const why = !rows.truth(row, kSchemaUsage)  ? &without_usage_
                         : !rows.truth(row, kSelect)     ? &without_select_
                         : rows.truth(row, kRowSecurity) ? &with_row_security_
                         : !rows.truth(row, kPopulated)  ? &not_populated_
                                                         : nullptr;
    if (why != nullptr) {
      why->tables.push_back(why == &without_usage_ ? Quoted(rows.at(row, kSchema)) : name);
      return;
    }
    CatalogTable& table = *catalog_.add_tables();
    table.set_schema(rows.text(row, kSchema));
    table.set_table(rows.text(row, kName));
    const std::uint32_t oid = Oid(rows, row, kOid);
    const bool has_log = IsLogged(rows, row);
    std::vector<std::uint32_t> key = KeyOf(rows, row);
    const auto order = orders_.find(oid);
    Access access{.by = HowToRead(rows, row, has_log, order != orders_.end()), .oid = oid};
    if (access.by_keys()) {
      access.key = key;
      access.order = order->second;
      table.set_order(access.order);
    }
    table.set_access(AccessText(access));
    table.set_estimated_bytes(static_cast<std::uint64_t>(rows.number(row, kPages)) * block_bytes_);
    table.set_has_log(has_log);
    if (has_log) {
      table.set_content(rows.text(row, kContent));
      table.set_file_number(static_cast<std::uint64_t>(rows.number(row, kFile)));
    } else {
      table.set_comparison(ComparisonOf(access, key));
      table.set_note(static_cast<std::uint32_t>(NoteOf(rows, row, key.empty())));
    }
    added_[oid] = {.at = catalog_.tables_size() - 1, .key = std::move(key)};
  }

  // Of a table without a log.
  Note NoteOf(const Rows& rows, int row, bool keyless) const {
    if (keyless) return IsTable(rows, row) ? Note::kKeyless : Note::kKeylessView;
    if (!follows_) return Note::kNone;
    if (!IsTable(rows, row)) return Note::kView;
    if (rows.at(row, kPersistence) != "p") return Note::kUnlogged;
    if (!rows.truth(row, kLeavesLogged)) return Note::kOtherPartitions;
    if (!rows.truth(row, kKeyLogged)) return Note::kGeneratedKey;
    if (!MayHaveLog(rows, row)) return Note::kNoIdentity;
    if (with_unsendable_.contains(Oid(rows, row, kOid))) return Note::kUnsendableColumn;
    return InPart(rows, row) ? Note::kPublishedInPart : Note::kNotPublished;
  }

  // By table and column number.
  static std::vector<int> InOrder(const Rows& rows) {
    std::vector<std::tuple<std::int64_t, std::int64_t, int>> keys;
    keys.reserve(static_cast<std::size_t>(rows.size()));
    for (int row = 0; row < rows.size(); ++row) {
      keys.emplace_back(rows.number(row, kColumnTable), rows.number(row, kColumnNumber), row);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<int> order;
    order.reserve(keys.size());
    for (const auto& [table, number, row] : keys) order.push_back(row);
    return order;
  }

  absl::Status AddColumns(const Rows& rows) {
    for (const int row : InOrder(rows)) {
      const auto added = added_.find(Oid(rows, row, kColumnTable));
      if (added == added_.end()) continue;
      if (!IsUtf8(rows.at(row, kColumnName))) {
        added->second.has_odd_column = true;
        continue;
      }
      const auto type =
          types_.Column(Oid(rows, row, kColumnType),
                        static_cast<std::int32_t>(rows.number(row, kColumnTypeModifier)));
      if (!type.ok()) return type.status();
      CatalogTable& table = *catalog_.mutable_tables(added->second.at);
      auto& column = *table.add_columns();
      column.set_name(rows.text(row, kColumnName));
      type->SetOn(column);
      const auto& key = added->second.key;
      const std::uint32_t number = static_cast<std::uint32_t>(rows.number(row, kColumnNumber));
      column.set_primary_key(std::find(key.begin(), key.end(), number) != key.end());
      ColumnOrigin& origin = *table.add_origins();
      origin.set_number(number);
      origin.set_null_before(rows.truth(row, kColumnNullBefore));
    }
    return absl::OkStatus();
  }

  void DropTablesWithoutColumns() {
    for (const auto& [oid, added] : added_) {
      if (!added.has_odd_column) continue;
      CatalogTable& table = *catalog_.mutable_tables(added.at);
      table.clear_columns();
      table.add_origins();
    }
    auto& tables = *catalog_.mutable_tables();
    const auto first =
        std::stable_partition(tables.begin(), tables.end(),
                              [](const CatalogTable& table) { return table.columns_size() > 0; });
    for (auto table = first; table != tables.end(); ++table) {
      LeftOut& why = table->origins_size() == 0 ? without_columns_ : not_utf8_;
      why.tables.push_back(Quoted(table->schema(), table->table()));
    }
    tables.erase(first, tables.end());
  }

  void AddRemarks() {
    const std::string role = Quoted(role_);
    auto& schemas = without_usage_.tables;
    schemas.erase(std::unique(schemas.begin(), schemas.end()), schemas.end());
    const std::pair<const LeftOut*, std::pair<std::string, std::string>> all[] = {
        {&without_usage_,
         {"left out, as the role may not use the schema: GRANT USAGE ON SCHEMA ",
          absl::StrCat(" TO ", role)}},
        {&without_select_,
         {"left out, as the role may not read them: GRANT SELECT ON ", absl::StrCat(" TO ", role)}},
        {&with_row_security_,
         {"left out, as row-level security hides rows of them from the role: ALTER ROLE with "
          "BYPASSRLS, for ",
          ""}},
        {&not_populated_,
         {"left out, as materialized views that were never filled hold nothing: REFRESH "
          "MATERIALIZED VIEW ",
          ""}},
        {&not_utf8_,
         {"left out, as names of theirs or of their columns are not UTF-8: ALTER TABLE … RENAME, "
          "for ",
          ""}},
        {&without_columns_, {"left out, as they have no columns: ", ""}}};
    for (const auto& [left_out, words] : all) {
      if (left_out->tables.empty()) continue;
      catalog_.add_remarks(absl::StrCat(words.first, left_out->Names(), words.second));
    }
  }

  Session& session_;
  TypeLookup& types_;
  const bool follows_;
  const std::string& publication_;
  const std::string slot_;
  Catalog& catalog_;
  std::uint64_t block_bytes_ = 0;
  std::string role_;
  // What the order of a table's key rests on, of those that are read by keys.
  std::unordered_map<std::uint32_t, std::string> orders_;
  std::unordered_map<std::uint32_t, Added> added_;
  std::unordered_set<std::uint32_t> with_unsendable_;
  LeftOut without_usage_;
  LeftOut without_select_;
  LeftOut with_row_security_;
  LeftOut not_populated_;
  LeftOut not_utf8_;
  LeftOut without_columns_;
};

}  // namespace

absl::Status ReadCatalog(Session& session, TypeLookup& types, const Settings& settings,
                         Catalog& catalog) {
  return CatalogReader(session, types, settings, catalog).Read();
}

}  // namespace tributary::postgresql
