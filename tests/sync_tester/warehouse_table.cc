#include "tests/sync_tester/warehouse_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/sync_tester/stored_value.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

// Updates have few different sets of columns. If there are more than this, all prepared statements
// are dropped, and prepared again when they are needed.
constexpr std::size_t kMaxUpdateStatements = 64;

std::string Assignment(const std::string& column) { return absl::StrCat(Quoted(column), " = ?"); }

}  // namespace

absl::StatusOr<WarehouseTable> WarehouseTable::Make(SqliteFile& file, const StoredTable& stored,
                                                    const TableShape& shape) {
  WarehouseTable table(file);
  table.parts_ = stored.parts;
  table.keys_ = shape.keys;
  if (shape.keys.empty()) {
    table.fingerprint_.emplace(shape);
    table.where_key_ = Assignment(std::string(kIdColumn));
  } else {
    // The key is bound in the order of the shape, which may differ from that of the stored columns.
    table.where_key_ = absl::StrJoin(shape.keys, " AND ", [&](std::string* out, std::size_t key) {
      absl::StrAppend(out, Assignment(stored.Find(shape.columns[key].name)->stored_as));
    });
  }
  if (absl::Status made = table.PrepareUpserts(stored, shape); !made.ok()) return made;
  if (absl::Status made = table.PrepareMarks(); !made.ok()) return made;
  return table;
}

absl::Status WarehouseTable::PrepareUpserts(const StoredTable& stored, const TableShape& shape) {
  stored_as_.resize(shape.columns.size());
  part_of_.resize(shape.columns.size());
  upserts_.resize(parts_.size());
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    if (!shape.columns[i].selected) continue;
    const StoredColumn* column = stored.Find(shape.columns[i].name);
    stored_as_[i] = column->stored_as;
    part_of_[i] = column->part;
    if (!shape.columns[i].key) upserts_[column->part].columns.push_back(i);
  }
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    std::vector<std::string> names;
    for (const std::size_t column : upserts_[part].columns) names.push_back(stored_as_[column]);
    for (const std::size_t key : keys_) names.push_back(stored_as_[key]);
    if (keys_.empty()) names.emplace_back(kIdColumn);
    std::string marks(names.size() * 2 - 1, '?');
    for (std::size_t i = 1; i < marks.size(); i += 2) marks[i] = ',';
    std::string list = absl::StrJoin(names, ", ", [](std::string* out, const std::string& name) {
      absl::StrAppend(out, Quoted(name));
    });
    if (part == 0) {
      absl::StrAppend(&list, ", ", kSyncedColumn, ", ", kDeletedColumn);
      absl::StrAppend(&marks, ",?,0");
    }
    absl::StatusOr<Statement> statement = file_->Prepare(absl::StrCat(
        "INSERT OR REPLACE INTO ", Quoted(parts_[part]), "(", list, ") VALUES(", marks, ")"));
    if (!statement.ok()) return statement.status();
    upserts_[part].statement = *std::move(statement);
  }
  return absl::OkStatus();
}

absl::Status WarehouseTable::PrepareMarks() {
  absl::StatusOr<Statement> one =
      file_->Prepare(absl::StrCat("UPDATE ", Quoted(parts_[0]), " SET ", kDeletedColumn, " = 1, ",
                                  kSyncedColumn, " = ?1 WHERE ", where_key_));
  if (!one.ok()) return one.status();
  delete_.statement = *std::move(one);
  absl::StatusOr<Statement> all =
      file_->Prepare(absl::StrCat("UPDATE ", Quoted(parts_[0]), " SET ", kDeletedColumn, " = 1, ",
                                  kSyncedColumn, " = ?1 WHERE ", kDeletedColumn, " = 0"));
  if (!all.ok()) return all.status();
  truncate_.statement = *std::move(all);
  return absl::OkStatus();
}

absl::Status WarehouseTable::Apply(const Row& row, std::string_view synced) {
  switch (row.operation) {
    case v2::UPSERT:
      return Upsert(row, synced);
    case v2::UPDATE:
      return Update(row, synced);
    case v2::DELETE:
      return Delete(row, synced);
    default:
      break;
  }
  truncate_.statement.Bind(1, synced);
  return truncate_.statement.Run();
}

int WarehouseTable::BindColumns(Prepared& prepared, const Row& row) {
  int at = 1;
  for (const std::size_t column : prepared.columns) {
    if (row.values[column] == nullptr) {
      sqlite3_bind_null(prepared.statement.get(), at++);
    } else {
      BindValue(prepared.statement.get(), at++, *row.values[column]);
    }
  }
  return at;
}

int WarehouseTable::BindKey(Prepared& prepared, const Row& row, int at) {
  for (const std::size_t key : keys_) BindValue(prepared.statement.get(), at++, *row.values[key]);
  if (fingerprint_) prepared.statement.Bind(at++, fingerprint_->Of(row));
  return at;
}

absl::Status WarehouseTable::Upsert(const Row& row, std::string_view synced) {
  for (std::size_t part = 0; part < upserts_.size(); ++part) {
    Prepared& upsert = upserts_[part];
    const int at = BindKey(upsert, row, BindColumns(upsert, row));
    if (part == 0) upsert.statement.Bind(at, synced);
    if (absl::Status ran = upsert.statement.Run(); !ran.ok()) return ran;
  }
  return absl::OkStatus();
}

absl::Status WarehouseTable::Delete(const Row& row, std::string_view synced) {
  delete_.statement.Bind(1, synced);
  BindKey(delete_, row, 2);
  return delete_.statement.Run();
}

absl::Status WarehouseTable::Update(const Row& row, std::string_view synced) {
  absl::StatusOr<std::vector<Prepared>*> statements = UpdateStatements(row);
  if (!statements.ok()) return statements.status();
  for (std::size_t part = 0; part < (*statements)->size(); ++part) {
    Prepared& update = (**statements)[part];
    if (!update.statement) continue;
    int at = BindColumns(update, row);
    if (part == 0) update.statement.Bind(at++, synced);
    BindKey(update, row, at);
    if (absl::Status ran = update.statement.Run(); !ran.ok()) return ran;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<WarehouseTable::Prepared>*> WarehouseTable::UpdateStatements(
    const Row& row) {
  std::string given(row.values.size(), '0');
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (row.values[i] != nullptr) given[i] = '1';
  }
  const auto known = updates_.find(given);
  if (known != updates_.end()) return &known->second;
  if (updates_.size() == kMaxUpdateStatements) updates_.clear();

  std::vector<Prepared> prepared(parts_.size());
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    std::vector<std::string> assignments;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const bool is_key = std::find(keys_.begin(), keys_.end(), i) != keys_.end();
      if (given[i] == '0' || is_key || part_of_[i] != part) continue;
      prepared[part].columns.push_back(i);
      assignments.push_back(Assignment(stored_as_[i]));
    }
    if (part == 0) assignments.push_back(absl::StrCat(kSyncedColumn, " = ?"));
    if (assignments.empty()) continue;
    absl::StatusOr<Statement> statement =
        file_->Prepare(absl::StrCat("UPDATE ", Quoted(parts_[part]), " SET ",
                                    absl::StrJoin(assignments, ", "), " WHERE ", where_key_));
    if (!statement.ok()) return statement.status();
    prepared[part].statement = *std::move(statement);
  }
  return &updates_.emplace(std::move(given), std::move(prepared)).first->second;
}

}  // namespace tributary::tester
