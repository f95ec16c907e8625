#include "worker/sources/postgresql/catalog.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/text.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/catalog_query.h"

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
    const absl::Status ordered = AskOrders(*tables);
    if (!ordered.ok()) return ordered;
    for (int row = 0; row < tables->size(); ++row) AddTable(*tables, row);
    const auto columns = session_.Query(ColumnsSql(), kDoing);
    if (!columns.ok()) return columns.status();
    const absl::Status status = AddColumns(*columns);
    if (!status.ok()) return status;
    DropTablesWithoutColumns();
    AddRemarks();
    return absl::OkStatus();
  }

 private:
  struct Added {
    int at = 0;
    std::vector<std::uint32_t> key;
    // The name of a column is not UTF-8; it may be the key's.
    bool has_odd_column = false;
  };

  absl::Status AskOrders(const Rows& rows) {
    std::vector<TableKey> keys;
    for (int row = 0; row < rows.size(); ++row) {
      if (!IsTable(rows, row) || HasLog(rows, row, follows_)) continue;
      TableKey key{.oid = static_cast<std::uint32_t>(rows.number(row, kOid)),
                   .columns = KeyOf(rows, row)};
      if (!key.columns.empty()) keys.push_back(std::move(key));
    }
    if (keys.empty()) return absl::OkStatus();
    const auto answer = session_.Query(OrdersSql(session_.server_version(), keys), kDoing);
    if (!answer.ok()) return answer.status();
    for (int row = 0; row < answer->size(); ++row) {
      orders_[static_cast<std::uint32_t>(answer->number(row, 0))] = answer->text(row, 1);
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
    const auto oid = static_cast<std::uint32_t>(rows.number(row, kOid));
    const bool has_log = HasLog(rows, row, follows_);
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
      NoteWithoutLog(rows, row, key.empty(), name);
    }
    added_[oid] = {.at = catalog_.tables_size() - 1, .key = std::move(key)};
  }

  void NoteWithoutLog(const Rows& rows, int row, bool keyless, const std::string& name) {
    if (keyless) {
      (IsTable(rows, row) ? keyless_ : keyless_views_).tables.push_back(name);
    } else if (follows_) {
      LeftOut& why_not = !MayHaveLog(rows, row) ? NotInLog(rows, row)
                         : InPart(rows, row)    ? published_in_part_
                                                : not_published_;
      why_not.tables.push_back(name);
    }
  }

  LeftOut& NotInLog(const Rows& rows, int row) {
    if (!IsTable(rows, row)) return views_;
    if (rows.at(row, kPersistence) != "p") return unlogged_;
    if (!rows.truth(row, kLeavesLogged)) return with_other_partitions_;
    return rows.truth(row, kKeyLogged) ? without_identity_ : with_generated_key_;
  }

  // By table and column number.
  static std::vector<int> InOrder(const Rows& rows) {
    std::vector<std::tuple<std::int64_t, std::int64_t, int>> keys;
    keys.reserve(static_cast<std::size_t>(rows.size()));
    for (int row = 0; row < rows.size(); ++row) {
      keys.emplace_back(rows.number(row, 0), rows.number(row, 1), row);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<int> order;
    order.reserve(keys.size());
    for (const auto& [table, number, row] : keys) order.push_back(row);
    return order;
  }

  absl::Status AddColumns(const Rows& rows) {
    std::vector<std::uint32_t> oids;
    for (int row = 0; row < rows.size(); ++row) {
      if (added_.contains(static_cast<std::uint32_t>(rows.number(row, 0)))) {
        oids.push_back(static_cast<std::uint32_t>(rows.number(row, 3)));
      }
    }
    std::sort(oids.begin(), oids.end());
    oids.erase(std::unique(oids.begin(), oids.end()), oids.end());
    const absl::Status learned = types_.Learn(session_, oids);
    if (!learned.ok()) return learned;
    for (const int row : InOrder(rows)) {
      const auto added = added_.find(static_cast<std::uint32_t>(rows.number(row, 0)));
      if (added == added_.end()) continue;
      if (!IsUtf8(rows.at(row, 2))) {
        added->second.has_odd_column = true;
        continue;
      }
      const auto type = types_.Column(static_cast<std::uint32_t>(rows.number(row, 3)),
                                      static_cast<std::int32_t>(rows.number(row, 4)));
      if (!type.ok()) return type.status();
      CatalogTable& table = *catalog_.mutable_tables(added->second.at);
      auto& column = *table.add_columns();
      column.set_name(rows.text(row, 2));
      type->SetOn(column);
      const auto& key = added->second.key;
      const auto number = static_cast<std::uint32_t>(rows.number(row, 1));
      column.set_primary_key(std::find(key.begin(), key.end(), number) != key.end());
      ColumnOrigin& origin = *table.add_origins();
      origin.set_number(number);
      origin.set_null_before(rows.truth(row, 5));
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
      const std::string name = Quoted(table->schema(), table->table());
      for (LeftOut* const other :
           {&views_, &unlogged_, &with_other_partitions_, &with_generated_key_, &without_identity_,
            &published_in_part_, &not_published_, &keyless_, &keyless_views_}) {
        std::erase(other->tables, name);
      }
      LeftOut& why = table->origins_size() == 0 ? without_columns_ : not_utf8_;
      why.tables.push_back(name);
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
        {&without_columns_, {"left out, as they have no columns: ", ""}},
        {&views_,
         {"read whole and compared in each sync, as the log has no changes of views and foreign "
          "tables: ",
          ""}},
        {&unlogged_,
         {"read whole and compared in each sync, as the log has no changes of unlogged tables: "
          "ALTER TABLE … SET LOGGED, for ",
          ""}},
        {&with_other_partitions_,
         {"read whole and compared in each sync, as partitions of them are unlogged or have "
          "another replica identity than they: ALTER TABLE … SET LOGGED, or REPLICA IDENTITY, on "
          "the partitions of ",
          ""}},
        {&with_generated_key_,
         {"read whole and compared in each sync, as the log has no generated columns, and their "
          "keys have some: another PRIMARY KEY, or a REPLICA IDENTITY USING INDEX, for ",
          ""}},
        {&without_identity_,
         {"read whole and compared in each sync, as the log cannot name their rows without a "
          "primary key that is not deferrable: ALTER TABLE … ADD PRIMARY KEY, for ",
          ""}},
        {&keyless_,
         {"read whole in each sync, and sent again from TRUNCATE where anything in them has "
          "changed, as they have no key; equal rows of them are one row in the destination: ALTER "
          "TABLE … ADD PRIMARY KEY, for ",
          ""}},
        {&keyless_views_,
         {"read whole in each sync, and sent again from TRUNCATE where anything in them has "
          "changed, as views and foreign tables have no key; equal rows of them are one row in "
          "the destination: ",
          ""}},
        {&published_in_part_,
         {absl::StrCat("read whole and compared in each sync, as a row filter or a column list of "
                       "publication ",
                       Quoted(publication_), " holds back a part of "),
          ""}},
        {&not_published_,
         {absl::StrCat(
              "read whole and compared in each sync, as they are not in the publication and "
              "the role may not add them: ALTER PUBLICATION ",
              Quoted(publication_), " ADD TABLE "),
          ""}}};
    for (const auto& [left_out, words] : all) {
      if (left_out->tables.empty()) continue;
      catalog_.add_remarks(absl::StrCat(words.first, left_out->Names(), words.second));
    }
  }

  Session& session_;
  TypeLookup& types_;
  const bool follows_;
  const std::string& publication_;
  Catalog& catalog_;
  std::uint64_t block_bytes_ = 0;
  std::string role_;
  // What the order of a table's key rests on, of those that are read by keys.
  std::unordered_map<std::uint32_t, std::string> orders_;
  std::unordered_map<std::uint32_t, Added> added_;
  LeftOut without_usage_;
  LeftOut without_select_;
  LeftOut with_row_security_;
  LeftOut not_populated_;
  LeftOut not_utf8_;
  LeftOut without_columns_;
  LeftOut views_;
  LeftOut unlogged_;
  LeftOut with_other_partitions_;
  LeftOut with_generated_key_;
  LeftOut without_identity_;
  LeftOut published_in_part_;
  LeftOut not_published_;
  LeftOut keyless_;
  LeftOut keyless_views_;
};

}  // namespace

absl::Status ReadCatalog(Session& session, TypeLookup& types, const Settings& settings,
                         Catalog& catalog) {
  return CatalogReader(session, types, settings, catalog).Read();
}

}  // namespace tributary::postgresql
