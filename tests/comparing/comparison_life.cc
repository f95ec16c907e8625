#include "tests/comparing/comparison_life.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/process/environment.h"
#include "tests/process/processes.h"

namespace tributary::tests {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Tries until the connector notices that the client of the sync before is gone.
constexpr int kMostTries = 400;
// A table whose key has changed is put aside in one sync and copied in the next one.
constexpr int kMostSyncsUntilEqual = 4;

}  // namespace

void ComparisonLife::Live(std::uint64_t rounds) {
  const std::uint64_t seed =
      FromEnvironment<std::uint64_t>("TRIBUTARY_COMPARING_SEED", std::random_device()());
  const std::uint64_t wanted = FromEnvironment("TRIBUTARY_COMPARING_ROUNDS", rounds);
  std::cout << "TRIBUTARY_COMPARING_SEED=" << seed << std::endl;
  Dice making(seed, 0, 0);
  for (const RandomTable& table : source_.tables()) {
    source_.Run(TableChanges(table, source_.dialect()).Create(making));
  }
  for (std::uint64_t round = 1; round <= wanted && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round, " of TRIBUTARY_COMPARING_SEED=", seed));
    Dice dice(seed, round, 0);
    Round(dice);
  }
  std::string figures = absl::StrCat(wanted, " rounds, each of which ended equal");
  for (const auto& [name, times] : figures_) absl::StrAppend(&figures, "; ", name, " ", times);
  std::cout << figures << std::endl;
  if (testing::Test::HasFailure()) {
    std::cout << connector_.Output() << std::endl;
    return;
  }
  testing::Test::RecordProperty("figures", figures);
}

void ComparisonLife::Round(Dice& dice) {
  if (dice.OneIn(3)) older_states_.Keep();
  Change(dice);
  const auto before = dice.OneIn(2) ? static_cast<Before>(dice.Below(kBefores)) : Before::kNothing;
  const auto during = dice.OneIn(2) ? static_cast<During>(dice.Below(kDurings)) : During::kNothing;
  if (before == Before::kNothing && during == During::kNothing && fs::exists(state())) {
    ++figures_["undisturbed"];
    SyncOfWhatHasChanged();
    return;
  }
  Prepare(before, dice);
  if (during != During::kNothing) {
    for (std::uint64_t syncs = 1 + dice.Below(2); syncs > 0; --syncs) {
      Disturb(during, dice);
      if (dice.OneIn(2)) Undo();
      if (dice.OneIn(4)) Change(dice);
    }
  }
  GoodSync();
  ExpectEqual();
  ExpectNothingSent();
  const std::set kOnDisk = {Before::kDigestsLost, Before::kDigestsDamaged, Before::kStagingLost,
                            Before::kAnotherDisk};
  if (!kOnDisk.contains(before)) return;
  // A sync does not read a source that has not changed. After this change, the tables are read and
  // copied again.
  Change(dice);
  GoodSync();
  ExpectEqual();
  touched_.clear();
  undo_.clear();
}

// --- changes -----------------------------------------------------------------

void ComparisonLife::Change(Dice& dice, bool while_syncing) {
  std::vector<std::string> statements;
  for (const RandomTable& table : source_.tables()) {
    // During a sync, such a table must not change, because Schema has already returned its key.
    if (dice.OneIn(3) || (while_syncing && table.key_may_change)) continue;
    touched_.insert(table.name);
    TableChanges(table, source_.dialect()).Add(dice, while_syncing, statements, undo_);
  }
  source_.Run(statements);
}

void ComparisonLife::Undo() {
  std::reverse(undo_.begin(), undo_.end());
  source_.Run(undo_);
  undo_.clear();
}

bool ComparisonLife::FoundDamage(const SyncOutcome& outcome) const {
  return damaged_ && outcome.grpc_code() == "UNAVAILABLE" &&
         absl::StrContains(outcome.grpc_message(), "digests: ") &&
         absl::StrContains(outcome.grpc_message(), "they are removed");
}

// --- syncs -------------------------------------------------------------------

SyncRunOptions ComparisonLife::Options(std::vector<std::string> flags) const {
  return {.address = connector_.address(),
          .config = dir_ / "config.json",
          .state = state(),
          .warehouse = warehouse(),
          // A table's columns may have changed.
          .skip_setup = false,
          .flags = std::move(flags)};
}

SyncOutcome ComparisonLife::Sync(std::vector<std::string> flags) {
  SyncOutcome outcome;
  for (int tries = 0; tries < kMostTries; ++tries) {
    outcome = RunSync(Options(flags));
    if (FoundDamage(outcome)) {
      ++figures_["digests made anew"];
      damaged_ = false;
      made_anew_ = true;
      continue;
    }
    if (outcome.grpc_code() != "ABORTED") break;
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  return outcome;
}

SyncOutcome ComparisonLife::GoodSync() {
  for (int syncs = 1;; ++syncs) {
    const auto began = std::chrono::steady_clock::now();
    SyncOutcome outcome = Sync();
    sync_length_ = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - began);
    bool again = false;
    for (const std::string& warning : outcome.warnings()) {
      if (!absl::StrContains(warning, "put aside")) continue;
      again = std::any_of(source_.tables().begin(), source_.tables().end(),
                          [&](const RandomTable& table) {
                            return table.key_may_change &&
                                   absl::StrContains(warning, absl::StrCat(".", table.name, ":"));
                          });
      EXPECT_TRUE(again && syncs < kMostSyncsUntilEqual) << warning;
    }
    if (!again || testing::Test::HasFailure()) return outcome;
  }
}

void ComparisonLife::ExpectEqual() {
  const absl::Status equal = source_.Compare(warehouse());
  EXPECT_TRUE(equal.ok()) << equal;
}

void ComparisonLife::SyncOfWhatHasChanged() {
  const WarehouseTables before = ReadWarehouse(warehouse());
  made_anew_ = false;
  const SyncOutcome outcome = GoodSync();
  ExpectEqual();
  if (!made_anew_) ExpectSent(outcome, before);
  touched_.clear();
  undo_.clear();
}

void ComparisonLife::ExpectSent(const SyncOutcome& outcome, const WarehouseTables& before) {
  const WarehouseTables after = ReadWarehouse(warehouse());
  for (const RandomTable& table : source_.tables()) {
    const std::string name = absl::StrCat(source_.schema(), ".", table.name);
    SCOPED_TRACE(name);
    const auto was = before.find(name);
    const auto is = after.find(name);
    ASSERT_TRUE(is != after.end());
    const Difference changed =
        was == before.end() ? Difference() : DifferenceOf(was->second, is->second);
    const bool copied_again = outcome.TableCount(name, "truncates") > 0;
    if (copied_again) {
      // The new copy must have a reason: the table has no key, its columns have changed, or a
      // destination may treat two spellings of a number as the same key.
      const bool may_be = was == before.end() || was->second.shape != is->second.shape ||
                          is->second.keys == 0 || changed.respelled || table.key_may_change;
      EXPECT_TRUE(may_be && touched_.contains(table.name)) << "the table was copied again\n"
                                                           << outcome.text;
      continue;
    }
    if (was == before.end() || was->second.shape != is->second.shape) continue;
    EXPECT_EQ(outcome.TableCount(name, "upserts"), changed.upserts) << outcome.text;
    EXPECT_EQ(outcome.TableCount(name, "deletes"), changed.deletes) << outcome.text;
  }
}

void ComparisonLife::ExpectNothingSent() {
  made_anew_ = false;
  SyncOutcome outcome = GoodSync();
  if (made_anew_) outcome = GoodSync();
  for (const char* const what : {"upserts", "updates", "deletes", "truncates"}) {
    EXPECT_EQ(outcome.Count(what), 0U) << what << "\n" << outcome.text;
  }
  touched_.clear();
  undo_.clear();
}

}  // namespace tributary::tests
