#include "supervisor/status/board.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "supervisor/status/running.h"

namespace tributary {

StatusBoard::StatusBoard(Metrics& metrics, std::size_t table_metrics, const Clock& clock)
    : metrics_(metrics), table_metrics_(table_metrics), clock_(clock), started_(clock.WallNow()) {}

StatusBoard::~StatusBoard() = default;

void StatusBoard::Drains() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

bool StatusBoard::draining() const {
  const std::lock_guard lock(mutex_);
  return draining_;
}

Overview StatusBoard::Look() const {
  Overview seen;
  seen.now = clock_.WallNow();
  seen.process_started = started_;
  const std::lock_guard lock(mutex_);
  seen.draining = draining_;
  for (const auto& running : running_) {
    RunningSync& sync = seen.running.emplace_back(running->sync);
    sync.seconds = std::chrono::duration<double>(clock_.Now() - running->started).count();
  }
  for (const Known& known : connections_) seen.connections.push_back(known.status);
  seen.notices.assign(notices_.begin(), notices_.end());
  return seen;
}

TableChanges StatusBoard::TablesOf(std::uint64_t sync, std::uint64_t since) const {
  TableChanges changes;
  changes.version = since;
  const std::lock_guard lock(mutex_);
  const auto running = std::find_if(running_.begin(), running_.end(),
                                    [sync](const auto& one) { return one->sync.number == sync; });
  if (running == running_.end()) return changes;
  changes.found = true;
  const auto& tables = (*running)->tables;
  changes.total = tables.size();
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (tables[i].version > since) changed.push_back(i);
  }
  const auto older = [&tables](std::size_t a, std::size_t b) {
    return tables[a].version < tables[b].version;
  };
  std::sort(changed.begin(), changed.end(), older);
  changes.more = changed.size() > limits::kTablesInAnswer;
  changed.resize(std::min(changed.size(), limits::kTablesInAnswer));
  for (const std::size_t i : changed) {
    changes.tables.push_back({i, tables[i].status});
    changes.version = tables[i].version;
  }
  return changes;
}

void StatusBoard::Remember(const RunningSync& sync, EndedSync ended) {
  const std::lock_guard lock(mutex_);
  auto known = std::find_if(connections_.begin(), connections_.end(), [&sync](const Known& one) {
    return one.status.connection == sync.connection;
  });
  if (known == connections_.end()) {
    if (connections_.size() >= limits::kConnectionsOnBoard) connections_.pop_back();
    connections_.push_front(
        {KnownConnection{.connection = sync.connection, .source = {}, .database = {}, .ended = {}},
         std::make_unique<ConnectionMeter>(metrics_, sync.connection)});
  } else {
    connections_.splice(connections_.begin(), connections_, known);
  }
  Known& one = connections_.front();
  one.status.source = sync.source;
  one.status.database = sync.database;
  one.meter->Ended(ended.outcome, ended.ended);
  one.status.ended.push_front(std::move(ended));
  if (one.status.ended.size() > limits::kEndedSyncsOfConnection) one.status.ended.pop_back();
}

}  // namespace tributary
