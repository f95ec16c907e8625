// Whatever is killed, whenever: the next sync from a state that the destination
// received ends with a destination equal to the source.
//
// TRIBUTARY_SIMULATION_SEEDS=12345 runs that seed and shows its log, =1-1000000 that
// many.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/simulated_sync.h"
#include "tests/staging/staged_stream.h"

namespace tributary::simulation {
namespace {

constexpr std::uint64_t kSeeds = 10'000;

// Of all lives together.
struct Figures {
  std::size_t syncs = 0;
  std::size_t kills = 0;
  std::size_t replays = 0;
  std::size_t messages = 0;
  std::size_t checkpoints = 0;
  std::size_t staged_checkpoints = 0;
};

// The supervisor's log of many lives would bury what the test has to say.
class SilentStdout {
 public:
  SilentStdout() : kept_(::dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nothing, STDOUT_FILENO);
    ::close(nothing);
  }
  SilentStdout(const SilentStdout&) = delete;
  SilentStdout& operator=(const SilentStdout&) = delete;
  ~SilentStdout() {
    ::dup2(kept_, STDOUT_FILENO);
    ::close(kept_);
  }

 private:
  int kept_;
};

class Life {
 public:
  Life(std::uint64_t seed, const std::string& staging_dir, Metrics& metrics, Figures& figures)
      : random_(seed),
        surroundings_{random_, SourceHistory(random_), {}, {}, staging_dir},
        metrics_(metrics),
        figures_(figures),
        calm_(OneIn(random_, 2)) {}

  // Empty, or the promise that was broken.
  std::string Run() {
    for (std::size_t syncs = 1 + Below(random_, 5); syncs > 0 && broken_.empty(); --syncs) {
      SyncOnce(SomeFaults());
      for (std::size_t commits = calm_ ? 0 : Below(random_, 3); commits > 0; --commits) {
        source().Change();
      }
    }
    if (broken_.empty()) QuietSync();
    return broken_;
  }

 private:
  SourceHistory& source() { return surroundings_.source; }

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
    // A re-sync: what was saved before is no more.
    if (OneIn(random_, 25)) states_.clear();
    if (states_.empty()) return OneIn(random_, 2) ? "" : "{}";
    // Once it has gone on from an earlier state, those behind it are no more.
    if (OneIn(random_, 3)) states_.resize(1 + Below(random_, states_.size()));
    return states_.back();
  }

  SyncResult RunSync(const std::string& state, const Faults& faults) {
    SyncResult result =
        simulation::RunSync(surroundings_, metrics_, destination_, choice_, state, faults);
    Break(result.broken);
    ++figures_.syncs;
    figures_.kills += result.killed ? 1 : 0;
    figures_.replays += result.replayed ? 1 : 0;
    figures_.messages += result.received.size();
    figures_.staged_checkpoints += result.staged_checkpoints;
    return result;
  }

  void SyncOnce(const Faults& faults) {
    const SyncResult result = RunSync(SomeState(), faults);
    if (result.killed && OneIn(random_, 4)) surroundings_.disk.LoseUnsynced(random_);
    // Fivetran may lose the end of the stream, whoever ended it.
    const std::size_t sent = result.received.size();
    const std::size_t received = OneIn(random_, 4) ? Below(random_, sent + 1) : sent;
    Receive(result, received);
    if (result.status.ok() && !result.killed && !IsComplete(result) && !TellsOfTables(result)) {
      Break("a sync ends incomplete and does not say so");
    }
    // Where the user changes the selection behind a state of this sync, older ones
    // do not come back.
    if (received > 0 && OneIn(random_, 3)) {
      states_ = {states_.back()};
      ChangeChoice();
    }
  }

  void QuietSync() {
    const SyncResult result = RunSync(SomeState(), Faults());
    Receive(result, result.received.size());
    if (!result.status.ok()) Break(std::string(result.status.message()));
    if (!IsComplete(result)) Break("a quiet sync is not complete");
    for (const auto& [name, table] : *source().now()) {
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

  // Every table is live in the last checkpoint.
  bool IsComplete(const SyncResult& result) const {
    for (auto at = result.received.rbegin(); at != result.received.rend(); ++at) {
      if ((*at)->kind != Message::Kind::kCheckpoint) continue;
      const State state = *ParseState((*at)->text);
      const auto& tables = *surroundings_.source.now();
      return std::all_of(tables.begin(), tables.end(), [&](const auto& table) {
        const auto entry = state.tables.find({"main", table.first});
        return choice_.tables.contains(table.first) ||
               (entry != state.tables.end() && entry->second.phase == Phase::kLive);
      });
    }
    return false;
  }
  static bool TellsOfTables(const SyncResult& result) {
    return std::any_of(result.received.begin(), result.received.end(),
                       [](const MessagePtr& message) {
                         return message->kind == Message::Kind::kTask ||
                                (message->kind == Message::Kind::kWarning &&
                                 absl::StrContains(message->text, "put aside"));
                       });
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
  Surroundings surroundings_;
  Metrics& metrics_;
  Figures& figures_;
  // The source does not change, so that what is staged stays good.
  const bool calm_;
  Destination destination_;
  Choice choice_;
  // Every checkpoint that the destination received, oldest first.
  std::vector<std::string> states_;
  std::string broken_;
};

std::pair<std::uint64_t, std::uint64_t> Seeds() {
  const char* text = std::getenv("TRIBUTARY_SIMULATION_SEEDS");
  if (text == nullptr) return {1, kSeeds};
  char* rest = nullptr;
  const std::uint64_t first = std::strtoull(text, &rest, 10);
  return {first, *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : first};
}

TEST(SimulationTest, DestinationEqualsSourceWhateverIsKilled) {
  Metrics metrics;
  Figures figures;
  const auto [first, last] = Seeds();
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
  std::printf(
      "%zu syncs, %zu of them killed, %zu with a replay; %zu messages, %zu checkpoints, the "
      "staging "
      "of %zu looked at\n%s",
      figures.syncs, figures.kills, figures.replays, figures.messages, figures.checkpoints,
      figures.staged_checkpoints, metrics.Exposition().c_str());
  if (last - first + 1 < kSeeds) return;
  // Lives in which nothing happens prove nothing.
  EXPECT_GT(figures.kills, figures.syncs / 10);
  EXPECT_GT(figures.replays, figures.syncs / 100);
  EXPECT_GT(figures.staged_checkpoints, 0u);
}

}  // namespace
}  // namespace tributary::simulation
