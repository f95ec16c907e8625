#include "worker/sources/sqlite/catalog.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/text.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/btree.h"
#include "worker/sources/sqlite/conversion.h"
#include "worker/sources/sqlite/schema_gaps.h"
#include "worker/sources/sqlite/types.h"

namespace tributary::sqlite {
namespace {

constexpr char kKindsSql[] = "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'";
// Virtual tables have no root page; they are never opened.
constexpr char kColumnsSql[] =
    "SELECT s.name, s.rootpage, c.name, c.type, c.\"notnull\", c.pk, c.hidden "
    "FROM main.sqlite_schema AS s, pragma_table_xinfo(s.name, 'main') AS c "
    "WHERE s.type = 'table' AND s.rootpage > 0 AND substr(s.name, 1, 7) <> 'sqlite_'";
// An INTEGER PRIMARY KEY with an index of its own is no other name of the rowid.
constexpr char kKeyIndexesSql[] =
    "SELECT s.tbl_name FROM main.sqlite_schema AS s, pragma_index_list(s.tbl_name, 'main') AS i "
    "WHERE s.type = 'index' AND s.sql IS NULL AND i.name = s.name AND i.origin = 'pk'";
constexpr char kKeyColumnsSql[] =
    "SELECT t.name, k.name, k.\"desc\", k.coll FROM pragma_table_list AS t, "
    "pragma_index_list(t.name, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS k "
    "WHERE t.schema = 'main' AND t.type = 'table' AND t.wr AND i.origin = 'pk' AND k.key "
    "ORDER BY t.name, k.seqno";

struct Column {
  std::string name;
  std::string type;
  bool not_null = false;
  int key_place = 0;
};

struct TableShape {
  std::string name;
  std::uint32_t root_page = 0;
  std::vector<Column> columns;
};

// SQLite's own lists take a name from the CREATE statement, sqlite_schema has it in any case.
std::string AnyCase(const std::string& name) { return absl::AsciiStrToLower(name); }

std::string Named(std::size_t count, absl::string_view kind, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const bool more = names.size() > kNamesInRemark;
  if (more) names.resize(kNamesInRemark);
  return absl::StrCat(count, " ", kind, count == 1 ? "" : "s", " (", absl::StrJoin(names, ", "),
                      more ? ", …)" : ")");
}

class CatalogReader {
 public:
  CatalogReader(Connection& connection, Catalog& catalog)
      : connection_(connection), catalog_(catalog), trees_(connection.db(), connection.header()) {}

  absl::Status Run() {
    absl::Status status = ReadKinds();
    if (status.ok()) status = ReadKeyIndexes();
    if (status.ok()) status = ReadKeyColumns();
    if (status.ok() && connection_.schema_has_gaps()) status = ReadGaps();
    if (status.ok()) status = ReadTables();
    if (status.ok()) AddRemarks();
    return status;
  }

 private:
  // Calls `row` for each row of the query.
  template <typename Row>
  absl::Status Query(const std::string& sql, Row row) {
    auto statement = connection_.Prepare(sql, "");
    if (!statement.ok()) return statement.status();
    for (;;) {
      const int code = sqlite3_step(statement->get());
      if (code == SQLITE_DONE) return absl::OkStatus();
      if (code != SQLITE_ROW) return connection_.Error(code, "read catalog of", "");
      const absl::Status status = row(statement->get());
      if (!status.ok()) return status;
    }
  }

  absl::Status ReadKinds() {
    return Query(kKindsSql, [this](sqlite3_stmt* row) {
      const std::string name = ColumnText(row, 0);
      const std::string kind = ColumnText(row, 1);
      parsed_.insert(AnyCase(name));
      // SQLite's own tables are no news to anybody.
      if (name.starts_with("sqlite_")) return absl::OkStatus();
      if (kind == "view") {
        views_.push_back(Shown(name));
      } else if (kind == "virtual") {
        virtuals_.push_back(Shown(name));
      } else if (kind == "shadow") {
        shadows_.insert(AnyCase(name));
      } else if (sqlite3_column_int(row, 2) != 0) {
        without_rowid_.insert(AnyCase(name));
      }
      return absl::OkStatus();
    });
  }

  absl::Status ReadKeyIndexes() {
    return Query(kKeyIndexesSql, [this](sqlite3_stmt* row) {
      has_key_index_.insert(AnyCase(ColumnText(row, 0)));
      return absl::OkStatus();
    });
  }

  absl::Status ReadKeyColumns() {
    if (without_rowid_.empty()) return absl::OkStatus();
    return Query(kKeyColumnsSql, [this](sqlite3_stmt* row) {
      keys_[AnyCase(ColumnText(row, 0))].push_back({.name = ColumnText(row, 1),
                                                    .descending = sqlite3_column_int(row, 2) != 0,
                                                    .collation = ColumnText(row, 3),
                                                    .own_collation = true});
      return absl::OkStatus();
    });
  }

  absl::Status ReadGaps() {
    auto gaps = FindSchemaGaps(
        connection_, [this](const std::string& name) { return parsed_.contains(AnyCase(name)); });
    if (!gaps.ok()) return gaps.status();
    for (const std::string& view : gaps->views) views_.push_back(Shown(view));
    if (!gaps->tables.empty()) catalog_.add_remarks(Shown(gaps->Remark()));
    for (const std::string& table : gaps->tables) unparsed_.insert(AnyCase(table));
    return absl::OkStatus();
  }

  // The rows of one table come one after the other.
  absl::Status ReadTables() {
    TableShape table;
    absl::Status status = Query(kColumnsSql, [this, &table](sqlite3_stmt* row) {
      std::string name = ColumnText(row, 0);
      if (name != table.name) {
        const absl::Status added = Add(table);
        if (!added.ok()) return added;
        table = TableShape{.name = std::move(name),
                           .root_page = static_cast<std::uint32_t>(sqlite3_column_int64(row, 1)),
                           .columns = {}};
      }
      constexpr int kHiddenColumn = 1;
      if (sqlite3_column_int(row, 6) != kHiddenColumn) {
        table.columns.push_back({.name = ColumnText(row, 2),
                                 .type = ColumnText(row, 3),
                                 .not_null = sqlite3_column_int(row, 4) != 0,
                                 .key_place = sqlite3_column_int(row, 5)});
      }
      return absl::OkStatus();
    });
    return status.ok() ? Add(table) : status;
  }

  absl::Status Add(TableShape& shape) {
    if (shape.columns.empty() || shadows_.contains(AnyCase(shape.name)) ||
        unparsed_.contains(AnyCase(shape.name))) {
      return absl::OkStatus();
    }
    if (!LeaveOutNameless(shape)) return absl::OkStatus();
    if (!HasPlainNames(shape)) {
      badly_named_.push_back(Shown(shape.name));
      return absl::OkStatus();
    }
    const auto nulls = KeyHoldsNull(shape);
    if (!nulls.ok()) return nulls.status();
    if (*nulls) null_keyed_.push_back(shape.name);

    CatalogTable& table = *catalog_.add_tables();
    table.set_schema(kSchemaName);
    table.set_table(shape.name);
    for (const Column& from : shape.columns) {
      auto& column = *table.add_columns();
      column.set_name(from.name);
      SetType(from.type, column);
      if (from.key_place > 0 && !*nulls) column.set_primary_key(true);
    }
    table.set_access(AccessTo(shape).Text());
    table.set_estimated_bytes(trees_.GuessBytes(shape.root_page));
    return absl::OkStatus();
  }

  // Nothing can be sent under no name. False: the table has to be left out.
  bool LeaveOutNameless(TableShape& shape) {
    const auto nameless = [](const Column& column) { return column.name.empty(); };
    const auto first = std::find_if(shape.columns.begin(), shape.columns.end(), nameless);
    if (!shape.name.empty() && first == shape.columns.end()) return true;
    const bool needed =
        !shape.name.empty() && first->key_place > 0 && without_rowid_.contains(AnyCase(shape.name));
    if (shape.name.empty() || needed || shape.columns.size() == 1) {
      nameless_.push_back(Shown(shape.name));
      return false;
    }
    with_nameless_.push_back(Shown(shape.name));
    // What is left of its key would tell fewer rows apart.
    if (first->key_place > 0) {
      for (Column& column : shape.columns) column.key_place = 0;
    }
    shape.columns.erase(first);
    return true;
  }

  static bool HasPlainNames(const TableShape& shape) {
    return IsUtf8(shape.name) &&
           std::all_of(shape.columns.begin(), shape.columns.end(),
                       [](const Column& column) { return IsUtf8(column.name); });
  }

  // The column that is another name of the rowid, or null.
  const Column* RowidColumn(const TableShape& shape) const {
    const Column* key = nullptr;
    for (const Column& column : shape.columns) {
      if (column.key_place > 1) return nullptr;
      if (column.key_place == 1) key = &column;
    }
    if (key == nullptr || !absl::EqualsIgnoreCase(key->type, "INTEGER")) return nullptr;
    if (without_rowid_.contains(AnyCase(shape.name)) ||
        has_key_index_.contains(AnyCase(shape.name)))
      return nullptr;
    return key;
  }

  absl::StatusOr<bool> KeyHoldsNull(const TableShape& shape) {
    if (without_rowid_.contains(AnyCase(shape.name)) || RowidColumn(shape) != nullptr) return false;
    std::vector<std::string> looks;
    for (const Column& column : shape.columns) {
      if (column.key_place == 0 || column.not_null) continue;
      looks.push_back(absl::StrCat("EXISTS(SELECT 1 FROM main.", Quoted(shape.name), " WHERE ",
                                   Quoted(column.name), " IS NULL)"));
    }
    if (looks.empty()) return false;
    auto statement =
        connection_.Prepare(absl::StrCat("SELECT ", absl::StrJoin(looks, " OR ")), shape.name);
    // What cannot be read now gives its error when the table is read.
    if (absl::IsDataLoss(statement.status())) return false;
    if (!statement.ok()) return statement.status();
    const int code = sqlite3_step(statement->get());
    if (code == SQLITE_ROW) return sqlite3_column_int(statement->get(), 0) != 0;
    const absl::Status status = connection_.Error(code, "read table", shape.name);
    if (absl::IsDataLoss(status)) return false;
    return status;
  }

  Access AccessTo(const TableShape& shape) {
    Access access;
    access.root_page = shape.root_page;
    if (without_rowid_.contains(AnyCase(shape.name))) {
      access.key = KeyOf(shape.name);
      if (!access.key.empty()) access.by = Access::By::kKey;
      return access;
    }
    for (const char* name : {"rowid", "_rowid_", "oid"}) {
      const bool shadowed = std::any_of(
          shape.columns.begin(), shape.columns.end(),
          [name](const Column& column) { return absl::EqualsIgnoreCase(column.name, name); });
      if (!shadowed) {
        access.by = Access::By::kRowid;
        access.rowid = name;
        return access;
      }
    }
    if (const Column* column = RowidColumn(shape)) {
      access.by = Access::By::kRowid;
      access.rowid = column->name;
    }
    return access;
  }

  // Empty where the order depends on a collation that only the application has.
  std::vector<KeyColumn> KeyOf(const std::string& table) {
    std::vector<KeyColumn> key = keys_[AnyCase(table)];
    for (KeyColumn& column : key) {
      const std::string collation = absl::AsciiStrToUpper(column.collation);
      if (collation != "BINARY" && collation != "NOCASE" && collation != "RTRIM") return {};
      const char* own = nullptr;
      const int code = sqlite3_table_column_metadata(connection_.db(), "main", table.c_str(),
                                                     column.name.c_str(), nullptr, &own, nullptr,
                                                     nullptr, nullptr);
      column.own_collation =
          code == SQLITE_OK && own != nullptr && absl::EqualsIgnoreCase(own, collation);
    }
    return key;
  }

  static std::string Shown(const std::string& name) {
    std::string shown;
    RepairUtf8(name, shown);
    return shown;
  }

  void AddRemarks() {
    const auto add = [this](std::vector<std::string>& names, absl::string_view kind,
                            absl::string_view what) {
      if (names.empty()) return;
      catalog_.add_remarks(absl::StrCat(Named(names.size(), kind, names), " ", what));
    };
    add(views_, "view", "left out: a view has no rows of its own");
    add(virtuals_, "virtual table",
        "left out, with the shadow tables that belong to them: their content is an extension's");
    std::vector<std::string> orphans(shadows_.begin(), shadows_.end());
    if (virtuals_.empty())
      add(orphans, "shadow table", "left out: their content is an extension's");
    add(badly_named_, "table",
        "left out: a name in it is not UTF-8; rename it so that it can be sent");
    add(nameless_, "table",
        "left out: a name that it needs is empty; give it one so that it can be sent");
    add(with_nameless_, "table",
        "read without a column whose name is empty, and without a primary key that it is part of; "
        "give it a name so that it can be sent");
    add(null_keyed_, "table",
        "read as if without a primary key: the key holds NULL, so rows could not be told apart; "
        "declare its columns NOT NULL to have the key used");
  }

  Connection& connection_;
  Catalog& catalog_;
  BTreeReader trees_;
  // By names in any case, see AnyCase.
  std::set<std::string> parsed_;
  std::set<std::string> unparsed_;
  std::set<std::string> without_rowid_;
  std::set<std::string> shadows_;
  std::set<std::string> has_key_index_;
  std::map<std::string, std::vector<KeyColumn>> keys_;
  std::vector<std::string> views_;
  std::vector<std::string> virtuals_;
  std::vector<std::string> badly_named_;
  std::vector<std::string> nameless_;
  std::vector<std::string> with_nameless_;
  std::vector<std::string> null_keyed_;
};

}  // namespace

absl::Status ReadCatalog(Connection& connection, Catalog& catalog) {
  return CatalogReader(connection, catalog).Run();
}

}  // namespace tributary::sqlite
