#include "tests/simulation/logged_client.h"

#include <optional>

#include "absl/strings/str_cat.h"

namespace tributary::simulation {
namespace {

// Keys that transactions after `from` change; nothing: all keys.
std::optional<std::set<std::string>> TouchedAfter(const LoggedSource& source,
                                                  const std::string& table, std::uint64_t from) {
  std::set<std::string> keys;
  const auto& log = source.log();
  for (auto one = log.rbegin(); one != log.rend() && one->end > from; ++one) {
    for (const LoggedChange& change : one->changes) {
      if (change.table != table) continue;
      switch (change.what) {
        case LoggedChange::What::kInsert:
        case LoggedChange::What::kUpdate:
          keys.insert(change.row.at(kKeyColumn));
          keys.insert(change.key);
          break;
        case LoggedChange::What::kDelete:
          keys.insert(change.key);
          break;
        default:
          return std::nullopt;
      }
    }
  }
  return keys;
}

}  // namespace

std::string LoggedClient::BrokenClaim(const State& state) {
  const std::uint64_t from = state.log_position == LogPosition() ? source_.kept_from().value_or(0)
                                                                 : state.log_position.commit;
  const Catalog catalog = source_.Describe();
  for (const auto& [name, entry] : state.tables) {
    // The table is copied again.
    if (choice().tables.contains(name.table)) continue;
    if (entry.content != source_.ContentOf(name.table)) continue;
    if (entry.columns != DigestOf(catalog, name.table, entry)) continue;
    const std::string broken = BrokenClaim(name.table, entry, from);
    if (!broken.empty()) return broken;
  }
  return "";
}

std::string LoggedClient::BrokenClaim(const std::string& table, const TableState& entry,
                                      std::uint64_t from) const {
  const auto touched = TouchedAfter(source_, table, from);
  if (!touched.has_value()) return "";
  const Destination::Rows& here = destination().RowsOf(table);
  std::set<std::string> there;
  for (const auto& [block, row] : source_.RowsSeenBy(table, source_.TakeSnapshot())) {
    const std::string& key = row.at(kKeyColumn);
    there.insert(key);
    if (touched->contains(key) || !Covers(entry, block)) continue;
    const auto one = here.find(key);
    if (one == here.end()) return absl::StrCat(table, " lacks the row ", key);
    for (const auto& [column, value] : Chosen(row, choice())) {
      const auto has = one->second.find(column);
      // A column that was added is null in the rows that already exist.
      if ((has == one->second.end() ? "null" : has->second) != value) {
        return absl::StrCat(table, " has another ", column, " in row ", key);
      }
    }
  }
  for (const auto& [key, row] : here) {
    if (!touched->contains(key) && !there.contains(key)) {
      return absl::StrCat(table, " has the row ", key, ", which the source does not have");
    }
  }
  return "";
}

}  // namespace tributary::simulation
