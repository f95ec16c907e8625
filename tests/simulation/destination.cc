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
  if (message.kind != Message::Kind::kRows) return;
  for (const Row& row : message.rows) {
    tables_[message.table][IdentityOf(row, message.keyed)] = row;
  }
}

std::string Destination::Difference(const std::string& table, const Table& source,
                                    const Choice& choice) const {
  const auto found = tables_.find(table);
  Rows here = found == tables_.end() ? Rows() : found->second;
  for (const auto& [place, row] : source.rows) {
    const Row chosen = Chosen(row, choice);
    const auto one = here.find(IdentityOf(chosen, source.keyed));
    if (one == here.end()) return absl::StrCat(table, ": the row at ", place, " is missing");
    if (one->second != chosen) return absl::StrCat(table, ": the row at ", place, " is another");
    here.erase(one);
  }
  if (here.empty()) return "";
  return absl::StrCat(table, ": has a row that the source has not: ", here.begin()->first);
}

namespace {

// Of the columns that are chosen now.
std::string DigestOf(const std::string& name, const TableState& entry, const SourceHistory& source,
                     const Choice& choice) {
  const Catalog catalog = source.Describe();
  for (const SelectedTable& table : choice.AsSelection().Resolve(catalog).tables) {
    if (table.table->table() != name) continue;
    google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column> columns;
    for (const auto* column : table.columns) *columns.Add() = *column;
    WidenColumns(entry.widened, columns);
    return ColumnsDigest(columns);
  }
  return "";
}

bool MustWiden(const Row& row, const std::map<std::string, std::string>& widened) {
  return std::any_of(row.begin(), row.end(), [&widened](const auto& cell) {
    return IsMisfit(cell.second) && !widened.contains(cell.first);
  });
}

}  // namespace

std::string Destination::BrokenClaim(const State& state, const SourceHistory& source,
                                     const Choice& choice) const {
  for (const auto& [name, entry] : state.tables) {
    // Without a version nothing is built on what is here.
    if (entry.content.empty()) continue;
    const Table& then = source.At(entry.content).at(name.table);
    // With other columns it is copied again: from TRUNCATE, except where all rows
    // are here and have a key.
    const bool replaced = then.keyed && entry.phase == Phase::kLive;
    if (!replaced && entry.columns != DigestOf(name.table, entry, source, choice)) continue;
    Table claimed{then.keyed, then.columns, {}};
    Rows allowed;
    // What is left will not fit, whatever TRUNCATE a lost sync has sent for that.
    bool starts_again = false;
    for (const auto& [place, row] : then.rows) {
      allowed[IdentityOf(Chosen(row, choice), then.keyed)] = row;
      const bool done = Covers(entry, place);
      if (done) claimed.rows[place] = row;
      starts_again = starts_again || (!done && MustWiden(Chosen(row, choice), entry.widened));
    }
    if (starts_again) continue;
    const auto found = tables_.find(name.table);
    const Rows here = found == tables_.end() ? Rows() : found->second;
    for (const auto& [place, row] : claimed.rows) {
      const auto one = here.find(IdentityOf(Chosen(row, choice), then.keyed));
      if (one == here.end()) return absl::StrCat(name.table, " lacks the row at ", place);
      // A column that was deselected since is not sent by this state's entry yet.
      for (const auto& [column, value] : Chosen(row, choice)) {
        const auto has = one->second.find(column);
        if (has != one->second.end() && has->second != value) {
          return absl::StrCat(name.table, " has another row at ", place);
        }
      }
    }
    for (const auto& [identity, row] : here) {
      if (!allowed.contains(identity)) {
        return absl::StrCat(name.table, " has a row that ", entry.content, " has not: ", identity);
      }
    }
  }
  return "";
}

}  // namespace tributary::simulation
