#include "supervisor/plan/plan.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "supervisor/request/columns_digest.h"
#include "supervisor/request/warning_list.h"

namespace tributary {

using fivetran_sdk::v2::Column;
using fivetran_sdk::v2::DataType;

namespace {

std::string Shown(const std::vector<TableName>& tables) {
  std::vector<std::string> names;
  for (const TableName& table : tables)
    names.push_back(absl::StrCat(table.schema, ".", table.table));
  return ShownNames({names.begin(), names.end()});
}

// Tables of `known` that the catalog lacks. Deselected tables are still in the catalog.
std::vector<TableName> GoneFrom(const Catalog& catalog,
                                const std::map<TableName, TableState>& known) {
  std::vector<TableName> gone;
  if (known.empty()) return gone;
  std::set<TableName> there;
  for (const CatalogTable& table : catalog.tables()) there.insert({table.schema(), table.table()});
  for (const auto& [name, entry] : known) {
    if (!there.contains(name)) gone.push_back(name);
  }
  return gone;
}

absl::Status AnotherSource(const std::string& change) {
  return absl::FailedPreconditionError(absl::StrCat(
      "The saved state belongs to another source database than the one that is configured now",
      change.empty() ? "" : ": ", change,
      ". Configure the earlier database again, or re-sync the connection to copy this one from the "
      "beginning."));
}

bool HasKey(const google::protobuf::RepeatedPtrField<Column>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [](const Column& column) { return column.primary_key(); });
}

ColumnNumbers NumbersOf(const CatalogTable& table) {
  ColumnNumbers numbers;
  if (table.origins_size() != table.columns_size()) return numbers;
  for (int i = 0; i < table.columns_size(); ++i) {
    if (table.origins(i).number() != 0) {
      numbers[table.columns(i).name()] = table.origins(i).number();
    }
  }
  return numbers;
}

// As TableState.newest_unsent_column.
std::uint64_t NewestUnsentColumn(const TableToCopy& table) {
  std::uint64_t newest = 0;
  std::string name;
  for (const auto& [column, number] : table.column_numbers) {
    if (number <= newest) continue;
    newest = number;
    name = column;
  }
  const bool is_sent = std::any_of(table.columns.begin(), table.columns.end(),
                                   [&name](const Column& column) { return column.name() == name; });
  return is_sent ? 0 : newest;
}

// Whether the table differs from its entry only by new columns that are null in all rows that were
// sent so far. Each column after those of the entry must
//  - have a number above every number that the table had then: it is new, and not a column that was
//    not selected and has another name now;
//  - be null in older rows: it has no default, and the rows are in the same file as then;
//  - have the number directly after another column's. In a gap between them there was a column that
//    was dropped, and the log may have shown its values under the same name.
// Up to the state's position the log has shown no value of such a column
// (FollowedTable.newest_column).
bool OnlyAddsColumns(const TableState& entry, const SelectedTable& choice,
                     const TableToCopy& table) {
  const CatalogTable& catalog = *choice.table;
  if (table.method != Method::kLog || table.column_numbers.empty()) return false;
  if (table.file_number == 0 || entry.file_number != table.file_number) return false;
  std::map<std::string, bool> null_before;
  std::set<std::uint32_t> numbers;
  for (int i = 0; i < catalog.columns_size(); ++i) {
    const ColumnOrigin& origin = catalog.origins(i);
    null_before[catalog.columns(i).name()] =
        origin.null_before() && origin.number() > entry.newest_unsent_column;
    numbers.insert(catalog.origins(i).number());
  }
  const auto follows_another = [&](const Column& column) {
    const auto number = table.column_numbers.find(column.name());
    return number != table.column_numbers.end() && numbers.contains(number->second - 1);
  };
  auto columns = table.columns;
  while (columns.size() > 1) {
    const Column& last = columns.Get(columns.size() - 1);
    if (last.primary_key() || !null_before[last.name()] || !follows_another(last)) return false;
    columns.RemoveLast();
    if (ColumnsDigest(columns, table.column_numbers) == entry.columns) return true;
  }
  return false;
}

// Without a log, a live table is live with or without digests.
bool SameMethod(Method a, Method b) { return a == b || (a != Method::kLog && b != Method::kLog); }

// Whether the table's copy goes on though nobody can say whether its content is the same: what
// was copied is compared once the rest is, and what was given out since is known.
bool GoesOn(const TableState& entry, const TableToCopy& table, KeptDigests* digests) {
  return digests != nullptr && entry.phase == Phase::kCopying && entry.method == Method::kCompare &&
         table.method == Method::kCompare && table.comparison == CatalogTable::RANGES &&
         entry.content.empty() && table.content.empty() && entry.columns == table.columns_digest &&
         entry.generation > 0 && !entry.done.Done().empty() &&
         digests->MayResume(table.name, entry.generation, entry.done);
}

// The event that has happened to a table since its entry was written. If the catalog's content has
// the same rows as the one that was read, the entry gets that content.
course::Event EventOf(TableState* entry, const SelectedTable& choice, bool same_selection,
                      const TableToCopy& table, KeptDigests* digests) {
  if (entry == nullptr) return course::Event::kUnchanged;
  const bool compares = digests != nullptr && table.method == Method::kCompare &&
                        entry->method != Method::kLog && entry->phase == Phase::kLive;
  // The destination may have kept rows that were sent after this state.
  const auto unconfirmed = [&] {
    return digests != nullptr && table.method == Method::kCompare &&
           entry->method == Method::kCompare && entry->generation > 0 &&
           digests->HasUnconfirmed(table.name, entry->generation);
  };
  const bool same_content =
      !table.content.empty() && entry->content == table.content && !unconfirmed();
  if (!SameMethod(entry->method, table.method)) return course::Event::kContentChanged;
  const bool is_live = entry->phase == Phase::kLive;
  if (digests != nullptr && digests->Unreadable() && is_live && entry->generation > 0 &&
      (!same_content || entry->columns != table.columns_digest)) {
    return course::Event::kPutAside;
  }
  if (!same_content) {
    // If the columns changed, each row has another digest and is sent again.
    const bool same_key =
        table.comparison == CatalogTable::WHOLE
            ? entry->columns == table.columns_digest
            : HasKey(table.columns) && SameKey(entry->columns, table.columns_digest);
    const bool at_hand = compares && same_key && digests->AtHand(table.name, entry->generation);
    // Another sync that began with the same state may have truncated the table since.
    const bool same_pages = at_hand && !entry->page_digest.empty() &&
                            entry->page_digest == choice.table->page_digest() && !unconfirmed();
    if (!same_pages) {
      return at_hand ? course::Event::kContentToCompare : course::Event::kContentChanged;
    }
    entry->content = table.content;
  }
  if (entry->columns == table.columns_digest) return course::Event::kUnchanged;
  if (same_selection && OnlyAddsColumns(*entry, choice, table)) {
    return course::Event::kColumnsAdded;
  }
  return HasKey(table.columns) && SameKey(entry->columns, table.columns_digest)
             ? course::Event::kColumnsChanged
             : course::Event::kColumnsChangedWithoutKey;
}

// Moves the table along its course, and its entry with it. A state must not claim rows that this
// sync is about to truncate; otherwise, if the selection is changed back, the next sync would rely
// on them. The columns stay: the destination knows them.
course::Transition Advance(TableToCopy& table, TableState* entry, course::Event event) {
  const course::Phase phase = course::PhaseOf(entry);
  const auto transition = course::On(phase, event);
  assert(transition.has_value());
  table.phase = transition->next;
  table.truncates = transition->truncates;
  if (entry != nullptr && transition->copies) entry->page_digest.clear();
  // The destination's rows are of more than one content now.
  if (table.phase == course::Phase::kComparing) entry->content.clear();
  if (entry != nullptr && event == course::Event::kColumnsAdded) {
    // They are sent before any record of the table.
    table.has_added_columns = true;
    entry->columns = table.columns_digest;
  }
  if (entry != nullptr && entry->columns == table.columns_digest) SetColumns(table, *entry);
  if (entry == nullptr || !transition->forgets_progress) return *transition;
  entry->phase = Phase::kCopying;
  entry->ClearCopy();
  if (transition->truncates) entry->content.clear();
  return *transition;
}

// The table as the catalog has it now, and the method for it. `entry`: null if there is none.
TableToCopy Described(const SelectedTable& choice, const TableState* entry,
                      const KeptDigests* digests) {
  const CatalogTable& table = *choice.table;
  TableToCopy copy;
  copy.name = {table.schema(), table.table()};
  copy.access = table.access();
  copy.estimated_bytes = table.estimated_bytes();
  copy.comparison = table.comparison();
  copy.order = table.order();
  const bool comparable =
      digests != nullptr && !digests->Unreadable() && copy.comparison != CatalogTable::NONE;
  copy.method = table.has_log() ? Method::kLog : comparable ? Method::kCompare : Method::kCopy;
  copy.content = table.content();
  copy.file_number = table.file_number();
  if (entry != nullptr) copy.widened = entry->widened;
  copy.columns = SentColumns(choice, copy.widened);
  copy.column_numbers = NumbersOf(table);
  copy.selects_new_columns = choice.selects_new_columns;
  copy.not_selected = choice.not_selected;
  copy.columns_digest = ColumnsDigest(copy.columns, copy.column_numbers, copy.order);
  return copy;
}

// Its digests can be neither read nor removed. A state that says so must come back before the table
// is truncated.
void PutAside(const TableToCopy& table, TableState& entry, Plan& plan) {
  entry.generation = 0;
  entry.content.clear();
  plan.state.complete.clear();
  plan.warnings.push_back(absl::StrCat(
      NameOf(table),
      ": put aside in this sync: it may have changed, and the digests of the rows that were sent "
      "cannot be read or removed; repair the disk of --staging-dir. The other tables go on; the "
      "next sync copies this one again."));
}

// A sync may have ended between a table's last mark and the end of that slice.
void SettleWhole(TableState& entry) {
  if (course::PhaseOf(&entry) != course::Phase::kCatchingUp || entry.method == Method::kLog) {
    return;
  }
  entry.phase = Phase::kLive;
  entry.done = DoneRanges();
}

}  // namespace

void SetColumns(const TableToCopy& table, TableState& entry) {
  entry.columns = table.columns_digest;
  entry.file_number = table.file_number;
  entry.newest_unsent_column = NewestUnsentColumn(table);
}

bool HasColumnsOf(const SelectedTable& choice, const TableState& entry) {
  return entry.columns == ColumnsDigest(SentColumns(choice, entry.widened),
                                        NumbersOf(*choice.table), choice.table->order());
}

bool MayBeUnchanged(const State& state, const std::string& selection_digest) {
  return !state.first_sync() && !state.complete.empty() && state.selection == selection_digest;
}

google::protobuf::RepeatedPtrField<Column> SentColumns(
    const SelectedTable& choice, const std::map<std::string, std::string>& widened) {
  google::protobuf::RepeatedPtrField<Column> columns;
  for (const Column* column : choice.columns) *columns.Add() = *column;
  WidenColumns(widened, columns);
  return columns;
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
  if (state.first_sync()) return absl::OkStatus();
  if (state.source.engine != engine) return AnotherSource("`source` has changed");
  // First, since an empty file hardly shows which database it was.
  if (!catalog.unchanged() && catalog.tables_size() == 0 && !state.tables.empty()) {
    const std::string cure =
        catalog.remarks_size() == 0
            ? "Restore the database: a backup onto a full disk leaves an empty file, and a copy "
              "without its -wal file an old one."
            : absl::StrCat("The catalog says: ", absl::StrJoin(catalog.remarks(), "; "), ".");
    return absl::FailedPreconditionError(absl::StrCat(
        "The source database holds no table now that can be sent, and at the last sync it had ",
        state.tables.size(), ": ", Shown(GoneFrom(catalog, state.tables)),
        ". Nothing was changed in the destination. ", cure,
        " If it was emptied on purpose, re-sync the connection."));
  }
  const bool same = state.source.identity == catalog.identity() || catalog.same_database();
  return same ? absl::OkStatus() : AnotherSource(catalog.identity_change());
}

absl::StatusOr<Plan> MakePlan(const Catalog& catalog, const std::vector<SelectedTable>& selected,
                              const std::string& selection_digest, const std::string& engine,
                              State state, KeptDigests* digests) {
  const absl::Status same = CheckSource(catalog, engine, state);
  if (!same.ok()) return same;
  Plan plan;
  plan.state = std::move(state);
  plan.state.source = {.engine = engine, .identity = catalog.identity()};
  const bool same_selection = plan.state.selection == selection_digest;
  plan.state.selection = selection_digest;
  plan.selected_tables = selected.size();
  auto known = std::exchange(plan.state.tables, {});
  for (auto& [name, entry] : known) SettleWhole(entry);
  if (const std::vector<TableName> gone = GoneFrom(catalog, known); !gone.empty()) {
    plan.warnings.push_back(absl::StrCat(
        "Tables of the last sync are no longer in the source, or can no longer be sent: ",
        Shown(gone),
        ". Their rows stay in the destination. If they are missing by mistake, restore the source; "
        "a table that comes back is copied again."));
  }
  bool needs_earlier_log = false;
  for (const SelectedTable& choice : selected) {
    const auto found = known.find({choice.table->schema(), choice.table->table()});
    TableState* const entry = found == known.end() ? nullptr : &found->second;
    TableToCopy copy = Described(choice, entry, digests);
    copy.takes_back_first = entry != nullptr && GoesOn(*entry, copy, digests);
    copy.is_compared_after = copy.takes_back_first;
    const course::Event event = copy.takes_back_first
                                    ? course::Event::kUnchanged
                                    : EventOf(entry, choice, same_selection, copy, digests);
    const course::Transition transition = Advance(copy, entry, event);
    if (copy.phase == course::Phase::kAside) PutAside(copy, *entry, plan);
    needs_earlier_log = needs_earlier_log || (copy.method == Method::kLog && !copy.truncates);
    if (entry != nullptr) plan.state.tables.insert(known.extract(found));
    if (transition.copies) {
      plan.copies.push_back(std::move(copy));
    } else if (copy.method == Method::kLog) {
      plan.followed.push_back(std::move(copy));
    }
  }
  if (!plan.copies.empty()) plan.state.complete.clear();
  // A table that is copied from nothing needs the log from now on only. If all are, the source need
  // not have kept its log for us, and a slot that is gone is made anew.
  if (!needs_earlier_log) {
    plan.state.log_position = LogPosition();
    plan.state.log_life.clear();
  }
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
