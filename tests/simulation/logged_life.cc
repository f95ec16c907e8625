#include "tests/simulation/logged_life.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/logged_client.h"
#include "tests/simulation/logged_worker.h"

namespace tributary::simulation {

LoggedLife::LoggedLife(std::uint64_t seed, const std::string& staging_dir, Metrics& metrics,
                       Figures& figures, Rule left_out)
    : random_(seed),
      source_(random_),
      surroundings_{random_, source_, {}, {}, staging_dir},
      metrics_(metrics),
      figures_(figures),
      left_out_(left_out) {
  for (std::size_t steps = Below(random_, 60); steps > 0; --steps) source_.Step(true);
}

std::string LoggedLife::Run() {
  for (std::size_t syncs = 1 + Below(random_, 5); syncs > 0 && broken_.empty(); --syncs) {
    SyncOnce();
    for (std::size_t steps = Below(random_, 40); steps > 0; --steps) source_.Step(true);
    if (OneIn(random_, 12)) source_.Crash();
  }
  if (broken_.empty()) QuietSync();
  return broken_;
}

Faults LoggedLife::SomeFaults() {
  Faults faults;
  faults.source_changes = !OneIn(random_, 4);
  faults.server_crashes = OneIn(random_, 4);
  faults.workers_die = OneIn(random_, 2);
  faults.cuts_are_wrong = OneIn(random_, 4);
  faults.supervisor_dies = OneIn(random_, 2);
  faults.supervisor_drains = OneIn(random_, 4);
  faults.disk_fails = OneIn(random_, 4);
  faults.disk_is_slow = OneIn(random_, 3);
  faults.client_is_slow = OneIn(random_, 3);
  faults.staging_is_tight = OneIn(random_, 8);
  if (OneIn(random_, 8)) {
    faults.poison_table = "t0";
    faults.poison_place = static_cast<int>(Below(random_, kBlocks));
  }
  return faults;
}

std::string LoggedLife::SomeState() {
  // A re-sync: earlier states are never used again.
  if (OneIn(random_, 25)) saved_.clear();
  if (saved_.empty()) return OneIn(random_, 2) ? "" : "{}";
  // Fivetran has saved this state and no later one. The destination may or may not have what was
  // received after it.
  const std::size_t one = OneIn(random_, 2) ? saved_.size() - 1 : Below(random_, saved_.size());
  const std::size_t kept = one + Below(random_, saved_.size() - one + 1);
  if (kept < saved_.size()) destination_ = saved_[kept].destination;
  saved_ = {saved_[one]};
  return saved_.front().state;
}

SyncResult LoggedLife::RunSync(const std::string& state, const Faults& faults) {
  LogRules rules{.left_out = left_out_};
  const Cast cast{
      [&](World& world) { return std::make_unique<LoggedWorker>(world, source_, rules); },
      [&](World& world, const State& asked) {
        return std::make_shared<LoggedClient>(world, source_, destination_, choice_, asked);
      }};
  source_.AllowWrites(Below(random_, 600));
  SyncResult result = simulation::RunSync(surroundings_, metrics_, cast, choice_, state, faults);
  ended_early_ = rules.ended_early;
  Break(result.broken);
  figures_.Count(result);
  return result;
}

void LoggedLife::SyncOnce() {
  const SyncResult result = RunSync(SomeState(), SomeFaults());
  if (result.killed && OneIn(random_, 4)) surroundings_.disk.LoseUnsynced(random_);
  const std::size_t sent = result.received.size();
  Receive(result, OneIn(random_, 4) ? Below(random_, sent + 1) : sent);
  if (result.status.ok() && !result.killed && !ended_early_ && !IsComplete(result, Tables()) &&
      !TellsOfTables(result)) {
    Break("a sync ends incomplete and does not say so");
  }
  if (!saved_.empty() && OneIn(random_, 4)) ChangeChoice();
}

void LoggedLife::QuietSync() {
  while (!source_.quiet()) source_.Step(false);
  const SyncResult result = RunSync(SomeState(), Faults());
  Receive(result, result.received.size());
  if (!result.status.ok()) Break(std::string(result.status.message()));
  if (!IsComplete(result, Tables())) Break("a quiet sync is not complete");
  for (const std::string& table : Tables()) {
    Break(destination_.Difference(table, source_.Current(table), choice_));
    if (!destination_.WasTruncated(table)) Break(absl::StrCat(table, " never got TRUNCATE"));
  }
  if (!broken_.empty()) return;
  const SyncResult again = RunSync(saved_.back().state, Faults());
  if (std::any_of(again.received.begin(), again.received.end(), [](const MessagePtr& message) {
        return message->kind == Message::Kind::kRows || message->kind == Message::Kind::kChanges;
      })) {
    Break("what has not changed is sent again");
  }
}

void LoggedLife::Receive(const SyncResult& result, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Message& message = *result.received[i];
    destination_.Apply(message);
    if (message.kind != Message::Kind::kCheckpoint) continue;
    saved_.push_back({message.text, destination_});
    ++figures_.checkpoints;
  }
}

// The next sync goes on from the last state with another selection; older states are not used
// again.
void LoggedLife::ChangeChoice() {
  saved_ = {saved_.back()};
  choice_ = Choice();
  if (OneIn(random_, 3)) choice_.tables.insert(absl::StrCat("t", Below(random_, kMostTables)));
  if (OneIn(random_, 2)) choice_.columns.insert(OneIn(random_, 2) ? "a" : kLargeColumn);
}

std::vector<std::string> LoggedLife::Tables() const {
  std::vector<std::string> tables = source_.tables();
  std::erase_if(tables, [this](const auto& table) { return choice_.tables.contains(table); });
  return tables;
}

void LoggedLife::Break(const std::string& what) {
  if (broken_.empty()) broken_ = what;
}

}  // namespace tributary::simulation
