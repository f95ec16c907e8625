#include "tests/simulation/destination.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "proto/connector_sdk.pb.h"
#include "supervisor/plan/plan.h"
#include "supervisor/request/columns_digest.h"

namespace tributary::simulation {

std::string BoundAt(int place) { return absl::StrCat("before ", place); }

int PlaceOf(const std::string& bound, int if_empty) {
  return bound.empty() ? if_empty : std::atoi(bound.c_str() + sizeof("before"));
}

bool Covers(const TableState& entry, int place) {
  if (entry.phase == Phase::kLive) return true;
  const std::vector<BoundRange> done = entry.done.Done();
  return std::any_of(done.begin(), done.end(), [place](const BoundRange& range) {
    return place >= PlaceOf(range.from, 0) && place < PlaceOf(range.to, kPlaces);
  });
}

Selection Choice::AsSelection() const {
  fivetran_sdk::v2::Selection selection;
  auto& schemas = *selection.mutable_with_schema();
  schemas.set_include_new_schemas(true);
  auto& schema = *schemas.add_schemas();
  schema.set_schema_name("main");
  schema.set_included(true);
  schema.set_include_new_tables(true);
  for (std::size_t i = 0; i < kMostTables; ++i) {
    auto& table = *schema.add_tables();
    table.set_table_name(absl::StrCat("t", i));
    table.set_included(!tables.contains(table.table_name()));
    table.set_include_new_columns(true);
    for (const std::string& column : columns) (*table.mutable_columns())[column] = false;
  }
  return *Selection::Read(&selection);
}

std::string IdentityOf(const Row& row, bool keyed) {
  if (keyed) return row.at(kKeyColumn);
  std::string identity;
  for (const auto& [column, value] : row) absl::StrAppend(&identity, column, "=", value, ";");
  return identity;
}

Row Chosen(const Row& row, const Choice& choice) {
  Row chosen;
  for (const auto& [column, value] : row) {
    if (!choice.columns.contains(column)) chosen[column] = value;
  }
  return chosen;
}

Message ReadMessage(std::string_view bytes) {
  fivetran_sdk::v2::UpdateResponse response;
  if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  if (response.has_checkpoint()) {
    return {.kind = Message::Kind::kCheckpoint, .text = response.checkpoint().state_json()};
  }
  if (response.has_warning()) {
    return {.kind = Message::Kind::kWarning, .text = response.warning().message()};
  }
  if (response.has_task()) return {.kind = Message::Kind::kTask, .text = response.task().message()};
  if (response.has_schema_change()) return {.kind = Message::Kind::kSchemaChange};
  if (response.records().records_size() == 1 &&
      response.records().records(0).type() == fivetran_sdk::v2::TRUNCATE) {
    return {.kind = Message::Kind::kTruncate, .table = response.records().records(0).table_name()};
  }
  return {};
}

void Destination::Apply(const Message& message) {
  if (message.kind == Message::Kind::kTruncate) {
    tables_[message.table].clear();
    truncated_.insert(message.table);
  }
  for (const Row& row : message.rows) {
    tables_[message.table][IdentityOf(row, message.keyed)] = row;
  }
  for (const Change& change : message.changes) Apply(change);
}

void Destination::Apply(const Change& change) {
  Rows& rows = tables_[change.table];
  switch (change.what) {
    case Change::What::kUpsert:
      rows[change.key] = change.row;
      break;
    case Change::What::kUpdate:
      if (const auto here = rows.find(change.key); here != rows.end()) {
        for (const auto& [column, value] : change.row) here->second[column] = value;
      }
      break;
    case Change::What::kDelete:
      rows.erase(change.key);
      break;
    case Change::What::kTruncate:
      rows.clear();
      break;
  }
}

const Destination::Rows& Destination::RowsOf(const std::string& table) const {
  static const Rows kNone;
  const auto found = tables_.find(table);
  return found == tables_.end() ? kNone : found->second;
}

std::string Destination::Difference(const std::string& table, const Table& source,
                                    const Choice& choice) const {
  Rows here = RowsOf(table);
  for (const auto& [place, row] : source.rows) {
    const Row chosen = Chosen(row, choice);
    const auto one = here.find(IdentityOf(chosen, source.keyed));
    if (one == here.end()) return absl::StrCat(table, ": the row at ", place, " is missing");
    // A column that was added is null in the rows that already exist.
    for (const auto& [column, value] : chosen) one->second.emplace(column, "null");
    if (one->second != chosen) return absl::StrCat(table, ": the row at ", place, " is different");
    here.erase(one);
  }
  if (here.empty()) return "";
  return absl::StrCat(table, ": has a row that the source does not have: ", here.begin()->first);
}

}  // namespace tributary::simulation
