#include "tests/sync_tester/warehouse_layout.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

// SQLite's limit is 2,000; the rest is for Fivetran's columns and a key.
constexpr std::size_t kColumnsInPart = 1900;

constexpr char kMakeTables[] = R"sql(
CREATE TABLE IF NOT EXISTS _tributary_tester_tables(
  "table" TEXT NOT NULL, part INTEGER NOT NULL, has_schema INTEGER NOT NULL,
  "schema" TEXT NOT NULL, name TEXT NOT NULL, stored_as TEXT NOT NULL,
  PRIMARY KEY("table", part));
CREATE TABLE IF NOT EXISTS _tributary_tester_columns(
  "table" TEXT NOT NULL, "column" TEXT NOT NULL, type TEXT NOT NULL, pk INTEGER NOT NULL,
  position INTEGER NOT NULL, precision INTEGER NOT NULL, scale INTEGER NOT NULL,
  max_bytes INTEGER NOT NULL, stored_as TEXT NOT NULL, part INTEGER NOT NULL,
  PRIMARY KEY("table", "column"));
)sql";

std::string Identity(bool has_schema, const std::string& schema, const std::string& name) {
  return has_schema ? schema + '\0' + name : name;
}

// A free column name like `wanted`; it is used from now on.
std::string TakeColumnName(StoredTable& stored, const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2;; ++i) {
    const std::string small = absl::AsciiStrToLower(name);
    const bool reserved = small == kSyncedColumn || small == kDeletedColumn || small == kIdColumn;
    if (!reserved && stored.taken_names.insert(small).second) return name;
    name = absl::StrCat(wanted, "~", i);
  }
}

// Whether the key differs from the one with which the rows are stored.
bool KeyMoved(const TableShape& table, const StoredTable& stored) {
  std::vector<std::string> now;
  for (const std::size_t key : table.keys) now.push_back(table.columns[key].name);
  std::vector<std::string> before;
  for (const StoredColumn& column : stored.columns) {
    if (column.shape.key) before.push_back(column.shape.name);
  }
  std::sort(now.begin(), now.end());
  std::sort(before.begin(), before.end());
  return now != before;
}

bool SameShape(const ColumnShape& a, const ColumnShape& b) {
  return a.type == b.type && a.precision == b.precision && a.scale == b.scale &&
         a.max_bytes == b.max_bytes;
}

std::string QuotedList(const std::vector<std::string>& names) {
  return absl::StrJoin(names, ", ", [](std::string* out, const std::string& name) {
    absl::StrAppend(out, Quoted(name));
  });
}

}  // namespace

const StoredColumn* StoredTable::Find(std::string_view column) const {
  for (const StoredColumn& candidate : columns) {
    if (candidate.shape.name == column) return &candidate;
  }
  return nullptr;
}

bool StoredTable::keyed() const {
  return std::any_of(columns.begin(), columns.end(),
                     [](const StoredColumn& column) { return column.shape.key; });
}

std::vector<std::string> StoredTable::KeyColumns() const {
  std::vector<std::string> names;
  for (const StoredColumn& column : columns) {
    if (column.shape.key) names.push_back(column.stored_as);
  }
  if (names.empty()) names.emplace_back(kIdColumn);
  return names;
}

absl::StatusOr<WarehouseLayout> WarehouseLayout::Load(SqliteFile& file) {
  WarehouseLayout layout(file);
  if (sqlite3_db_readonly(file.get(), "main") == 0) {
    if (absl::Status made = file.Execute(kMakeTables); !made.ok()) return made;
  }
  if (absl::Status loaded = layout.LoadTables(); !loaded.ok()) return loaded;
  if (absl::Status loaded = layout.LoadColumns(); !loaded.ok()) return loaded;
  return layout;
}

absl::Status WarehouseLayout::LoadTables() {
  absl::StatusOr<Statement> names = file_->Prepare("SELECT lower(name) FROM sqlite_schema");
  if (!names.ok()) return names.status();
  while (true) {
    absl::StatusOr<bool> row = names->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    taken_names_.insert(names->Text(0));
  }
  absl::StatusOr<Statement> tables = file_->Prepare(
      "SELECT has_schema, \"schema\", name, stored_as FROM _tributary_tester_tables "
      "ORDER BY \"table\", part");
  if (!tables.ok()) return tables.status();
  while (true) {
    absl::StatusOr<bool> row = tables->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    const bool has_schema = tables->Integer(0) != 0;
    StoredTable& stored = tables_[Identity(has_schema, tables->Text(1), tables->Text(2))];
    stored.has_schema = has_schema;
    stored.schema = tables->Text(1);
    stored.name = tables->Text(2);
    stored.parts.push_back(tables->Text(3));
  }
}

absl::Status WarehouseLayout::LoadColumns() {
  absl::StatusOr<Statement> columns = file_->Prepare(
      "SELECT t.has_schema, t.\"schema\", t.name, c.\"column\", c.type, c.pk, c.precision, "
      "c.scale, c.max_bytes, c.stored_as, c.part FROM _tributary_tester_columns c "
      "JOIN _tributary_tester_tables t ON t.\"table\" = c.\"table\" AND t.part = 0 "
      "ORDER BY c.\"table\", c.position");
  if (!columns.ok()) return columns.status();
  while (true) {
    absl::StatusOr<bool> row = columns->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    StoredColumn column;
    column.shape.name = columns->Text(3);
    if (!v2::DataType_Parse(columns->Text(4), &column.shape.type)) {
      return absl::InternalError(absl::StrCat("read the warehouse's columns: unknown type ",
                                              columns->Text(4), "; start a new warehouse file"));
    }
    column.shape.key = columns->Integer(5) != 0;
    column.shape.precision = static_cast<std::uint32_t>(columns->Integer(6));
    column.shape.scale = static_cast<std::uint32_t>(columns->Integer(7));
    column.shape.max_bytes = static_cast<std::uint32_t>(columns->Integer(8));
    column.stored_as = columns->Text(9);
    column.part = static_cast<std::size_t>(columns->Integer(10));
    StoredTable& stored =
        tables_[Identity(columns->Integer(0) != 0, columns->Text(1), columns->Text(2))];
    stored.taken_names.insert(absl::AsciiStrToLower(column.stored_as));
    stored.columns.push_back(std::move(column));
  }
}

absl::StatusOr<const StoredTable*> WarehouseLayout::Fit(const TableShape& table) {
  StoredTable& stored = tables_[Identity(table.has_schema, table.schema, table.name)];
  if (!stored.parts.empty() && KeyMoved(table, stored)) {
    if (absl::Status dropped = Drop(stored); !dropped.ok()) return dropped;
  }
  if (stored.parts.empty()) {
    if (absl::Status made = Create(table, stored); !made.ok()) return made;
    return &stored;
  }
  for (const ColumnShape& column : table.columns) {
    if (!column.selected) continue;
    const StoredColumn* known = stored.Find(column.name);
    if (known == nullptr) {
      if (absl::Status added = AddColumn(stored, column); !added.ok()) return added;
    } else if (!SameShape(known->shape, column)) {
      const auto position = static_cast<std::size_t>(known - stored.columns.data());
      stored.columns[position].shape = column;
      if (absl::Status kept = Remember(stored, position); !kept.ok()) return kept;
    }
  }
  return &stored;
}

absl::Status WarehouseLayout::Create(const TableShape& table, StoredTable& stored) {
  stored.has_schema = table.has_schema;
  stored.schema = table.schema;
  stored.name = table.name;
  // Key columns are in the first part, so they are counted first.
  std::size_t placed = table.keys.size();
  for (const ColumnShape& column : table.columns) {
    if (!column.selected) continue;
    const std::size_t part = column.key ? 0 : placed++ / kColumnsInPart;
    stored.columns.push_back({column, TakeColumnName(stored, column.name), part});
  }
  // Adds all columns of a part at once, since SQLite parses the table's declaration again for each
  // column that is added.
  const std::size_t parts = placed == 0 ? 1 : (placed - 1) / kColumnsInPart + 1;
  for (std::size_t part = 0; part < parts; ++part) {
    if (absl::Status added = AddPart(stored); !added.ok()) return added;
  }
  for (std::size_t i = 0; i < stored.columns.size(); ++i) {
    if (absl::Status kept = Remember(stored, i); !kept.ok()) return kept;
  }
  return absl::OkStatus();
}

absl::Status WarehouseLayout::Drop(StoredTable& stored) {
  for (const std::string& part : stored.parts) {
    if (absl::Status dropped = file_->Execute(absl::StrCat("DROP TABLE ", Quoted(part)));
        !dropped.ok()) {
      return dropped;
    }
    taken_names_.erase(absl::AsciiStrToLower(part));
  }
  for (const char* sql : {"DELETE FROM _tributary_tester_tables WHERE \"table\" = ?1",
                          "DELETE FROM _tributary_tester_columns WHERE \"table\" = ?1"}) {
    absl::StatusOr<Statement> forget = file_->Prepare(sql);
    if (!forget.ok()) return forget.status();
    forget->Bind(1, stored.parts[0]);
    if (absl::Status ran = forget->Run(); !ran.ok()) return ran;
  }
  stored = StoredTable();
  return absl::OkStatus();
}

absl::Status WarehouseLayout::AddColumn(StoredTable& stored, const ColumnShape& column) {
  std::size_t part = 0;
  while (static_cast<std::size_t>(std::count_if(
             stored.columns.begin(), stored.columns.end(),
             [part](const StoredColumn& c) { return c.part == part; })) >= kColumnsInPart) {
    ++part;
  }
  if (part == stored.parts.size()) {
    if (absl::Status added = AddPart(stored); !added.ok()) return added;
  }
  stored.columns.push_back({column, TakeColumnName(stored, column.name), part});
  if (absl::Status altered =
          file_->Execute(absl::StrCat("ALTER TABLE ", Quoted(stored.parts[part]), " ADD COLUMN ",
                                      Quoted(stored.columns.back().stored_as)));
      !altered.ok()) {
    return altered;
  }
  return Remember(stored, stored.columns.size() - 1);
}

absl::Status WarehouseLayout::AddPart(StoredTable& stored) {
  const std::size_t part = stored.parts.size();
  std::string wanted = stored.has_schema ? stored.schema + "." + stored.name : stored.name;
  if (part > 0) wanted = absl::StrCat(stored.parts[0], " part ", part + 1);
  stored.parts.push_back(FreeTableName(wanted));
  const std::vector<std::string> keys = stored.KeyColumns();
  std::vector<std::string> columns;
  if (part > 0 || !stored.keyed()) columns = keys;
  for (const StoredColumn& column : stored.columns) {
    if (column.part == part) columns.push_back(column.stored_as);
  }
  if (part == 0) columns.insert(columns.end(), {kSyncedColumn, kDeletedColumn});
  if (absl::Status made = file_->Execute(absl::StrCat("CREATE TABLE ", Quoted(stored.parts[part]),
                                                      "(", QuotedList(columns), ", PRIMARY KEY(",
                                                      QuotedList(keys), ")) WITHOUT ROWID"));
      !made.ok()) {
    return made;
  }
  absl::StatusOr<Statement> row =
      file_->Prepare("INSERT INTO _tributary_tester_tables VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  if (!row.ok()) return row.status();
  row->Bind(1, stored.parts[0]);
  row->Bind(2, static_cast<std::int64_t>(part));
  row->Bind(3, stored.has_schema ? 1 : 0);
  row->Bind(4, stored.schema);
  row->Bind(5, stored.name);
  row->Bind(6, stored.parts[part]);
  return row->Run();
}

absl::Status WarehouseLayout::Remember(const StoredTable& stored, std::size_t position) {
  absl::StatusOr<Statement> row = file_->Prepare(
      "INSERT OR REPLACE INTO _tributary_tester_columns VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
      "?9, ?10)");
  if (!row.ok()) return row.status();
  const StoredColumn& column = stored.columns[position];
  row->Bind(1, stored.parts[0]);
  row->Bind(2, column.shape.name);
  row->Bind(3, v2::DataType_Name(column.shape.type));
  row->Bind(4, column.shape.key ? 1 : 0);
  row->Bind(5, static_cast<std::int64_t>(position));
  row->Bind(6, column.shape.precision);
  row->Bind(7, column.shape.scale);
  row->Bind(8, column.shape.max_bytes);
  row->Bind(9, column.stored_as);
  row->Bind(10, static_cast<std::int64_t>(column.part));
  return row->Run();
}

std::string WarehouseLayout::FreeTableName(std::string wanted) {
  std::string name = wanted;
  for (int i = 2; !taken_names_.insert(absl::AsciiStrToLower(name)).second; ++i) {
    name = absl::StrCat(wanted, "~", i);
  }
  return name;
}

std::vector<const StoredTable*> WarehouseLayout::Tables() const {
  std::vector<const StoredTable*> tables;
  for (const auto& [identity, stored] : tables_) tables.push_back(&stored);
  std::sort(tables.begin(), tables.end(), [](const StoredTable* a, const StoredTable* b) {
    return std::tie(a->schema, a->name) < std::tie(b->schema, b->name);
  });
  return tables;
}

}  // namespace tributary::tester
