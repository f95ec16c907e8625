#include "tests/sync_tester/compared_rows.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/sync_tester/expected_key.h"
#include "tests/sync_tester/expected_value.h"

namespace tributary::tester {

namespace {

void AppendName(std::string* out, const std::string& name) { absl::StrAppend(out, Quoted(name)); }

}  // namespace

void CanonicalRow::Clear() {
  bytes_.clear();
  ends_.clear();
}

std::string_view CanonicalRow::Column(std::size_t i) const {
  const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(bytes_).substr(begin, ends_[i] - begin);
}

std::string_view CanonicalRow::First(std::size_t count) const {
  return count == 0 ? std::string_view() : std::string_view(bytes_).substr(0, ends_[count - 1]);
}

absl::StatusOr<SourceRows> SourceRows::Read(const SqliteFile& source, const std::string& table,
                                            const ComparedColumns& compared) {
  SourceRows rows;
  absl::StatusOr<Statement> encoding = source.Prepare("PRAGMA main.encoding");
  if (!encoding.ok()) return encoding.status();
  if (absl::StatusOr<bool> told = encoding->Step(); !told.ok()) return told.status();
  const TextEncoding stored = EncodingNamed(encoding->Text(0));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < compared.columns.size(); ++i) {
    const ColumnShape& shape = compared.columns[i]->shape;
    names.push_back(shape.name);
    rows.sent_.push_back({.type = shape.type,
                          .key = shape.key,
                          .makes_text = MakesTextOfNumbers(compared.declared[i]),
                          .encoding = stored});
  }
  absl::StatusOr<Statement> statement = source.Prepare(absl::StrCat(
      "SELECT ", absl::StrJoin(names, ", ", AppendName), " FROM main.", Quoted(table)));
  if (!statement.ok()) return statement.status();
  rows.statement_ = *std::move(statement);
  return rows;
}

absl::StatusOr<bool> SourceRows::Next(CanonicalRow& row) {
  row.Clear();
  absl::StatusOr<bool> stepped = statement_.Step();
  if (!stepped.ok() || !*stepped) return stepped;
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    AppendExpected(statement_.get(), static_cast<int>(i), sent_[i], row.bytes());
    row.EndColumn();
  }
  return true;
}

absl::StatusOr<WarehouseRows> WarehouseRows::Read(const SqliteFile& warehouse,
                                                  const StoredTable& table,
                                                  const ComparedColumns& compared) {
  WarehouseRows rows;
  const std::vector<std::string> keys = table.KeyColumns();
  rows.key_columns_ = static_cast<int>(keys.size());
  std::vector<std::vector<std::string>> names(table.parts.size());
  names[0] = keys;
  for (const StoredColumn* column : compared.columns) {
    rows.places_.push_back(
        {column->part, static_cast<int>(names[column->part].size()), column->shape.type});
    names[column->part].push_back(column->stored_as);
  }
  for (std::size_t part = 0; part < table.parts.size(); ++part) {
    if (names[part].empty()) names[part].push_back(keys[0]);
    std::string sql = absl::StrCat("SELECT ", absl::StrJoin(names[part], ", ", AppendName),
                                   " FROM ", Quoted(table.parts[part]), " WHERE ");
    if (part == 0) {
      absl::StrAppend(&sql, kDeletedColumn, " = 0");
    } else {
      absl::StrAppend(&sql,
                      absl::StrJoin(keys, " AND ", [](std::string* out, const std::string& k) {
                        absl::StrAppend(out, Quoted(k), " = ?");
                      }));
    }
    absl::StatusOr<Statement> statement = warehouse.Prepare(sql);
    if (!statement.ok()) return statement.status();
    rows.parts_.push_back(*std::move(statement));
  }
  return rows;
}

absl::StatusOr<bool> WarehouseRows::Next(CanonicalRow& row) {
  row.Clear();
  absl::StatusOr<bool> stepped = parts_[0].Step();
  if (!stepped.ok() || !*stepped) return stepped;
  for (std::size_t part = 1; part < parts_.size(); ++part) {
    parts_[part].Reset();
    for (int key = 0; key < key_columns_; ++key) {
      sqlite3_bind_value(parts_[part].get(), key + 1, sqlite3_column_value(parts_[0].get(), key));
    }
    if (absl::StatusOr<bool> found = parts_[part].Step(); !found.ok()) return found;
  }
  for (const Place& place : places_) {
    AppendStored(parts_[place.part].get(), place.at, place.type, row.bytes());
    row.EndColumn();
  }
  return true;
}

}  // namespace tributary::tester
