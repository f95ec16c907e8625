#include "tests/simulation/history_client.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tributary::simulation {
namespace {

bool MustWiden(const Row& row, const std::map<std::string, std::string>& widened) {
  return std::any_of(row.begin(), row.end(), [&widened](const auto& cell) {
    return IsMisfit(cell.second) && !widened.contains(cell.first);
  });
}

}  // namespace

void HistoryClient::Look(const Message& message) {
  if (message.kind == Message::Kind::kTruncate) told_[message.table] = 0;
  if (message.kind == Message::Kind::kWarning) TakeWarning(message);
}

// Handles "main.t0: 3 rows were left out: ...", if it is about altered rows.
void HistoryClient::TakeWarning(const Message& message) {
  const std::vector<std::string> parts = absl::StrSplit(message.text, absl::ByAnyChar(".: "));
  std::uint64_t rows = 0;
  if (parts.size() < 4 || !absl::SimpleAtoi(parts[3], &rows)) return;
  const auto table = told_.find(parts[1]);
  if (table != told_.end()) table->second += rows;
}

// If a cursor covers altered rows, their Warning must precede it, because they are not read again.
void HistoryClient::CheckRemarks(const State& state) {
  for (const auto& [table, told] : told_) {
    const auto entry = state.tables.find({"main", table});
    if (entry == state.tables.end() || entry->second.content.empty()) continue;
    const Table& content = source_.At(entry->second.content).at(table);
    std::uint64_t covered = 0;
    for (const auto& [place, row] : content.rows) {
      if (IsRemarked(place) && Covers(entry->second, place)) ++covered;
    }
    if (covered > told) {
      world().Break(absl::StrCat(table, " has ", covered, " altered rows, and Warnings of ", told));
    }
  }
}

// What `state` claims is here, and there is nothing else that a sync from this state would leave in
// the destination.
std::string HistoryClient::BrokenClaim(const State& state) {
  CheckRemarks(state);
  for (const auto& [name, entry] : state.tables) {
    // A sync does not resume a table if the source now has another version.
    if (entry.content != source_.version() || choice().tables.contains(name.table)) continue;
    const std::string broken = BrokenClaim(name.table, entry);
    if (!broken.empty()) return broken;
  }
  return "";
}

std::string HistoryClient::BrokenClaim(const std::string& table, const TableState& entry) const {
  // Without a version the table is copied again, whatever is here.
  if (entry.content.empty()) return "";
  const Table& then = source_.At(entry.content).at(table);
  // With other columns it is copied again: from TRUNCATE, except if all rows are here and have a
  // key.
  const bool replaced = then.keyed && entry.phase == Phase::kLive;
  if (!replaced && entry.columns != DigestOf(source_.Describe(), table, entry)) return "";
  Table claimed{then.keyed, then.columns, {}};
  Destination::Rows allowed;
  // The remaining rows will not fit their types, so the table will be copied again, whatever
  // TRUNCATE a lost sync has sent.
  bool starts_again = false;
  for (const auto& [place, row] : then.rows) {
    allowed[IdentityOf(Chosen(row, choice()), then.keyed)] = row;
    const bool done = Covers(entry, place);
    if (done) claimed.rows[place] = row;
    starts_again = starts_again || (!done && MustWiden(Chosen(row, choice()), entry.widened));
  }
  if (starts_again) return "";
  const Destination::Rows& here = destination().RowsOf(table);
  for (const auto& [place, row] : claimed.rows) {
    const auto one = here.find(IdentityOf(Chosen(row, choice()), then.keyed));
    if (one == here.end()) return absl::StrCat(table, " lacks the row at ", place);
    // A column that is selected now may not have been sent yet for this state's entry.
    for (const auto& [column, value] : Chosen(row, choice())) {
      const auto has = one->second.find(column);
      if (has != one->second.end() && has->second != value) {
        return absl::StrCat(table, " has another row at ", place);
      }
    }
  }
  for (const auto& [identity, row] : here) {
    if (!allowed.contains(identity)) {
      return absl::StrCat(table, " has a row that ", entry.content, " does not have: ", identity);
    }
  }
  return "";
}

}  // namespace tributary::simulation
