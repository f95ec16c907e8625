#include "worker/sources/postgresql/catalog.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/text.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/added_columns.h"
#include "worker/sources/postgresql/key_order.h"
#include "worker/sources/postgresql/log_publication.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "read the catalog";
// Tables that one remark names.
constexpr std::size_t kNamedInRemark = 20;

// Tables of all kinds whose rows are a source's own; partitions are read with their root.
constexpr char kOurTables[] =
    "c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' "
    "AND NOT starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema'";

constexpr char kDatabaseSql[] =
    "SELECT s.system_identifier, current_database(), current_setting('block_size'), current_user "
    "FROM pg_control_system() s";

// The columns of an index that are its key, in its order.
std::string IndexKeySql(const std::string& index) {
  return absl::StrCat("array_to_string((", index, ".indkey::int2[])[0:", index,
                      ".indnkeyatts - 1], ' ')");
}

// Of a table without a primary key, the oldest index whose columns tell its rows apart.
std::string UniqueIndexSql() {
  return absl::StrCat(
      "(SELECT ", IndexKeySql("i"),
      " AS key FROM pg_index i WHERE i.indrelid = c.oid AND k.indrelid IS NULL AND i.indisunique "
      "AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL "
      "AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attnotnull "
      "AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) "
      "ORDER BY i.indexrelid LIMIT 1)");
}

// A partitioned table's pages are those of its leaves; pg_partition_tree would lock them.
std::string TablesSql(int server_version, const std::string& publication) {
  return absl::StrCat(
      "WITH RECURSIVE leaf AS ("
      "SELECT i.inhparent AS root, i.inhrelid AS oid FROM pg_inherits i "
      "JOIN pg_class r ON r.oid = i.inhparent AND r.relkind = 'p' AND NOT r.relispartition "
      "UNION ALL SELECT l.root, i.inhrelid FROM leaf l JOIN pg_inherits i ON i.inhparent = l.oid), "
      "pages AS (SELECT l.root, sum(greatest(c.relpages, 0)) AS pages, "
      "bool_and(c.relkind = 'p' OR c.relkind = 'r' AND m.amname = 'heap' "
      "AND has_schema_privilege(c.relnamespace, 'USAGE') "
      "AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)) AS readable "
      "FROM leaf l JOIN pg_class c ON c.oid = l.oid LEFT JOIN pg_am m ON m.oid = c.relam "
      "GROUP BY l.root) "
      "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relreplident, "
      "coalesce(g.pages, greatest(c.relpages, 0)), "
      "has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'SELECT'), "
      "row_security_active(c.oid), c.relispopulated, "
      "coalesce(CASE WHEN c.relkind = 'p' THEN g.readable ELSE m.amname = 'heap' END, false), "
      "x.primary_key, coalesce(k.indimmediate, false), x.identity, x.other, ",
      KeyOrderSql(server_version, "c.oid",
                  "string_to_array(coalesce(x.identity, x.primary_key, x.other), ' ')::int2[]"),
      ", ", PublicationEntrySql(server_version), ", ", ContentSql(server_version),
      ", pg_has_role(c.relowner, 'USAGE') AND CASE WHEN p.oid IS NULL "
      "THEN has_database_privilege(current_database(), 'CREATE') "
      "ELSE NOT p.puballtables AND pg_has_role(p.pubowner, 'USAGE') END "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "LEFT JOIN pages g ON g.root = c.oid "
      "LEFT JOIN pg_am m ON m.oid = c.relam "
      "LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary AND k.indisvalid "
      "LEFT JOIN pg_index r ON r.indrelid = c.oid AND r.indisreplident AND r.indisvalid "
      "AND c.relreplident = 'i' LEFT JOIN LATERAL ",
      UniqueIndexSql(), " u ON true CROSS JOIN LATERAL (SELECT ", IndexKeySql("k"),
      " AS primary_key, ", IndexKeySql("r"),
      " AS identity, u.key AS other) x LEFT JOIN pg_publication p ON p.pubname = ",
      Literal(publication), " WHERE ", kOurTables, " ORDER BY n.nspname, c.relname");
}

std::string ColumnsSql() {
  return absl::StrCat(
      "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, ", kNullBeforeSql,
      " FROM pg_attribute a "
      "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
      "WHERE a.attnum > 0 AND NOT a.attisdropped AND ",
      kOurTables, " ORDER BY a.attrelid, a.attnum");
}

// Columns of TablesSql.
enum TableColumn {
  kOid,
  kSchema,
  kName,
  kKind,
  kPersistence,
  kIdentity,
  kPages,
  kSchemaUsage,
  kSelect,
  kRowSecurity,
  kPopulated,
  // It can be read by blocks, or each of its leaf partitions can.
  kHasBlocks,
  kKey,
  kKeyImmediate,
  kIdentityIndex,
  kUniqueIndex,
  // What the order of the first of these is, and rests on.
  kOrder,
  kEntry,
  kContent,
  kMayAdd
};

// What the log can tell of: ordinary and partitioned tables whose rows it can name.
bool MayHaveLog(const Rows& rows, int row) {
  const std::string_view kind = rows.at(row, kKind);
  if ((kind != "r" && kind != "p") || rows.at(row, kPersistence) != "p") return false;
  const std::string_view identity = rows.at(row, kIdentity);
  if (identity == "i") return !rows.null(row, kIdentityIndex);
  if (rows.null(row, kKey)) return false;
  return identity == "f" || (identity == "d" && rows.truth(row, kKeyImmediate));
}

bool InPart(const Rows& rows, int row) {
  constexpr std::string_view kInPart = " in part";
  const std::string_view entry = rows.at(row, kEntry);
  return entry.size() > kInPart.size() && entry.substr(entry.size() - kInPart.size()) == kInPart;
}

// `follows`: the log is followed at all.
bool HasLog(const Rows& rows, int row, bool follows) {
  if (!follows || !MayHaveLog(rows, row)) return false;
  return rows.at(row, kEntry).empty() ? rows.truth(row, kMayAdd) : !InPart(rows, row);
}

bool IsTable(const Rows& rows, int row) {
  return rows.at(row, kKind) == "r" || rows.at(row, kKind) == "p";
}

Access::By HowToRead(const Rows& rows, int row, bool has_log) {
  if (!IsTable(rows, row)) return Access::By::kUnlockable;
  const bool partitioned = rows.at(row, kKind) == "p";
  // Rows move between blocks while slices are read. Where the log does not tell of that, only
  // a slice by the key has them all, or one snapshot.
  if (has_log && rows.truth(row, kHasBlocks)) {
    return partitioned ? Access::By::kLeaves : Access::By::kBlocks;
  }
  if (!has_log && !rows.null(row, kOrder)) {
    return partitioned ? Access::By::kPartitionKeys : Access::By::kKeys;
  }
  return partitioned ? Access::By::kPartitions : Access::By::kWhole;
}

// The numbers of the columns that are the table's key, in its order: those by which the log
// names rows, else the primary key's, else those of another index that tells all rows apart.
std::vector<std::uint32_t> KeyOf(const Rows& rows, int row) {
  const int column = !rows.null(row, kIdentityIndex) ? kIdentityIndex
                     : !rows.null(row, kKey)         ? kKey
                                                     : kUniqueIndex;
  std::vector<std::uint32_t> numbers;
  const std::string text = rows.text(row, column);
  for (const absl::string_view part : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    std::uint32_t number = 0;
    if (absl::SimpleAtoi(part, &number)) numbers.push_back(number);
  }
  return numbers;
}

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
        follows_(settings.follows()),
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

  void AddTable(const Rows& rows, int row) {
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
    Access access{.by = HowToRead(rows, row, has_log), .oid = oid};
    if (access.by_keys()) {
      access.key = key;
      access.order = rows.text(row, kOrder);
      table.set_order(access.order);
    }
    table.set_access(AccessText(access));
    table.set_estimated_bytes(static_cast<std::uint64_t>(rows.number(row, kPages)) * block_bytes_);
    table.set_has_log(has_log);
    if (has_log) {
      table.set_content(rows.text(row, kContent));
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
      LeftOut& why_not = !MayHaveLog(rows, row) ? without_identity_
                         : InPart(rows, row)    ? published_in_part_
                                                : not_published_;
      why_not.tables.push_back(name);
    }
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
    for (int row = 0; row < rows.size(); ++row) {
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
           {&without_identity_, &published_in_part_, &not_published_, &keyless_, &keyless_views_}) {
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
        {&without_identity_,
         {"read whole and compared in each sync, as the log cannot name their rows (a primary key "
          "that is not deferrable is missing, or they are unlogged): ALTER TABLE … ADD PRIMARY "
          "KEY, for ",
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
  std::unordered_map<std::uint32_t, Added> added_;
  LeftOut without_usage_;
  LeftOut without_select_;
  LeftOut with_row_security_;
  LeftOut not_populated_;
  LeftOut not_utf8_;
  LeftOut without_columns_;
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
