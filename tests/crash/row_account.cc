#include "tests/crash/row_account.h"

#include <algorithm>

namespace tributary::tests {

void RowAccount::Begin() {
  for (const auto& [epoch, counted] : epochs_) earlier_.insert(epoch);
  epochs_.clear();
  replayed_ = 0;
}

void RowAccount::Received(const std::string& first_state,
                          const std::vector<LoggedCheckpoint>& checkpoints,
                          std::optional<std::uint64_t> rows) {
  // The epoch that the client is receiving; null if this account does not know it. Row n of the
  // stream is row (base + n - from) of its epoch.
  Epoch* epoch = nullptr;
  std::string name;
  std::uint64_t from = 0;
  std::uint64_t base = 0;
  bool replays = false;
  const auto count = [&](std::uint64_t until) {
    if (epoch != nullptr) epoch->most = std::max(epoch->most, base + until - from);
  };
  if (const auto place = PlaceOf(first_state); place.has_value()) {
    replays = true;
    name = place->epoch;
    const auto found = epochs_.find(name);
    if (found != epochs_.end()) {
      epoch = &found->second;
      base = epoch->before[place->position];
    }
  }
  std::uint64_t last = 0;
  for (const LoggedCheckpoint& checkpoint : checkpoints) {
    const auto place = PlaceOf(checkpoint.state);
    last = checkpoint.rows;
    if (!place.has_value()) continue;
    if (place->epoch != name) {
      if (replays) replayed_ += checkpoint.rows;
      count(checkpoint.rows);
      replays = false;
      name = place->epoch;
      epoch = &epochs_[name];
      from = checkpoint.rows;
      base = 0;
    }
    count(checkpoint.rows);
    if (epoch != nullptr) epoch->before[place->position] = base + checkpoint.rows - from;
  }
  const std::uint64_t all = rows.value_or(last);
  if (replays) replayed_ += all;
  count(all);
}

void RowAccount::Logged(const std::string& epoch, std::uint64_t rows) {
  if (earlier_.contains(epoch)) return;
  Epoch& counted = epochs_[epoch];
  counted.most = std::max(counted.most, rows);
}

std::uint64_t RowAccount::read() const {
  std::uint64_t rows = 0;
  for (const auto& [name, epoch] : epochs_) rows += epoch.most;
  return rows;
}

}  // namespace tributary::tests
