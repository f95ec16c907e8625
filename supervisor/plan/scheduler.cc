#include "supervisor/plan/scheduler.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "common/limits.h"
#include "supervisor/request/digest.h"

namespace tributary {
namespace {

// Bounds go into the state, which has to stay small. Those that were asked about are
// there already.
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

}  // namespace

Scheduler::Scheduler(std::vector<TableToCopy> copies, State& state)
    : state_(state.tables), open_tables_(copies.size()) {
  tables_.reserve(copies.size());
  for (TableToCopy& copy : copies) {
    uncut_.push_back(tables_.size());
    Table& table = tables_.emplace_back();
    table.begun = copy.resumes;
    if (table.begun) ++copying_tables_;
    table.copy = std::move(copy);
  }
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
    if (table.stage != Stage::kUncut) continue;
    const auto entry = state_.find(table.copy.name);
    std::vector<BoundRange> ranges = table.begun && entry != state_.end()
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
    if (table.attempt != asked.attempt || table.stage != Stage::kUncut) continue;
    std::vector<BoundRange> ranges;
    std::vector<std::uint64_t> bytes;
    if (i < static_cast<std::size_t>(slices.tables_size()) &&
        MayBeBounds(slices.tables(static_cast<int>(i)), asked.ranges)) {
      const auto& answer = slices.tables(static_cast<int>(i));
      for (const Range& slice : answer.slices()) ranges.push_back({slice.from(), slice.to()});
      bytes.assign(answer.estimated_bytes().begin(), answer.estimated_bytes().end());
    }
    // A table that the source did not cut is read as it was asked for.
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
    // The source cut the table in a way that does not fit together. It is not
    // started again for that: an earlier state, which may come back, would still
    // claim what its TRUNCATE took away.
    slices = done.Remaining();
    estimated_bytes.assign(slices.size(), table.copy.estimated_bytes);
    const absl::Status fits = done.Start(slices);
    assert(fits.ok());
  }
  table.stage = Stage::kReading;
  table.deaths_of_slice.assign(slices.size(), table.as_one_slice ? table.earlier_deaths : 0);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    ready_.push_back({index, table.attempt, i, slices[i], estimated_bytes[i]});
  }
}

void Scheduler::Begin(Table& table, std::size_t index) {
  if (table.begun) return;
  table.begun = true;
  ++copying_tables_;
  TableState& entry = Entry(table);
  // Rows that stay in the destination are of this content, and so must the new be.
  std::string content = table.copy.truncates ? std::string() : std::move(entry.content);
  entry = TableState{};
  entry.content = std::move(content);
  entry.columns = table.copy.columns_digest;
  entry.widened = table.copy.widened;
  if (table.copy.truncates) begun_.push_back(index);
}

bool Scheduler::Stale(const ReadWork& read) const {
  const Table& table = tables_[read.table];
  return table.stage != Stage::kReading || table.attempt != read.attempt;
}

Scheduler::MarkResult Scheduler::Open(const ReadWork& read, const std::string& version) {
  TableState& entry = Entry(tables_[read.table]);
  if (!entry.content.empty() && entry.content != version) return MarkResult::kMoved;
  entry.content = version;
  return MarkResult::kTaken;
}

Scheduler::MarkResult Scheduler::Mark(const ReadWork& read, const std::string& at) {
  TableState& entry = Entry(tables_[read.table]);
  if (entry.done.finished(read.slice)) {
    // Behind the last row, and again at the end.
    return at == read.range.to ? MarkResult::kTaken : MarkResult::kBroken;
  }
  return entry.done.Advance(read.slice, at).ok() ? MarkResult::kTaken : MarkResult::kBroken;
}

Scheduler::FinishResult Scheduler::Finish(const ReadWork& read) {
  Table& table = tables_[read.table];
  TableState& entry = Entry(table);
  if (!entry.done.finished(read.slice)) return FinishResult::kBroken;
  if (!entry.done.complete()) return FinishResult::kOpen;
  entry.phase = Phase::kLive;
  entry.done = DoneRanges();
  ++live_tables_;
  Close(table, Stage::kLive);
  return FinishResult::kLive;
}

bool Scheduler::GiveBack(const Work& work, bool culprit) {
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
  Table& table = tables_[read.table];
  if (culprit && ++table.deaths_of_slice[read.slice] >= limits::kDeathsOfSlice) return true;
  read.range = done.Left(read.slice);
  ready_.push_front(std::move(read));
  return false;
}

void Scheduler::Restart(std::size_t index, bool as_one_slice) {
  Table& table = tables_[index];
  for (const std::uint8_t deaths : table.deaths_of_slice) {
    table.earlier_deaths = std::max(table.earlier_deaths, deaths);
  }
  ++table.attempt;
  if (table.begun) --copying_tables_;
  table.begun = false;
  table.copy.truncates = true;
  table.stage = Stage::kUncut;
  table.as_one_slice = table.as_one_slice || as_one_slice;
  uncut_.push_front(index);
}

bool Scheduler::Widen(std::size_t index, const std::vector<std::string>& columns) {
  Table& table = tables_[index];
  const auto before = table.copy.widened.size();
  for (const std::string& name : columns) {
    const bool there = std::any_of(
        table.copy.columns.begin(), table.copy.columns.end(),
        [&name](const fivetran_sdk::v2::Column& column) { return column.name() == name; });
    if (there) table.copy.widened.emplace(name, "STRING");
  }
  if (table.copy.widened.size() == before) return false;
  WidenColumns(table.copy.widened, table.copy.columns);
  table.copy.columns_digest = ColumnsDigest(table.copy.columns);
  Restart(index, /*as_one_slice=*/false);
  return true;
}

void Scheduler::SetAside(std::size_t index) { Close(tables_[index], Stage::kAside); }

void Scheduler::Close(Table& table, Stage stage) {
  table.stage = stage;
  --open_tables_;
  if (table.begun) --copying_tables_;
}

}  // namespace tributary
