// Tables are copied and the log is followed while other sessions write, and each process that takes
// part is killed at random. Whenever the writers pause and a sync succeeds, the destination equals
// the source.
//
// TRIBUTARY_CHAOS_KILLS sets the number of kills; `make soak` uses thousands. A failure prints its
// seed; TRIBUTARY_CHAOS_SEED repeats the random choices, but not the exact timing.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/sync_scene.h"
#include "tests/postgresql/workload.h"
#include "tests/process/environment.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using std::chrono::milliseconds;
using tests::Eventually;

constexpr std::uint32_t kDefaultKills = 100;
constexpr int kWriters = 4;
constexpr int kKillsBetweenQuietMoments = 10;
constexpr int kSyncsUntilGood = 5;

enum class Victim { kWorker, kLogWorker, kSupervisor, kClient, kSessions, kWalSender, kServer };
constexpr int kVictims = 7;
constexpr const char* kNames[] = {"worker",   "log worker", "supervisor", "client",
                                  "sessions", "walsender",  "server"};

class Chaos : public SyncScene {
 protected:
  // False if there was nothing to kill.
  bool Kill(Victim victim, tests::SyncRun& run) {
    const pid_t log_worker = connector_.WorkerOn("log");
    switch (victim) {
      case Victim::kWorker:
        for (const pid_t worker : connector_.workers()) {
          if (worker != log_worker) return ::kill(worker, SIGKILL) == 0;
        }
        return false;
      case Victim::kLogWorker:
        return log_worker != 0 && ::kill(log_worker, SIGKILL) == 0;
      case Victim::kSupervisor:
        connector_.Signal(SIGKILL);
        connector_.Wait();
        return true;
      case Victim::kClient:
        run.Kill();
        return true;
      case Victim::kSessions:
      case Victim::kWalSender:
        return Server().Ask(absl::StrCat(
                   "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                   "application_name = 'tributary' AND backend_type = '",
                   victim == Victim::kSessions ? "client backend" : "walsender", "'")) != "0";
      case Victim::kServer:
        return Server().Kill().ok() && Server().Start().ok();
    }
    return false;
  }

  // Tables of which the saved state has rows.
  std::size_t SavedTables() {
    std::ifstream file(dir_ / "state.json");
    const auto state = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    std::size_t copied = 0;
    if (!state.is_object() || !state.contains("tables")) return copied;
    for (const auto& table : state["tables"].value("public", nlohmann::json::object())) {
      copied += table.contains("live") || table.contains("done") ? 1 : 0;
    }
    return copied;
  }

  void ExpectAllEqual(const Workload& workload) {
    tests::SyncOutcome outcome;
    // Fivetran also asks for the schema, which has the columns that no row has a value in yet.
    for (int tries = 0; tries < kSyncsUntilGood && !outcome.ok(); ++tries) {
      outcome = Sync({}, /*skip_setup=*/false);
    }
    ASSERT_TRUE(outcome.ok()) << outcome.text << connector_.Output();
    for (const WrittenTable& table : workload.tables()) ExpectEqual(table.name, table.columns);
  }
};

TEST_F(Chaos, WhateverIsKilledTheDestinationEqualsTheSourceWheneverAllIsQuiet) {
  const std::uint32_t kills = tests::FromEnvironment("TRIBUTARY_CHAOS_KILLS", kDefaultKills);
  const std::uint32_t seed =
      tests::FromEnvironment<std::uint32_t>("TRIBUTARY_CHAOS_SEED", std::random_device{}());
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::minstd_rand random(seed);
  Workload workload(database_, seed);
  std::map<std::string, int> killed;
  for (std::uint32_t done = 0; done < kills && !HasFailure();) {
    workload.Start(kWriters);
    for (int i = 0; i < kKillsBetweenQuietMoments && done < kills; ++i) {
      // --save-checkpoint N: the client saves no later checkpoint, so its next sync starts from an
      // earlier state.
      std::vector<std::string> flags;
      if (random() % 4 == 0) flags = {"--save-checkpoint", absl::StrCat(1 + random() % 4)};
      tests::SyncRun run(SyncOptions(std::move(flags)));
      std::this_thread::sleep_for(milliseconds(100 + random() % 1500));
      const auto victim = static_cast<Victim>(random() % kVictims);
      if (Kill(victim, run)) {
        ++done;
        ++killed[kNames[static_cast<int>(victim)]];
      }
      const tests::SyncOutcome outcome = run.Wait();
      EXPECT_EQ(outcome.breach(), "") << outcome.text;
      EXPECT_EQ(outcome.task(), "") << outcome.text;
      if (!connector_.running()) {
        ASSERT_TRUE(connector_.Start().ok());
      }
    }
    workload.Stop();
    ASSERT_NO_FATAL_FAILURE(ExpectAllEqual(workload));
  }
  std::string figures = absl::StrCat(workload.transactions(), " transactions; killed:");
  for (const auto& [name, times] : killed) absl::StrAppend(&figures, " ", name, " ", times, ",");
  figures.pop_back();
  RecordProperty("figures", figures);
  std::cout << figures << std::endl;
}

// Each round is a first sync: of all tables from TRUNCATE, while sessions write to them and alter
// them, until one of tributary's processes is killed.
TEST_F(Chaos, SmallTablesThatAreAlteredDuringTheirFirstCopyAreEqualWheneverAllIsQuiet) {
  const std::uint32_t seed =
      tests::FromEnvironment<std::uint32_t>("TRIBUTARY_CHAOS_SEED", std::random_device{}());
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::minstd_rand random(seed);
  Workload workload(database_, seed, WrittenTables::kSmall);
  for (const Victim victim :
       {Victim::kWorker, Victim::kLogWorker, Victim::kSupervisor, Victim::kClient}) {
    SCOPED_TRACE(kNames[static_cast<int>(victim)]);
    std::filesystem::remove(dir_ / "state.json");
    // After an older state rows are sent again from before a column was added, and the client would
    // take that for a breach.
    const bool older_state = victim == Victim::kSupervisor || victim == Victim::kClient;
    workload.Start(kWriters,
                   older_state ? WrittenTables::kSmallWithoutAdding : WrittenTables::kSmall);
    tests::SyncRun run(SyncOptions());
    const std::size_t copied = 1 + random() % (workload.tables().size() / 2);
    EXPECT_TRUE(Eventually([&] { return SavedTables() >= copied || !run.running(); }));
    EXPECT_TRUE(Eventually([&] { return Kill(victim, run) || !run.running(); }));
    const tests::SyncOutcome outcome = run.Wait();
    EXPECT_EQ(outcome.breach(), "") << outcome.text;
    EXPECT_EQ(outcome.task(), "") << outcome.text;
    if (!connector_.running()) {
      ASSERT_TRUE(connector_.Start().ok());
    }
    GoodSync();
    workload.Stop();
    ASSERT_NO_FATAL_FAILURE(ExpectAllEqual(workload));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tributary::postgresql_test
