#include "worker/sources/sqlite/schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tributary::sqlite {
namespace {

constexpr std::array<const char*, 3> kRowidNames = {"rowid", "_rowid_", "oid"};
constexpr char kReservedPrefix[] = "sqlite_";
// SQLite's own tables in table_list; they need no remark.
constexpr std::array<const char*, 7> kOwnTables = {
    "sqlite_schema", "sqlite_master", "sqlite_sequence", "sqlite_stat1",
    "sqlite_stat2",  "sqlite_stat3",  "sqlite_stat4"};

constexpr char kRootPagesSql[] = "SELECT name, rootpage FROM main.sqlite_schema WHERE rootpage > 0";

// FROM and WHERE for all of the main database's tables, or for one.
std::string From(const std::string* only, const char* more) {
  return absl::StrCat(" FROM pragma_table_list", only == nullptr ? "" : "(?1)", " AS t", more,
                      " WHERE t.schema = 'main'");
}

bool IsOneOf(const std::string& name, const auto& names) {
  return std::any_of(names.begin(), names.end(),
                     [&name](const char* one) { return absl::EqualsIgnoreCase(name, one); });
}

}  // namespace

bool DeclaredTable::has_key() const {
  return std::any_of(columns.begin(), columns.end(),
                     [](const Column& column) { return column.key_place > 0; });
}

const DeclaredTable::Column* DeclaredTable::rowid_column() const {
  const Column* found = nullptr;
  for (const Column& column : columns) {
    if (column.key_place > 1) return nullptr;
    if (column.key_place == 1) found = &column;
  }
  const bool is_rowid = found != nullptr && absl::EqualsIgnoreCase(found->type, "INTEGER") &&
                        !without_rowid && !key_has_index;
  return is_rowid ? found : nullptr;
}

std::string DeclaredTable::free_rowid_name() const {
  if (without_rowid) return {};
  for (const char* wanted : kRowidNames) {
    const bool taken = std::any_of(columns.begin(), columns.end(), [wanted](const Column& column) {
      return absl::EqualsIgnoreCase(column.name, wanted);
    });
    if (!taken) return wanted;
  }
  return {};
}

absl::Status SchemaReader::ReadTables(const TakeTable& take) {
  absl::Status status = ReadRootPages();
  if (status.ok()) status = ReadKeys(nullptr);
  return status.ok() ? ReadColumns(nullptr, take) : status;
}

absl::StatusOr<DeclaredTable> SchemaReader::ReadOne(const std::string& name) {
  DeclaredTable found;
  KnownNames names;
  absl::Status status = ReadNames(&name, names);
  if (status.ok()) status = ReadKeys(&name);
  if (status.ok()) {
    status = ReadColumns(&name, [&found](const DeclaredTable& table) {
      found = table;
      return absl::OkStatus();
    });
  }
  if (!status.ok()) return status;
  return found;
}

template <typename Row>
absl::Status SchemaReader::Query(const std::string& sql, const std::string* only, Row row) {
  auto statement = connection_.Prepare(sql, "");
  if (!statement.ok()) return statement.status();
  if (only != nullptr) {
    sqlite3_bind_text64(statement->get(), 1, only->data(), only->size(), SQLITE_STATIC,
                        SQLITE_UTF8);
  }
  for (;;) {
    const int code = sqlite3_step(statement->get());
    if (code == SQLITE_DONE) return absl::OkStatus();
    if (code != SQLITE_ROW) return connection_.Error(code, "read catalog of", "");
    const absl::Status status = row(statement->get());
    if (!status.ok()) return status;
  }
}

absl::Status SchemaReader::ReadNames(const std::string* only, KnownNames& names) {
  return Query(absl::StrCat("SELECT t.name, t.type, t.wr", From(only, "")), only,
               [this, &names](sqlite3_stmt* row) {
                 std::string name = ColumnText(row, 0);
                 const std::string kind = ColumnText(row, 1);
                 names.all.insert(absl::AsciiStrToLower(name));
                 if (IsOneOf(name, kOwnTables)) return absl::OkStatus();
                 if (absl::StartsWithIgnoreCase(name, kReservedPrefix)) {
                   names.reserved.push_back(std::move(name));
                 } else if (kind == "view") {
                   names.views.push_back(std::move(name));
                 } else if (kind == "virtual") {
                   names.virtuals.push_back(std::move(name));
                 } else if (kind == "shadow") {
                   names.shadows.push_back(std::move(name));
                 } else if (sqlite3_column_int(row, 2) != 0) {
                   without_rowid_.insert(std::move(name));
                 }
                 return absl::OkStatus();
               });
}

absl::Status SchemaReader::ReadRootPages() {
  return Query(kRootPagesSql, nullptr, [this](sqlite3_stmt* row) {
    root_pages_[absl::AsciiStrToLower(ColumnText(row, 0))] =
        static_cast<std::uint32_t>(sqlite3_column_int64(row, 1));
    return absl::OkStatus();
  });
}

absl::Status SchemaReader::ReadKeys(const std::string* only) {
  const std::string sql = absl::StrCat(
      "SELECT t.name, k.name, k.\"desc\", k.coll",
      From(only,
           ", pragma_index_list(t.name, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS k"),
      " AND t.type = 'table' AND i.origin = 'pk' AND k.key ORDER BY t.name, k.seqno");
  return Query(sql, only, [this](sqlite3_stmt* row) {
    keys_[ColumnText(row, 0)].push_back({.name = ColumnText(row, 1),
                                         .descending = sqlite3_column_int(row, 2) != 0,
                                         .collation = ColumnText(row, 3),
                                         .own_collation = true});
    return absl::OkStatus();
  });
}

// The rows of one table are consecutive.
absl::Status SchemaReader::ReadColumns(const std::string* only, const TakeTable& take) {
  DeclaredTable table;
  const auto finish = [&] {
    if (table.columns.empty()) return absl::OkStatus();
    table.without_rowid = without_rowid_.contains(table.name);
    if (const auto key = keys_.find(table.name); key != keys_.end()) {
      table.key_has_index = true;
      if (table.without_rowid) table.key = key->second;
    }
    const auto root = root_pages_.find(absl::AsciiStrToLower(table.name));
    table.root_page = root == root_pages_.end() ? 0 : root->second;
    return take(table);
  };
  const std::string sql = absl::StrCat(
      "SELECT t.name, c.name, c.type, c.\"notnull\", c.pk, c.hidden",
      From(only, ", pragma_table_xinfo(t.name, 'main') AS c"), " AND t.type = 'table'");
  const absl::Status status = Query(sql, only, [&](sqlite3_stmt* row) {
    std::string name = ColumnText(row, 0);
    if (absl::StartsWithIgnoreCase(name, kReservedPrefix)) return absl::OkStatus();
    if (name != table.name) {
      const absl::Status taken = finish();
      if (!taken.ok()) return taken;
      table = DeclaredTable{};
      table.name = std::move(name);
    }
    constexpr int kHiddenColumn = 1;
    if (sqlite3_column_int(row, 5) != kHiddenColumn) {
      table.columns.push_back({.name = ColumnText(row, 1),
                               .type = ColumnText(row, 2),
                               .not_null = sqlite3_column_int(row, 3) != 0,
                               .key_place = sqlite3_column_int(row, 4)});
    }
    return absl::OkStatus();
  });
  return status.ok() ? finish() : status;
}

namespace {

// Empty if the order depends on a collation that only the application has.
std::vector<KeyColumn> OrderOf(Connection& connection, const DeclaredTable& table) {
  std::vector<KeyColumn> key = table.key;
  for (KeyColumn& column : key) {
    const std::string collation = absl::AsciiStrToUpper(column.collation);
    if (collation != "BINARY" && collation != "NOCASE" && collation != "RTRIM") return {};
    const char* own = nullptr;
    const int code = sqlite3_table_column_metadata(connection.db(), "main", table.name.c_str(),
                                                   column.name.c_str(), nullptr, &own, nullptr,
                                                   nullptr, nullptr);
    column.own_collation =
        code == SQLITE_OK && own != nullptr && absl::EqualsIgnoreCase(own, collation);
  }
  return key;
}

}  // namespace

Access AccessTo(Connection& connection, const DeclaredTable& table) {
  Access access;
  access.root_page = table.root_page;
  if (table.without_rowid) {
    access.key = OrderOf(connection, table);
    if (!access.key.empty()) access.by = Access::By::kKey;
    return access;
  }
  access.rowid = table.free_rowid_name();
  if (const auto* column = table.rowid_column(); access.rowid.empty() && column != nullptr) {
    access.rowid = column->name;
  }
  if (!access.rowid.empty()) access.by = Access::By::kRowid;
  return access;
}

absl::Status CheckAccess(Connection& connection, const std::string& table, const Access& access,
                         const std::set<std::string>& key) {
  const auto declared = SchemaReader(connection).ReadOne(table);
  if (!declared.ok()) return declared.status();
  const auto changed = [&table](absl::string_view what) {
    return absl::NotFoundError(absl::StrCat("read table \"", table,
                                            "\": it has changed since the catalog was read (", what,
                                            "); the next sync reads it as it is then"));
  };
  if (declared->columns.empty()) return changed("it is gone");
  std::set<std::string> now;
  for (const auto& column : declared->columns) {
    if (column.key_place > 0) now.insert(column.name);
  }
  const bool by_rowid = key == std::set<std::string>{declared->free_rowid_name()};
  const bool told_apart = key.empty() || by_rowid || key == now;
  if (!told_apart || !access.SameOrder(AccessTo(connection, *declared))) {
    return changed("it has another key");
  }
  return absl::OkStatus();
}

}  // namespace tributary::sqlite
