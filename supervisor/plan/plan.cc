#include "supervisor/plan/plan.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "supervisor/request/columns_digest.h"

namespace tributary {

using fivetran_sdk::v2::Column;
using fivetran_sdk::v2::DataType;

namespace {

bool HasKey(const google::protobuf::RepeatedPtrField<Column>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [](const Column& column) { return column.primary_key(); });
}

// What has happened to a table since its entry was written.
course::Event EventOf(const TableState* entry, const TableToCopy& table) {
  if (entry == nullptr) return course::Event::kUnchanged;
  const bool same_content = !table.content.empty() && entry->content == table.content;
  if (!same_content || entry->method != table.method) return course::Event::kContentChanged;
  if (entry->columns == table.columns_digest) return course::Event::kUnchanged;
  return HasKey(table.columns) ? course::Event::kColumnsChanged
                               : course::Event::kColumnsChangedWithoutKey;
}

// Moves the table along its course, and its entry with it. A state must not claim what
// this sync is about to take away, or a selection that is changed back would make the
// next sync rely on it. The columns stay: they are those that the destination knows.
course::Transition Advance(TableToCopy& table, TableState* entry) {
  const course::Phase phase = course::PhaseOf(entry);
  const auto transition = course::On(phase, EventOf(entry, table));
  assert(transition.has_value());
  table.phase = transition->next;
  table.truncates = transition->truncates;
  if (entry == nullptr || !transition->forgets_progress) return *transition;
  entry->phase = Phase::kCopying;
  entry->done = DoneRanges();
  entry->whole_from = entry->start = 0;
  entry->bound = LogPosition();
  if (transition->truncates) entry->content.clear();
  return *transition;
}

// A sync may end between a table's last mark and the end of that slice.
void SettleWhole(TableState& entry) {
  if (course::PhaseOf(&entry) != course::Phase::kCatchingUp || entry.method == Method::kLog) {
    return;
  }
  entry.phase = Phase::kLive;
  entry.done = DoneRanges();
}

}  // namespace

bool MayBeUnchanged(const State& state, const std::string& selection_digest) {
  return !state.first_sync() && !state.complete.empty() && state.selection == selection_digest;
}

void WidenColumns(const std::map<std::string, std::string>& widened,
                  google::protobuf::RepeatedPtrField<Column>& columns) {
  for (Column& column : columns) {
    const auto wider = widened.find(column.name());
    if (wider == widened.end()) continue;
    DataType type = DataType::UNSPECIFIED;
    const bool known = fivetran_sdk::v2::DataType_Parse(wider->second, &type);
    column.set_type(known && type != DataType::UNSPECIFIED ? type : DataType::STRING);
    column.clear_params();
  }
}

absl::Status CheckSource(const Catalog& catalog, const std::string& engine, const State& state) {
  const SourceIdentity source{.engine = engine, .identity = catalog.identity()};
  if (state.first_sync() || state.source == source) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "The saved state belongs to another source database than the one that is configured now. "
      "Configure the earlier database again, or re-sync the connection to copy this one from the "
      "beginning.");
}

absl::StatusOr<Plan> MakePlan(const Catalog& catalog, const std::vector<SelectedTable>& selected,
                              const std::string& selection_digest, const std::string& engine,
                              State state) {
  const absl::Status same = CheckSource(catalog, engine, state);
  if (!same.ok()) return same;
  const bool first_sync = state.first_sync();
  Plan plan;
  plan.state = std::move(state);
  plan.state.source = {.engine = engine, .identity = catalog.identity()};
  plan.state.selection = selection_digest;
  plan.selected_tables = selected.size();
  auto known = std::exchange(plan.state.tables, {});
  for (auto& [name, entry] : known) SettleWhole(entry);
  for (const SelectedTable& choice : selected) {
    const CatalogTable& table = *choice.table;
    TableToCopy copy;
    copy.name = {table.schema(), table.table()};
    for (const Column* column : choice.columns) *copy.columns.Add() = *column;
    copy.access = table.access();
    copy.estimated_bytes = table.estimated_bytes();
    copy.method = table.has_log() ? Method::kLog : Method::kCopy;
    copy.content = table.content();
    const auto entry = known.find(copy.name);
    const bool is_known = entry != known.end();
    if (is_known) copy.widened = entry->second.widened;
    WidenColumns(copy.widened, copy.columns);
    copy.columns_digest = ColumnsDigest(copy.columns);
    const bool same_columns = is_known && entry->second.columns == copy.columns_digest;
    const course::Transition transition = Advance(copy, is_known ? &entry->second : nullptr);
    // Schema has just told the source's own types, so wider ones are told again.
    const bool wider = transition.copies && !copy.widened.empty();
    if (!first_sync && (!same_columns || wider)) plan.changed.push_back(copy);
    if (is_known) plan.state.tables.insert(known.extract(entry));
    if (transition.copies) {
      plan.copies.push_back(std::move(copy));
    } else if (copy.method == Method::kLog) {
      plan.followed.push_back(std::move(copy));
    }
  }
  if (!plan.copies.empty()) plan.state.complete.clear();
  std::stable_sort(plan.copies.begin(), plan.copies.end(),
                   [](const TableToCopy& a, const TableToCopy& b) {
                     return a.estimated_bytes > b.estimated_bytes;
                   });
  return plan;
}

std::string CompleteVersion(const Plan& plan, const std::string& version) {
  const auto& tables = plan.state.tables;
  const bool at_version =
      tables.size() == plan.selected_tables &&
      std::all_of(tables.begin(), tables.end(), [&version](const auto& entry) {
        return entry.second.phase == Phase::kLive && entry.second.content == version;
      });
  return at_version ? version : "";
}

std::string NameOf(const TableToCopy& table) {
  return absl::StrCat(table.name.schema, ".", table.name.table);
}

}  // namespace tributary
