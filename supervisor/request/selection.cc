#include "supervisor/request/selection.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/digest.h"
#include "supervisor/request/warning_list.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::Column;
using fivetran_sdk::v2::SchemaSelection;
using fivetran_sdk::v2::TableSelection;

using Wire = google::protobuf::internal::WireFormatLite;

constexpr std::size_t kSelectionDigits = 16;

constexpr std::uint32_t MessageTag(int number) {
  return Wire::MakeTag(number, Wire::WIRETYPE_LENGTH_DELIMITED);
}

absl::Status Contradiction(const char* what, const std::string& name) {
  return absl::InvalidArgumentError(
      absl::StrCat("reading the selection: it has contradicting entries for ", what, " ",
                   ShownName(name), "; send one entry for each schema, table and column"));
}

// Hash maps have no fixed order; shown or hashed names need one.
template <typename Map>
std::vector<const typename Map::value_type*> Sorted(const Map& map) {
  std::vector<const typename Map::value_type*> entries;
  entries.reserve(map.size());
  for (const auto& entry : map) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  return entries;
}

std::string QualifiedName(std::string_view schema, std::string_view table) {
  return absl::StrCat(ShownName(schema), ".", ShownName(table));
}

// As SQL spells it.
std::string Identifier(std::string_view schema, std::string_view table) {
  return absl::StrCat("\"", absl::StrReplaceAll(ShownName(schema), {{"\"", "\"\""}}), "\".\"",
                      absl::StrReplaceAll(ShownName(table), {{"\"", "\"\""}}), "\"");
}

// The catalog's notes about these tables.
void AddNotes(const Catalog& catalog, const std::vector<SelectedTable>& tables,
              std::vector<std::string>& warnings) {
  std::map<std::uint32_t, std::vector<std::string>> noted;
  for (const SelectedTable& selected : tables) {
    const std::uint32_t note = selected.table->note();
    if (note == 0 || note > static_cast<std::uint32_t>(catalog.notes_size())) continue;
    noted[note].push_back(Identifier(selected.table->schema(), selected.table->table()));
  }
  for (const auto& [note, names] : noted) {
    warnings.push_back(absl::StrCat(catalog.notes(static_cast<int>(note) - 1),
                                    ShownNames({names.begin(), names.end()})));
  }
}

}  // namespace

absl::Status CheckOneForm(google::protobuf::io::ZeroCopyInputStream& request) {
  using fivetran_sdk::v2::UpdateRequest;
  using Request = fivetran_sdk::v2::Selection;
  bool with_schema = false;
  bool without_schema = false;
  google::protobuf::io::CodedInputStream wire(&request);
  while (const std::uint32_t tag = wire.ReadTag()) {
    if (tag != MessageTag(UpdateRequest::kSelectionFieldNumber)) {
      if (!Wire::SkipField(&wire, tag)) break;
      continue;
    }
    const auto rest = wire.ReadLengthAndPushLimit();
    while (const std::uint32_t form = wire.ReadTag()) {
      with_schema = with_schema || form == MessageTag(Request::kWithSchemaFieldNumber);
      without_schema = without_schema || form == MessageTag(Request::kWithoutSchemaFieldNumber);
      if (!Wire::SkipField(&wire, form)) break;
    }
    wire.PopLimit(rest);
  }
  if (!with_schema || !without_schema) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "reading the selection: it is both `with_schema` and `without_schema`; send `with_schema` "
      "alone, as in the answer to Schema");
}

absl::StatusOr<Selection> Selection::Read(const fivetran_sdk::v2::Selection* request) {
  Selection selection;
  if (request == nullptr) return selection;
  switch (request->selection_case()) {
    case fivetran_sdk::v2::Selection::SELECTION_NOT_SET:
      return selection;
    case fivetran_sdk::v2::Selection::kWithoutSchema:
      return absl::InvalidArgumentError(
          "reading the selection: it is `without_schema`, and the source has schemas; send "
          "`with_schema`, as in the answer to Schema");
    case fivetran_sdk::v2::Selection::kWithSchema:
      break;
  }
  selection.include_new_schemas_ = request->with_schema().include_new_schemas();
  for (const SchemaSelection& schema : request->with_schema().schemas()) {
    if (absl::Status status = selection.AddSchema(schema); !status.ok()) return status;
  }
  return selection;
}

absl::Status Selection::AddSchema(const SchemaSelection& request) {
  const auto [entry, is_new] = schemas_.try_emplace(request.schema_name());
  Schema& schema = entry->second;
  if (is_new) {
    schema.included = request.included();
    schema.include_new_tables = request.included() && request.include_new_tables();
  } else if (schema.included != request.included() ||
             (schema.included && schema.include_new_tables != request.include_new_tables())) {
    return Contradiction("schema", request.schema_name());
  }
  if (!schema.included) return absl::OkStatus();
  for (const TableSelection& table : request.tables()) {
    if (absl::Status status = AddTable(request.schema_name(), table, schema); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status Selection::AddTable(const std::string& schema_name, const TableSelection& request,
                                 Schema& schema) {
  const auto [entry, is_new] = schema.tables.try_emplace(request.table_name());
  Table& table = entry->second;
  if (is_new) {
    table.included = request.included();
    table.include_new_columns = request.included() && request.include_new_columns();
  } else if (table.included != request.included() ||
             (table.included && table.include_new_columns != request.include_new_columns())) {
    return Contradiction("table", QualifiedName(schema_name, request.table_name()));
  }
  if (!table.included) return absl::OkStatus();
  for (const auto& [name, included] : request.columns()) {
    const auto [column, is_new_column] = table.columns.try_emplace(name, included);
    if (!is_new_column && column->second != included) {
      return Contradiction("a column of table", QualifiedName(schema_name, request.table_name()));
    }
  }
  return absl::OkStatus();
}

std::string Selection::Digest() const {
  tributary::Digest digest;
  digest.Number(include_new_schemas_ ? 1 : 0).Number(schemas_.size());
  for (const auto* schema_entry : Sorted(schemas_)) {
    const Schema& schema = schema_entry->second;
    digest.Text(schema_entry->first)
        .Number(schema.included ? 1 : 0)
        .Number(schema.include_new_tables ? 1 : 0)
        .Number(schema.tables.size());
    for (const auto* table_entry : Sorted(schema.tables)) {
      const Table& table = table_entry->second;
      digest.Text(table_entry->first)
          .Number(table.included ? 1 : 0)
          .Number(table.include_new_columns ? 1 : 0)
          .Number(table.columns.size());
      for (const auto* column : Sorted(table.columns)) {
        digest.Text(column->first).Number(column->second ? 1 : 0);
      }
    }
  }
  return digest.Hex(kSelectionDigits);
}

Selected Selection::Resolve(const Catalog& catalog) const {
  Selected selected;
  WarningList warnings;
  std::unordered_set<const void*> found;
  for (const CatalogTable& table : catalog.tables()) {
    const Answer answer = Find(table);
    if (answer.schema != nullptr) found.insert(answer.schema);
    if (answer.table != nullptr) found.insert(answer.table);
    if (!answer.included) continue;
    SelectedTable resolved = ResolveColumns(table, answer.table, warnings);
    if (!resolved.columns.empty()) selected.tables.push_back(std::move(resolved));
  }
  WarnOfMissing(found, warnings);
  AddNotes(catalog, selected.tables, selected.warnings);
  for (std::string& text : std::move(warnings).Take()) selected.warnings.push_back(std::move(text));
  return selected;
}

Selection::Answer Selection::Find(const CatalogTable& table) const {
  const auto schema = schemas_.find(table.schema());
  if (schema == schemas_.end()) return {include_new_schemas_, nullptr, nullptr};
  if (!schema->second.included) return {false, nullptr, &schema->second};
  const auto entry = schema->second.tables.find(table.table());
  if (entry == schema->second.tables.end()) {
    return {schema->second.include_new_tables, nullptr, &schema->second};
  }
  return {entry->second.included, &entry->second, &schema->second};
}

SelectedTable Selection::ResolveColumns(const CatalogTable& table, const Table* answers,
                                        WarningList& warnings) {
  SelectedTable selected;
  selected.table = &table;
  selected.columns.reserve(static_cast<std::size_t>(table.columns_size()));
  std::vector<std::string_view> keys_put_back;
  std::size_t named = 0;
  for (const Column& column : table.columns()) {
    bool included = true;
    if (answers != nullptr) {
      const auto answer = answers->columns.find(column.name());
      const bool is_new = answer == answers->columns.end();
      included = is_new ? answers->include_new_columns : answer->second;
      if (!is_new) ++named;
    }
    if (!included && column.primary_key()) keys_put_back.push_back(column.name());
    if (included || column.primary_key()) selected.columns.push_back(&column);
  }

  if (!keys_put_back.empty()) {
    warnings.Add(absl::StrCat("Table ", QualifiedName(table.schema(), table.table()), ": ",
                              ShownNames(keys_put_back),
                              " of its primary key are not selected and are synced anyway, "
                              "because they identify its rows. Select them, or exclude the "
                              "table."));
  }
  if (selected.columns.empty()) {
    warnings.Add(absl::StrCat("Table ", QualifiedName(table.schema(), table.table()),
                              ": none of its columns is selected, so it is left out. Select a "
                              "column, or exclude the table."));
  }
  if (answers != nullptr) {
    selected.selects_new_columns = answers->include_new_columns;
    for (const auto& [name, included] : answers->columns) {
      if (!included) selected.not_selected.push_back(name);
    }
  }
  if (answers != nullptr && named < answers->columns.size()) {
    WarnOfMissingColumns(table, *answers, warnings);
  }
  return selected;
}

void Selection::WarnOfMissingColumns(const CatalogTable& table, const Table& answers,
                                     WarningList& warnings) {
  std::unordered_set<std::string_view> present;
  for (const Column& column : table.columns()) present.insert(column.name());
  std::vector<std::string_view> missing;
  for (const auto& [column, included] : answers.columns) {
    if (included && !present.contains(column)) missing.push_back(column);
  }
  if (missing.empty()) return;
  std::sort(missing.begin(), missing.end());
  warnings.Add(absl::StrCat("Table ", QualifiedName(table.schema(), table.table()),
                            ": selected columns are not in the source: ", ShownNames(missing),
                            ". The others are synced. Refresh the schema in Fivetran."));
}

void Selection::WarnOfMissing(const std::unordered_set<const void*>& found,
                              WarningList& warnings) const {
  for (const auto* schema : Sorted(schemas_)) {
    if (!schema->second.included) continue;
    if (!found.contains(&schema->second)) {
      warnings.Add(absl::StrCat("Schema ", ShownName(schema->first),
                                " is selected and not in the source. The others are synced. "
                                "Refresh the schema in Fivetran."));
      continue;
    }
    for (const auto* table : Sorted(schema->second.tables)) {
      if (!table->second.included || found.contains(&table->second)) continue;
      warnings.Add(absl::StrCat("Table ", QualifiedName(schema->first, table->first),
                                " is selected and not in the source. The others are synced. "
                                "Refresh the schema in Fivetran."));
    }
  }
}

}  // namespace tributary
