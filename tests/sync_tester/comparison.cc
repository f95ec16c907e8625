#include "tests/sync_tester/comparison.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/sync_tester/compared_rows.h"
#include "tests/sync_tester/expected_value.h"
#include "tests/sync_tester/sqlite_file.h"
#include "tests/sync_tester/warehouse_layout.h"

namespace tributary::tester {

namespace {

constexpr std::size_t kMaxExamples = 10;
constexpr std::size_t kMaxNamedColumns = 5;

// Two hashes of 64 bits, so that collisions among a few million rows are practically impossible.
using Digest = std::pair<std::uint64_t, std::uint64_t>;

Digest DigestOf(std::string_view view) {
  const absl::string_view bytes(view.data(), view.size());
  return {absl::HashOf('a', bytes), absl::HashOf('b', bytes)};
}

// Counts rows that have the same key, or that are equal.
struct Seen {
  Digest row;
  std::uint64_t in_warehouse = 0;
  std::uint64_t in_source = 0;

  std::uint64_t surplus() const { return in_warehouse - std::min(in_warehouse, in_source); }
};
using RowIndex = absl::flat_hash_map<Digest, Seen>;

class TableCheck {
 public:
  TableCheck(const SqliteFile& warehouse, const SqliteFile& source, const StoredTable& stored,
             ComparedColumns compared, TableComparison& result)
      : warehouse_(warehouse),
        source_(source),
        stored_(stored),
        compared_(std::move(compared)),
        result_(result) {}

  absl::Status Run();

 private:
  absl::Status IndexWarehouse();
  absl::Status ReadSource();
  absl::Status ExplainRest();
  Digest KeyOf(const CanonicalRow& row) const;
  void Example(const std::string& what, const CanonicalRow& row);
  void ExplainDifference(const CanonicalRow& source, const CanonicalRow& warehouse);

  const SqliteFile& warehouse_;
  const SqliteFile& source_;
  const StoredTable& stored_;
  const ComparedColumns compared_;
  TableComparison& result_;
  RowIndex index_;
  // Source rows that differ, kept to be compared with the warehouse's rows.
  std::map<Digest, CanonicalRow> to_explain_;
};

absl::Status TableCheck::Run() {
  if (absl::Status done = IndexWarehouse(); !done.ok()) return done;
  if (absl::Status done = ReadSource(); !done.ok()) return done;
  for (const auto& [key, seen] : index_) result_.surplus += seen.surplus();
  if (result_.surplus + result_.different == 0) return absl::OkStatus();
  return ExplainRest();
}

Digest TableCheck::KeyOf(const CanonicalRow& row) const {
  return DigestOf(compared_.keys == 0 ? row.All() : row.First(compared_.keys));
}

absl::Status TableCheck::IndexWarehouse() {
  absl::StatusOr<WarehouseRows> rows = WarehouseRows::Read(warehouse_, stored_, compared_);
  if (!rows.ok()) return rows.status();
  CanonicalRow row;
  while (true) {
    absl::StatusOr<bool> next = rows->Next(row);
    if (!next.ok()) return next.status();
    if (!*next) break;
    ++index_.try_emplace(KeyOf(row), Seen{.row = DigestOf(row.All())}).first->second.in_warehouse;
    ++result_.warehouse_rows;
  }
  return absl::OkStatus();
}

absl::Status TableCheck::ReadSource() {
  absl::StatusOr<SourceRows> rows = SourceRows::Read(source_, stored_.name, compared_);
  if (!rows.ok()) return rows.status();
  CanonicalRow row;
  while (true) {
    absl::StatusOr<bool> next = rows->Next(row);
    if (!next.ok()) return next.status();
    if (!*next) return absl::OkStatus();
    ++result_.source_rows;
    const Digest key = KeyOf(row);
    const auto found = index_.find(key);
    if (found == index_.end()) {
      ++result_.missing;
      Example("missing in the warehouse", row);
    } else if (++found->second.in_source > found->second.in_warehouse) {
      ++result_.missing;
      Example(compared_.keys == 0 ? "more often in the source than in the warehouse"
                                  : "two rows of the source are one in the warehouse",
              row);
    } else if (found->second.row != DigestOf(row.All())) {
      ++result_.different;
      if (to_explain_.size() < kMaxExamples) to_explain_[key] = row;
    }
  }
}

absl::Status TableCheck::ExplainRest() {
  absl::StatusOr<WarehouseRows> rows = WarehouseRows::Read(warehouse_, stored_, compared_);
  if (!rows.ok()) return rows.status();
  CanonicalRow row;
  while (result_.examples.size() < kMaxExamples) {
    absl::StatusOr<bool> next = rows->Next(row);
    if (!next.ok()) return next.status();
    if (!*next) break;
    const Digest key = KeyOf(row);
    if (const auto differs = to_explain_.find(key); differs != to_explain_.end()) {
      ExplainDifference(differs->second, row);
    } else if (const Seen& seen = index_.find(key)->second; seen.surplus() > 0) {
      Example(seen.in_source == 0 ? "not in the source"
                                  : "more often in the warehouse than in the source",
              row);
    }
  }
  return absl::OkStatus();
}

void TableCheck::Example(const std::string& what, const CanonicalRow& row) {
  if (result_.examples.size() >= kMaxExamples) return;
  const std::size_t shown =
      compared_.keys != 0 ? compared_.keys : std::min(kMaxNamedColumns, compared_.columns.size());
  std::vector<std::string> values;
  for (std::size_t i = 0; i < shown; ++i) {
    values.push_back(
        absl::StrCat(compared_.columns[i]->shape.name, "=", ReadableForm(row.Column(i))));
  }
  result_.examples.push_back(absl::StrCat(what, ": ", absl::StrJoin(values, ", ")));
}

void TableCheck::ExplainDifference(const CanonicalRow& source, const CanonicalRow& warehouse) {
  Example("different", source);
  std::string& text = result_.examples.back();
  std::size_t named = 0;
  for (std::size_t i = compared_.keys; i < compared_.columns.size(); ++i) {
    if (source.Column(i) == warehouse.Column(i) || named == kMaxNamedColumns) continue;
    ++named;
    absl::StrAppend(&text, "; ", compared_.columns[i]->shape.name, " is ",
                    ReadableForm(warehouse.Column(i)), " and should be ",
                    ReadableForm(source.Column(i)));
  }
}

struct SourceColumn {
  std::string name;
  std::string declared;
};
struct SourceTable {
  bool has_rowid = false;
  // In the order of the declaration.
  std::vector<SourceColumn> columns;

  bool Has(absl::string_view name) const {
    return std::any_of(columns.begin(), columns.end(), [name](const SourceColumn& column) {
      return absl::EqualsIgnoreCase(column.name, name);
    });
  }
  // The destination's column for the rowid of a table without a key, or null.
  const StoredColumn* RowidOf(const StoredTable& stored) const {
    if (!has_rowid) return nullptr;
    for (const char* const name : {"rowid", "_rowid_", "oid"}) {
      if (Has(name)) continue;
      const StoredColumn* column = stored.Find(name);
      return column != nullptr && column->shape.key ? column : nullptr;
    }
    return nullptr;
  }
};
// Tables that are not synced have no entry.
using SourceTables = std::map<std::string, SourceTable>;

absl::StatusOr<SourceTables> ListSource(const SqliteFile& source) {
  // Views, virtual tables and their shadow tables are not synced. Hidden columns of kind 1 belong
  // to virtual tables; those of kinds 2 and 3 are generated.
  absl::StatusOr<Statement> rows = source.Prepare(
      "SELECT t.name, c.name, c.type, t.wr FROM pragma_table_list AS t "
      "JOIN pragma_table_xinfo(t.name, 'main') AS c "
      "WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
      "AND c.hidden <> 1 ORDER BY t.name, c.cid");
  if (!rows.ok()) return rows.status();
  SourceTables tables;
  while (true) {
    absl::StatusOr<bool> next = rows->Step();
    if (!next.ok()) return next.status();
    if (!*next) return tables;
    SourceTable& table = tables[rows->Text(0)];
    table.has_rowid = rows->Integer(3) == 0;
    table.columns.push_back({rows->Text(1), rows->Text(2)});
  }
}

// The columns to compare; columns that the warehouse lacks become faults.
ComparedColumns Match(const StoredTable& stored, const SourceTable& source,
                      const SelectionRules& selection, TableComparison& result) {
  ComparedColumns compared;
  ComparedColumns others;
  const auto add = [](ComparedColumns& to, const StoredColumn* column, const std::string& type) {
    to.columns.push_back(column);
    to.declared.push_back(type);
  };
  if (const StoredColumn* rowid = source.RowidOf(stored)) add(compared, rowid, "");
  for (const SourceColumn& column : source.columns) {
    const StoredColumn* found = stored.Find(column.name);
    const bool key = found != nullptr && found->shape.key;
    if (!key && !selection.TakesColumn(true, stored.schema, stored.name, column.name)) continue;
    if (found == nullptr) {
      result.faults.push_back(absl::StrCat("column ", column.name, " is not in the warehouse"));
    } else {
      add(key ? compared : others, found, column.declared);
    }
  }
  const auto keys = static_cast<std::size_t>(
      std::count_if(stored.columns.begin(), stored.columns.end(),
                    [](const StoredColumn& column) { return column.shape.key; }));
  compared.keys = compared.columns.size();
  if (compared.keys != keys) {
    result.faults.emplace_back("a column of its key is gone from the source");
  }
  compared.columns.insert(compared.columns.end(), others.columns.begin(), others.columns.end());
  compared.declared.insert(compared.declared.end(), others.declared.begin(), others.declared.end());
  return compared;
}

absl::Status CompareTables(const SqliteFile& warehouse, const SqliteFile& source,
                           const std::vector<const StoredTable*>& stored_tables,
                           const SelectionRules& selection, SourceTables& source_tables,
                           std::vector<TableComparison>& results) {
  for (const StoredTable* stored : stored_tables) {
    TableComparison& result = results.emplace_back();
    result.table = stored->name;
    const auto found = source_tables.find(stored->name);
    if (found == source_tables.end()) {
      result.gone_from_source = true;
      continue;
    }
    const SourceTable table = std::move(found->second);
    source_tables.erase(found);
    ComparedColumns compared = Match(*stored, table, selection, result);
    if (compared.columns.empty() || !result.faults.empty()) continue;
    TableCheck check(warehouse, source, *stored, std::move(compared), result);
    if (absl::Status checked = check.Run(); !checked.ok()) return checked;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<TableComparison>> CompareFiles(const std::string& warehouse_path,
                                                          const std::string& source_path,
                                                          const std::string& schema,
                                                          const SelectionRules& selection) {
  absl::StatusOr<SqliteFile> warehouse =
      SqliteFile::Open(warehouse_path, SqliteFile::Mode::kReadOnly);
  if (!warehouse.ok()) return warehouse.status();
  absl::StatusOr<SqliteFile> source = SqliteFile::Open(source_path, SqliteFile::Mode::kReadOnly);
  if (!source.ok()) return source.status();
  for (SqliteFile* file : {&*warehouse, &*source}) {
    if (absl::Status begun = file->Execute("BEGIN"); !begun.ok()) return begun;
  }
  absl::StatusOr<WarehouseLayout> layout = WarehouseLayout::Load(*warehouse);
  if (!layout.ok()) return layout.status();
  absl::StatusOr<SourceTables> source_tables = ListSource(*source);
  if (!source_tables.ok()) return source_tables.status();

  std::vector<const StoredTable*> stored_tables;
  for (const StoredTable* stored : layout->Tables()) {
    const bool taken = selection.TakesTable(true, stored->schema, stored->name);
    if (stored->schema == schema && taken) stored_tables.push_back(stored);
  }
  std::vector<TableComparison> results;
  if (absl::Status compared =
          CompareTables(*warehouse, *source, stored_tables, selection, *source_tables, results);
      !compared.ok()) {
    return compared;
  }
  for (const auto& [name, table] : *source_tables) {
    if (!selection.TakesTable(true, schema, name)) continue;
    TableComparison& result = results.emplace_back();
    result.table = name;
    result.faults.emplace_back("the warehouse does not have it");
  }
  std::sort(results.begin(), results.end(),
            [](const auto& a, const auto& b) { return a.table < b.table; });
  return results;
}

}  // namespace tributary::tester
