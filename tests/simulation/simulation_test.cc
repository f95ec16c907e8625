// Whichever process is killed at whatever moment, the next sync from a state that the destination
// received ends with a destination equal to the source.
//
// TRIBUTARY_SIMULATION_SEEDS=12345 runs this seed and shows its log; =1-1000000 runs all of these.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/history_client.h"
#include "tests/simulation/history_worker.h"
#include "tests/simulation/lives.h"
#include "tests/simulation/simulated_sync.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary::simulation {
namespace {

constexpr std::uint64_t kSeeds = 6'000;

class Life {
 public:
  Life(std::uint64_t seed, const std::string& staging_dir, Metrics& metrics, Figures& figures)
      : random_(seed),
        source_(random_),
        surroundings_{random_, source_, {}, {}, staging_dir},
        metrics_(metrics),
        figures_(figures),
        calm_(OneIn(random_, 2)) {}

  // Empty, or the promise that was broken.
  std::string Run() {
    for (std::size_t syncs = 1 + Below(random_, 5); syncs > 0 && broken_.empty(); --syncs) {
      SyncOnce(SomeFaults());
      for (std::size_t commits = calm_ ? 0 : Below(random_, 3); commits > 0; --commits) {
        source_.Change();
      }
    }
    if (broken_.empty()) QuietSync();
    return broken_;
  }

 private:
  Faults SomeFaults() {
    Faults faults;
    faults.source_changes = !calm_ && OneIn(random_, 2);
    faults.workers_die = OneIn(random_, 2);
    faults.cuts_are_wrong = OneIn(random_, 3);
    faults.supervisor_dies = OneIn(random_, 2);
    faults.supervisor_drains = OneIn(random_, 3);
    faults.disk_fails = OneIn(random_, 3);
    faults.disk_is_slow = OneIn(random_, 3);
    faults.client_is_slow = OneIn(random_, 3);
    faults.staging_is_tight = OneIn(random_, 8);
    if (OneIn(random_, 6)) {
      faults.poison_table = "t0";
      faults.poison_place = static_cast<int>(Below(random_, kPlaces));
    }
    return faults;
  }

  std::string SomeState() {
    // A re-sync: earlier states are never used again.
    if (OneIn(random_, 25)) states_.clear();
    if (states_.empty()) return OneIn(random_, 2) ? "" : "{}";
    // After a sync from an earlier state, later states are never used again.
    if (OneIn(random_, 3)) states_.resize(1 + Below(random_, states_.size()));
    return states_.back();
  }

  SyncResult RunSync(const std::string& state, const Faults& faults) {
    const Cast cast{
        [this](World& world) { return std::make_unique<HistoryWorker>(world, source_); },
        [this](World& world, const State& asked) {
          return std::make_shared<HistoryClient>(world, source_, destination_, choice_, asked);
        }};
    SyncResult result = simulation::RunSync(surroundings_, metrics_, cast, choice_, state, faults);
    Break(result.broken);
    figures_.Count(result);
    return result;
  }

  void SyncOnce(const Faults& faults) {
    const SyncResult result = RunSync(SomeState(), faults);
    if (result.killed && OneIn(random_, 4)) surroundings_.disk.LoseUnsynced(random_);
    // Fivetran may lose the end of the stream, however the stream ended.
    const std::size_t sent = result.received.size();
    const std::size_t received = OneIn(random_, 4) ? Below(random_, sent + 1) : sent;
    Receive(result, received);
    if (result.status.ok() && !result.killed && !IsComplete(result, names()) &&
        !TellsOfTables(result)) {
      Break("a sync ends incomplete and does not say so");
    }
    // If the user changes the selection after a state of this sync, older states are not used
    // again.
    if (received > 0 && OneIn(random_, 3)) {
      states_ = {states_.back()};
      ChangeChoice();
    }
  }

  void QuietSync() {
    const SyncResult result = RunSync(SomeState(), Faults());
    Receive(result, result.received.size());
    if (!result.status.ok()) Break(std::string(result.status.message()));
    if (!IsComplete(result, names())) Break("a quiet sync is not complete");
    for (const auto& [name, table] : *source_.now()) {
      if (choice_.tables.contains(name)) continue;
      Break(destination_.Difference(name, table, choice_));
      if (!destination_.WasTruncated(name)) Break(absl::StrCat(name, " never got TRUNCATE"));
    }
    if (!broken_.empty()) return;
    const SyncResult again = RunSync(states_.back(), Faults());
    if (std::any_of(again.received.begin(), again.received.end(), [](const MessagePtr& message) {
          return message->kind == Message::Kind::kRows;
        })) {
      Break("what has not changed is copied again");
    }
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, table] : *source_.now()) {
      if (!choice_.tables.contains(name)) names.push_back(name);
    }
    return names;
  }

  void Receive(const SyncResult& result, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const Message& message = *result.received[i];
      destination_.Apply(message);
      if (message.kind != Message::Kind::kCheckpoint) continue;
      states_.push_back(message.text);
      ++figures_.checkpoints;
    }
  }

  void ChangeChoice() {
    choice_ = Choice();
    if (OneIn(random_, 2)) choice_.tables.insert(absl::StrCat("t", Below(random_, kMostTables)));
    if (OneIn(random_, 2)) choice_.columns.insert(OneIn(random_, 2) ? "a" : "b");
  }

  void Break(const std::string& what) {
    if (broken_.empty()) broken_ = what;
  }

  Random random_;
  SourceHistory source_;
  Surroundings surroundings_;
  Metrics& metrics_;
  Figures& figures_;
  // The source does not change, so that staged data can be replayed.
  const bool calm_;
  Destination destination_;
  Choice choice_;
  // All checkpoints that the destination received, oldest first.
  std::vector<std::string> states_;
  std::string broken_;
};

TEST(SimulationTest, DestinationEqualsSourceWhateverIsKilled) {
  Metrics metrics;
  Figures figures;
  const auto [first, last] = SeedsToRun(kSeeds);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    std::string broken;
    {
      const TempFolder folder;
      std::optional<SilentStdout> silence;
      if (first != last) silence.emplace();
      broken = Life(seed, folder.path() + "/staging", metrics, figures).Run();
    }
    ASSERT_EQ(broken, "") << "TRIBUTARY_SIMULATION_SEEDS=" << seed << " shows it";
  }
  RecordProperty("figures", absl::StrCat(last - first + 1, " lives: ", figures.Text()));
  if (last - first + 1 < kSeeds) return;
  // Lives without kills would prove nothing.
  EXPECT_GT(figures.kills, figures.syncs / 10);
  EXPECT_GT(figures.replays, figures.syncs / 100);
  EXPECT_GT(figures.staged_checkpoints, 0u);
}

}  // namespace
}  // namespace tributary::simulation
