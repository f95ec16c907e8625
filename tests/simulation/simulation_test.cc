// Whatever is killed, whenever: the next sync from a state that the destination
// received ends with a destination equal to the source.
//
// TRIBUTARY_SIMULATION_SEEDS=12345 runs that seed, =1-1000000 that many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/simulated_sync.h"

namespace tributary::simulation {
namespace {

constexpr std::uint64_t kSeeds = 10'000;

class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed), source_(random_) {}

  // Empty, or the promise that was broken.
  std::string Run() {
    for (std::size_t syncs = 1 + Below(random_, 5); syncs > 0 && broken_.empty(); --syncs) {
      Sync(SomeFaults());
      for (std::size_t commits = Below(random_, 3); commits > 0; --commits) source_.Change();
    }
    if (broken_.empty()) QuietSync();
    return broken_;
  }

 private:
  Faults SomeFaults() {
    Faults faults;
    faults.source_changes = OneIn(random_, 2);
    faults.workers_die = OneIn(random_, 2);
    faults.cuts_are_wrong = OneIn(random_, 3);
    faults.supervisor_dies = OneIn(random_, 2);
    faults.disk_fails = OneIn(random_, 3);
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

  void Sync(const Faults& faults) {
    SimulatedSync sync(random_, source_, staging_, choice_, SomeState(), faults);
    bool killed = false;
    while (sync.Step()) {
      if (!faults.supervisor_dies || !OneIn(random_, 60)) continue;
      killed = true;
      break;
    }
    Break(sync.broken());
    if (killed && OneIn(random_, 4)) LosePower();
    // Fivetran may lose the end of the stream, whoever ended it.
    const std::size_t sent = sync.sent().size();
    const std::size_t received = killed || OneIn(random_, 4) ? Below(random_, sent + 1) : sent;
    Receive(sync, received);
    if (!killed && !sync.complete() && !sync.told_why_incomplete()) {
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
    SimulatedSync sync(random_, source_, staging_, choice_, SomeState(), Faults());
    while (sync.Step()) {
    }
    Break(sync.broken());
    Receive(sync, sync.sent().size());
    if (!sync.complete()) Break("a quiet sync is not complete");
    for (const auto& [name, table] : *source_.now()) {
      if (choice_.tables.contains(name)) continue;
      Break(destination_.Difference(name, table, choice_));
      if (!destination_.WasTruncated(name)) Break(absl::StrCat(name, " never got TRUNCATE"));
    }
    SimulatedSync again(random_, source_, staging_, choice_, states_.back(), Faults());
    if (again.copies() != 0) Break("what has not changed is copied again");
  }

  void Receive(const SimulatedSync& sync, std::size_t count) {
    // A table that the sync's state did not know starts with TRUNCATE.
    std::set<std::string> begun;
    for (const auto& [name, entry] : sync.begun_from().tables) begun.insert(name.table);
    for (std::size_t i = 0; i < count; ++i) {
      const Message& message = *sync.sent()[i];
      if (message.kind == Message::Kind::kTruncate) begun.insert(message.table);
      if (message.kind == Message::Kind::kRows && !begun.contains(message.table)) {
        Break(absl::StrCat(message.table, " starts without TRUNCATE"));
      }
      destination_.Apply(message);
      if (message.kind != Message::Kind::kCheckpoint) continue;
      states_.push_back(message.text);
      const auto state = ParseState(message.text);
      State usable = *state;
      // Nothing goes on from another version than the source has.
      std::erase_if(usable.tables, [this](const auto& entry) {
        return entry.second.version != source_.version() ||
               choice_.tables.contains(entry.first.table);
      });
      Break(destination_.BrokenClaim(usable, source_, choice_));
    }
  }

  // What was not synced to the disk is lost.
  void LosePower() {
    if (staging_.items.empty()) return;
    staging_.items.resize(Below(random_, staging_.items.size() + 1));
  }

  void ChangeChoice() {
    choice_ = Choice();
    if (OneIn(random_, 2)) choice_.tables.insert(absl::StrCat("t", Below(random_, 4)));
    if (OneIn(random_, 2)) choice_.columns.insert(OneIn(random_, 2) ? "a" : "b");
  }

  void Break(const std::string& what) {
    if (broken_.empty()) broken_ = what;
  }

  Random random_;
  SourceHistory source_;
  Destination destination_;
  Staging staging_;
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
  const auto [first, last] = Seeds();
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    ASSERT_EQ(Life(seed).Run(), "") << "TRIBUTARY_SIMULATION_SEEDS=" << seed << " shows it";
  }
}

}  // namespace
}  // namespace tributary::simulation
