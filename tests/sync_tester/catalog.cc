#include "tests/sync_tester/catalog.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"

namespace tributary::tester {

namespace v2 = fivetran_sdk::v2;

namespace {

bool SameLimits(const ColumnShape& a, const ColumnShape& b) {
  return a.type == b.type && a.key == b.key && a.precision == b.precision && a.scale == b.scale &&
         a.max_bytes == b.max_bytes;
}

ColumnShape ShapeOf(const v2::Column& column) {
  ColumnShape shape;
  shape.name = column.name();
  shape.type = column.type();
  shape.key = column.primary_key();
  if (column.params().has_decimal()) {
    shape.precision = column.params().decimal().precision();
    shape.scale = column.params().decimal().scale();
  }
  if (column.params().has_string_byte_length()) {
    shape.max_bytes = static_cast<std::uint32_t>(std::max(0, column.params().string_byte_length()));
  }
  return shape;
}

absl::Status CheckColumn(const std::string& table, const v2::Column& column) {
  if (column.name().empty()) {
    return absl::FailedPreconditionError(absl::StrCat("table ", table, " has a nameless column"));
  }
  if (!v2::DataType_IsValid(column.type())) {
    return absl::FailedPreconditionError(absl::StrCat("column ", column.name(), " of ", table,
                                                      " has the unknown type ",
                                                      static_cast<int>(column.type())));
  }
  if (column.type() == v2::NAIVE_TIME) {
    return absl::FailedPreconditionError(absl::StrCat("column ", column.name(), " of ", table,
                                                      " is NAIVE_TIME; a time of day is a STRING"));
  }
  return absl::OkStatus();
}

void Reindex(TableShape& table) {
  table.keys.clear();
  table.selected_columns = 0;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    table.column_index[table.columns[i].name] = i;
    if (table.columns[i].key) table.keys.push_back(i);
    if (table.columns[i].selected) ++table.selected_columns;
  }
  ++table.version;
}

}  // namespace

absl::Status Catalog::Merge(const v2::SchemaList& list) {
  with_schema_ = true;
  absl::flat_hash_set<std::pair<std::string, std::string>> seen;
  for (const v2::Schema& schema : list.schemas()) {
    if (schema.name().empty()) return absl::FailedPreconditionError("a schema has no name");
    for (const v2::Table& table : schema.tables()) {
      if (!seen.emplace(schema.name(), table.name()).second) {
        return absl::FailedPreconditionError(
            absl::StrCat("table ", schema.name(), ".", table.name(), " is listed twice"));
      }
      if (absl::Status merged = MergeTable(true, schema.name(), table); !merged.ok()) return merged;
    }
  }
  return absl::OkStatus();
}

absl::Status Catalog::Merge(const v2::TableList& list) {
  absl::flat_hash_set<std::string> seen;
  for (const v2::Table& table : list.tables()) {
    if (!seen.insert(table.name()).second) {
      return absl::FailedPreconditionError(
          absl::StrCat("table ", table.name(), " is listed twice"));
    }
    if (absl::Status merged = MergeTable(false, "", table); !merged.ok()) return merged;
  }
  return absl::OkStatus();
}

absl::Status Catalog::MergeTable(bool has_schema, const std::string& schema,
                                 const v2::Table& table) {
  if (table.name().empty()) return absl::FailedPreconditionError("a table has no name");
  TableShape*& slot = by_name_[{schema, table.name()}];
  if (slot == nullptr) {
    auto shape = std::make_unique<TableShape>();
    shape->ordinal = tables_.size();
    shape->has_schema = has_schema;
    shape->schema = schema;
    shape->name = table.name();
    shape->selected = selection_.TakesTable(has_schema, schema, table.name());
    slot = shape.get();
    tables_.push_back(std::move(shape));
  }
  absl::flat_hash_set<std::string> seen;
  bool changed = false;
  for (const v2::Column& column : table.columns()) {
    if (absl::Status fine = CheckColumn(slot->FullName(), column); !fine.ok()) return fine;
    if (!seen.insert(column.name()).second) {
      return absl::FailedPreconditionError(
          absl::StrCat("column ", column.name(), " of ", slot->FullName(), " is listed twice"));
    }
    ColumnShape shape = ShapeOf(column);
    shape.selected =
        shape.key || selection_.TakesColumn(has_schema, schema, table.name(), column.name());
    const auto known = slot->column_index.find(column.name());
    if (known == slot->column_index.end()) {
      slot->column_index[column.name()] = slot->columns.size();
      slot->columns.push_back(std::move(shape));
      changed = true;
    } else if (!SameLimits(slot->columns[known->second], shape)) {
      slot->columns[known->second] = std::move(shape);
      changed = true;
    }
  }
  if (changed) Reindex(*slot);
  return absl::OkStatus();
}

const TableShape* Catalog::Find(bool has_schema, std::string_view schema,
                                std::string_view name) const {
  if (last_found_ != nullptr && last_found_->has_schema == has_schema &&
      last_found_->name == name && last_found_->schema == schema) {
    return last_found_;
  }
  const auto found = by_name_.find(std::pair<std::string, std::string>(schema, name));
  if (found == by_name_.end() || found->second->has_schema != has_schema) return nullptr;
  last_found_ = found->second;
  return last_found_;
}

std::size_t Catalog::SelectedTables() const {
  std::size_t count = 0;
  for (const auto& table : tables_) count += table->selected ? 1 : 0;
  return count;
}

}  // namespace tributary::tester
