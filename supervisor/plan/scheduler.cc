#include "supervisor/plan/scheduler.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "common/limits.h"
#include "supervisor/request/columns_digest.h"

namespace tributary {
namespace {

// Bounds go into the state, which has to stay small. The bounds in the question are there already.
bool MayBeBounds(const Slices::Table& cut, const std::vector<BoundRange>& asked) {
  const auto may_be = [&asked](const std::string& bound) {
    return bound.size() <= limits::kMaxBoundBytes ||
           std::any_of(asked.begin(), asked.end(), [&bound](const BoundRange& range) {
             return bound == range.from || bound == range.to;
           });
  };
  return std::all_of(cut.slices().begin(), cut.slices().end(), [&may_be](const Range& slice) {
    return may_be(slice.from()) && may_be(slice.to());
  });
}

// A type that differs from the column's type; a DECIMAL may lose its limits.
bool MayBeWiderType(const fivetran_sdk::v2::Column& column, fivetran_sdk::v2::DataType type) {
  using fivetran_sdk::v2::DataType;
  if (!DataType_IsValid(type) || type == DataType::UNSPECIFIED) return false;
  return column.type() != type || column.has_params();
}

}  // namespace

Scheduler::Scheduler(std::vector<TableToCopy> copies, std::vector<TableToCopy> followed,
                     State& state)
    : state_(state.tables) {
  tables_.reserve(copies.size() + followed.size());
  const auto add = [this](TableToCopy& copy) {
    Table& table = tables_.emplace_back();
    table.phase = copy.phase;
    table.copy = std::move(copy);
    ++in_phase_[static_cast<std::size_t>(table.phase)];
  };
  for (TableToCopy& copy : copies) {
    add(copy);
    const bool compares = tables_.back().phase == course::Phase::kComparing;
    const bool waits = WaitsForLog(tables_.back()) || tables_.back().copy.takes_back_first;
    if (compares) to_compare_.push_back(tables_.size() - 1);
    if (!waits && !compares) uncut_.push_back(tables_.size() - 1);
  }
  for (TableToCopy& copy : followed) {
    add(copy);
    if (tables_.back().phase == course::Phase::kCatchingUp) {
      catching_up_.push_back(tables_.size() - 1);
    }
  }
}

bool Scheduler::IsUncut(const Table& table) {
  return table.phase == course::Phase::kPending ||
         (table.phase == course::Phase::kCopying && !table.cut);
}

course::Transition Scheduler::Advance(std::size_t index, course::Event event) {
  Table& table = tables_[index];
  const auto transition = course::On(table.phase, event);
  assert(transition.has_value());
  Enter(table, transition->next);
  return *transition;
}

void Scheduler::Enter(Table& table, course::Phase phase) {
  --in_phase_[static_cast<std::size_t>(table.phase)];
  table.phase = phase;
  ++in_phase_[static_cast<std::size_t>(table.phase)];
  NoteChange(table);
}

void Scheduler::NoteChange(Table& table) {
  if (std::exchange(table.changed, true)) return;
  changed_.push_back(static_cast<std::size_t>(&table - tables_.data()));
}

std::vector<std::size_t> Scheduler::TakeChanged() {
  for (const std::size_t table : changed_) tables_[table].changed = false;
  return std::exchange(changed_, {});
}

Scheduler::SliceCount Scheduler::slices(std::size_t index) const {
  const Table& table = tables_[index];
  if (!table.cut) return {};
  SliceCount count{.done = 0, .all = table.deaths_of_slice.size()};
  if (table.phase == course::Phase::kCatchingUp || table.phase == course::Phase::kLive) {
    return {.done = count.all, .all = count.all};
  }
  const auto entry = state_.find(table.copy.name);
  if (entry == state_.end() || entry->second.done.slices() < count.all) return count;
  for (std::size_t i = 0; i < count.all; ++i) count.done += entry->second.done.finished(i) ? 1 : 0;
  return count;
}

std::optional<Work> Scheduler::Next() {
  while (!ready_.empty() && Stale(ready_.front())) ready_.pop_front();
  const bool cut_ahead = ready_.size() < limits::kReadySlices && cuts_under_way_ == 0;
  if (!uncut_.empty() && (cut_ahead || ready_.empty())) {
    CutWork cut = NextCut();
    if (!cut.tables.empty()) {
      ++cuts_under_way_;
      return cut;
    }
  }
  while (!ready_.empty()) {
    ReadWork read = std::move(ready_.front());
    ready_.pop_front();
    if (!Stale(read)) return read;
  }
  return std::nullopt;
}

CutWork Scheduler::NextCut() {
  CutWork cut;
  while (!uncut_.empty() && cut.tables.size() < limits::kTablesInCut) {
    const std::size_t index = uncut_.front();
    uncut_.pop_front();
    Table& table = tables_[index];
    if (!IsUncut(table) || WaitsForLog(table)) continue;
    const auto entry = state_.find(table.copy.name);
    std::vector<BoundRange> ranges = table.phase == course::Phase::kCopying && entry != state_.end()
                                         ? entry->second.done.Remaining()
                                         : std::vector{BoundRange{}};
    if (table.as_one_slice) {
      const std::vector<std::uint64_t> bytes(ranges.size(), table.copy.estimated_bytes);
      StartReading(index, ranges, bytes);
    } else {
      cut.tables.push_back({index, table.attempt, std::move(ranges)});
    }
  }
  return cut;
}

void Scheduler::Cut(const CutWork& work, const Slices& slices) {
  --cuts_under_way_;
  for (std::size_t i = 0; i < work.tables.size(); ++i) {
    const CutWork::Table& asked = work.tables[i];
    Table& table = tables_[asked.table];
    if (Stale(asked)) continue;
    std::vector<BoundRange> ranges;
    std::vector<std::uint64_t> bytes;
    if (i < static_cast<std::size_t>(slices.tables_size()) &&
        MayBeBounds(slices.tables(static_cast<int>(i)), asked.ranges)) {
      const auto& answer = slices.tables(static_cast<int>(i));
      for (const Range& slice : answer.slices()) ranges.push_back({slice.from(), slice.to()});
      bytes.assign(answer.estimated_bytes().begin(), answer.estimated_bytes().end());
    }
    // A table that the source did not cut is read in the ranges that were asked for.
    if (ranges.empty()) ranges = asked.ranges;
    assert(!ranges.empty());
    bytes.resize(ranges.size(), table.copy.estimated_bytes / ranges.size());
    StartReading(asked.table, ranges, bytes);
  }
}

void Scheduler::StartReading(std::size_t index, std::vector<BoundRange> slices,
                             std::vector<std::uint64_t> estimated_bytes) {
  Table& table = tables_[index];
  Begin(table, index);
  DoneRanges& done = Entry(table).done;
  if (!done.Start(slices).ok()) {
    // The source's slices do not fit together. This is no reason to start the table again: an
    // earlier state, which may come back, would still claim rows that the TRUNCATE removed.
    slices = done.Remaining();
    estimated_bytes.assign(slices.size(), table.copy.estimated_bytes);
    const absl::Status fits = done.Start(slices);
    assert(fits.ok());
  }
  table.cut = true;
  NoteChange(table);
  table.deaths_of_slice.assign(slices.size(), table.as_one_slice ? table.earlier_deaths : 0);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    ready_.push_back({index, table.attempt, i, slices[i], estimated_bytes[i]});
  }
}

void Scheduler::Begin(Table& table, std::size_t index) {
  if (table.phase != course::Phase::kPending) return;
  Advance(index, course::Event::kBegun);
  const bool known = state_.contains(table.copy.name);
  TableState& entry = Entry(table);
  // Rows that stay in the destination are of this content, so the new rows must be, too. Without a
  // content, the next sync begins from TRUNCATE.
  std::string content = table.copy.truncates                ? std::string()
                        : table.copy.method == Method::kLog ? table.copy.content
                                                            : std::move(entry.content);
  started_.emplace_back(index, entry.generation);
  entry = TableState{};
  entry.method = table.copy.method;
  entry.content = std::move(content);
  SetColumns(table.copy, entry);
  entry.widened = table.copy.widened;
  if (table.joined.has_value()) std::tie(entry.whole_from, entry.start) = *table.joined;
  if (!table.copy.truncates) return;
  // TRUNCATE is a new table's first record, and the log's changes may come before its first slice.
  table.truncate_due = known;
  if (!known) to_truncate_.push_back(index);
}

bool Scheduler::Stale(const ReadWork& read) const {
  const Table& table = tables_[read.table];
  return table.phase != course::Phase::kCopying || !table.cut || table.attempt != read.attempt;
}

bool Scheduler::Stale(const CutWork::Table& cut) const {
  const Table& table = tables_[cut.table];
  return table.attempt != cut.attempt || !IsUncut(table);
}

Scheduler::MarkResult Scheduler::Open(const ReadWork& read, const std::string& content,
                                      const LogPosition& bound) {
  Table& table = tables_[read.table];
  TableState& entry = Entry(table);
  const bool follows = table.copy.method == Method::kLog;
  if (std::exchange(table.truncate_due, false)) {
    to_truncate_.push_back(read.table);
    if (follows) entry.content = table.copy.content;
  }
  std::string& so_far = follows ? entry.storage : entry.content;
  if (!so_far.empty() && so_far != content) return MarkResult::kMoved;
  so_far = content;
  // If no log is followed, the table has nothing to wait for.
  if (follows) entry.bound = std::max(entry.bound, bound);
  return MarkResult::kTaken;
}

Scheduler::MarkResult Scheduler::Mark(const ReadWork& read, const std::string& at) {
  TableState& entry = Entry(tables_[read.table]);
  if (entry.done.finished(read.slice)) {
    // After the last row, and again at the end.
    return at == read.range.to ? MarkResult::kTaken : MarkResult::kBroken;
  }
  Advance(read.table, course::Event::kMarked);
  return entry.done.Advance(read.slice, at).ok() ? MarkResult::kTaken : MarkResult::kBroken;
}

Scheduler::FinishResult Scheduler::Finish(const ReadWork& read, const std::string& page_digest) {
  Table& table = tables_[read.table];
  TableState& entry = Entry(table);
  if (!entry.done.finished(read.slice)) return FinishResult::kBroken;
  if (!entry.done.complete()) return FinishResult::kOpen;
  Advance(read.table, course::Event::kAllSlicesDone);
  entry.page_digest = page_digest;
  catching_up_.push_back(read.table);
  if (table.copy.method != Method::kLog) PassLog({});
  return FinishResult::kWhole;
}

bool Scheduler::GiveBack(const Work& work, bool culprit, bool last) {
  if (const auto* cut = std::get_if<CutWork>(&work)) {
    --cuts_under_way_;
    for (auto asked = cut->tables.rbegin(); asked != cut->tables.rend(); ++asked) {
      Table& table = tables_[asked->table];
      // Cutting is only a help: a table that ends workers is read in one piece.
      if (culprit && ++table.deaths_of_cut >= limits::kDeathsOfSlice) table.as_one_slice = true;
      uncut_.push_front(asked->table);
    }
    return false;
  }
  ReadWork read = std::get<ReadWork>(work);
  if (Stale(read)) return false;
  const DoneRanges& done = Entry(tables_[read.table]).done;
  if (done.finished(read.slice)) {
    Finish(read);
    return false;
  }
  if (culprit && Died(read)) return true;
  read.range = done.Left(read.slice);
  last ? ready_.push_back(std::move(read)) : ready_.push_front(std::move(read));
  return false;
}

bool Scheduler::Died(const ReadWork& read) {
  return ++tables_[read.table].deaths_of_slice[read.slice] >= limits::kDeathsOfSlice;
}

void Scheduler::GoOn(std::size_t index) {
  tables_[index].copy.takes_back_first = false;
  uncut_.push_front(index);
}

void Scheduler::Restart(std::size_t index, course::Event why) {
  Table& table = tables_[index];
  table.copy.takes_back_first = table.copy.is_compared_after = false;
  for (const std::uint8_t deaths : table.deaths_of_slice) {
    table.earlier_deaths = std::max(table.earlier_deaths, deaths);
  }
  const course::Transition transition = Advance(index, why);
  ++table.attempt;
  table.cut = false;
  table.joined.reset();
  table.truncate_due = false;
  table.copy.truncates = transition.truncates;
  if (why == course::Event::kMoved) table.as_one_slice = true;
  if (why == course::Event::kMoved || why == course::Event::kRestarted) ++table.moves;
  std::erase(catching_up_, index);
  if (why != course::Event::kMoved) Forget(index);
  if (!WaitsForLog(table)) uncut_.push_front(index);
}

void Scheduler::Forget(std::size_t index) {
  const auto entry = state_.find(tables_[index].copy.name);
  if (entry == state_.end()) return;
  entry->second.phase = Phase::kCopying;
  entry->second.ClearCopy();
  entry->second.content.clear();
}

std::vector<Widening> Scheduler::Widen(
    std::size_t index, const google::protobuf::RepeatedPtrField<Widening>& columns) {
  using fivetran_sdk::v2::Column;
  Table& table = tables_[index];
  std::vector<Widening> taken;
  for (const Widening& wider : columns) {
    const auto column =
        std::find_if(table.copy.columns.begin(), table.copy.columns.end(),
                     [&wider](const Column& one) { return one.name() == wider.column(); });
    if (column == table.copy.columns.end() || !MayBeWiderType(*column, wider.type())) continue;
    if (!table.widenings.emplace(wider.column(), wider.type()).second) continue;
    table.copy.widened[wider.column()] = DataType_Name(wider.type());
    taken.push_back(wider);
  }
  if (taken.empty()) return taken;
  WidenColumns(table.copy.widened, table.copy.columns);
  table.copy.columns_digest =
      ColumnsDigest(table.copy.columns, table.copy.column_numbers, table.copy.order);
  // A copy that has not begun need not start again; but its log is followed in the old types.
  if (table.phase == course::Phase::kPending && table.copy.method != Method::kLog) return taken;
  // The destination gets the new types now. If this sync ended before TRUNCATE, an entry with the
  // earlier types would let the next sync continue in them.
  if (const auto entry = state_.find(table.copy.name); entry != state_.end()) {
    SetColumns(table.copy, entry->second);
    entry->second.widened = table.copy.widened;
  }
  Restart(index, course::Event::kWidened);
  return taken;
}

const TableToCopy& Scheduler::ChangeColumns(
    std::size_t index, const google::protobuf::RepeatedPtrField<fivetran_sdk::v2::Column>& columns,
    const google::protobuf::RepeatedPtrField<ColumnOrigin>& origins) {
  Table& table = tables_[index];
  table.copy.columns = columns;
  for (int i = 0; i < std::min(columns.size(), origins.size()); ++i) {
    if (origins[i].number() != 0)
      table.copy.column_numbers[columns[i].name()] = origins[i].number();
  }
  WidenColumns(table.copy.widened, table.copy.columns);
  table.copy.columns_digest =
      ColumnsDigest(table.copy.columns, table.copy.column_numbers, table.copy.order);
  // Rows that were copied before have the columns that the entry names; a copy with other columns
  // begins from nothing.
  const auto entry = state_.find(table.copy.name);
  if (entry != state_.end() && table.phase == course::Phase::kLive) {
    entry->second.columns = table.copy.columns_digest;
  }
  return table.copy;
}

void Scheduler::CompareCopied(std::size_t index) {
  Advance(index, course::Event::kContentToCompare);
  to_compare_.push_back(index);
}

void Scheduler::FinishComparison(std::size_t index, const std::string& content,
                                 const std::string& page_digest, std::uint64_t generation) {
  Advance(index, course::Event::kCompared);
  TableState& entry = Entry(tables_[index]);
  entry.content = content;
  entry.page_digest = page_digest;
  entry.columns = tables_[index].copy.columns_digest;
  entry.generation = generation;
}

void Scheduler::SetAside(std::size_t index) {
  Advance(index, course::Event::kPutAside);
  std::erase(catching_up_, index);
}

}  // namespace tributary
