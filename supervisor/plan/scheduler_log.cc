// The part of Scheduler for tables that have a log.
#include <tuple>
#include <utility>

#include "common/snapshot.h"
#include "supervisor/plan/scheduler.h"

namespace tributary {

bool Scheduler::Join(std::size_t index, std::uint32_t attempt, std::uint64_t whole_from,
                     const Snapshot& start, const std::string& content) {
  Table& table = tables_[index];
  if (table.attempt != attempt) return false;
  if (!content.empty()) table.copy.content = content;
  const bool waited = WaitsForLog(table);
  table.joined = {whole_from, start};
  // Its changes come from here on. All its slices see the transactions of those that come before
  // its TRUNCATE.
  Begin(table, index);
  if (table.phase == course::Phase::kCopying) {
    std::tie(Entry(table).whole_from, Entry(table).start) = *table.joined;
    if (!table.truncate_due) Entry(table).content = table.copy.content;
  }
  if (waited && IsUncut(table)) uncut_.push_back(index);
  return true;
}

bool Scheduler::JoinsOtherContent(std::size_t index, std::uint32_t attempt,
                                  const std::string& content) const {
  const Table& table = tables_[index];
  return table.attempt == attempt && table.phase == course::Phase::kPending &&
         !table.copy.truncates && !content.empty() && !table.copy.content.empty() &&
         content != table.copy.content;
}

void Scheduler::ForgetStarts() {
  for (Table& table : tables_) {
    if (table.joined.has_value()) table.joined->second = BeforeAll();
    const auto entry = state_.find(table.copy.name);
    if (entry == state_.end() || entry->second.whole_from == 0) continue;
    entry->second.start = BeforeAll();
  }
}

std::vector<std::size_t> Scheduler::PassLog(const LogPosition& position) {
  std::vector<std::size_t> live;
  std::erase_if(catching_up_, [&](std::size_t index) {
    TableState& entry = Entry(tables_[index]);
    if (entry.bound > position) return false;
    Advance(index, course::Event::kLogPassed);
    entry.phase = Phase::kLive;
    entry.ClearCopy();
    live.push_back(index);
    return true;
  });
  return live;
}

std::pair<std::uint64_t, Snapshot> Scheduler::log_numbers(std::size_t index) const {
  const Table& table = tables_[index];
  // Slices that were read with these numbers may be in the stream already, or come soon.
  if (table.joined.has_value()) return *table.joined;
  if (table.phase == course::Phase::kLive) return {0, Snapshot()};
  if (table.phase == course::Phase::kPending && table.copy.truncates) return {0, Snapshot()};
  // A copy that replaces rows by key does not remove deleted rows, so no change may be left out.
  const auto entry = state_.find(table.copy.name);
  if (table.phase == course::Phase::kPending || entry == state_.end() ||
      entry->second.start == Snapshot()) {
    return {0, BeforeAll()};
  }
  return {entry->second.whole_from, entry->second.start};
}

std::uint64_t Scheduler::whole_from(std::size_t index) const {
  const Table& table = tables_[index];
  return table.joined.has_value() ? table.joined->first : 0;
}

}  // namespace tributary
