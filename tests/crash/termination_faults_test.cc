// SIGTERM: how a supervisor ends.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/fault_scene.h"
#include "tests/process/hanging_disk.h"

namespace tributary::tests {
namespace {

constexpr std::chrono::seconds kUntilRingsAreFull{3};
// An operator does not wait forever; this is more than twice the promised time.
constexpr std::chrono::seconds kBeyondDrain{2 * limits::kDrainGrace + std::chrono::seconds(20)};

class TerminationFaults : public Faults {
 protected:
  // `run` has a client that has stopped reading; it is ended after the supervisor. The next sync
  // goes on.
  void EndBehind(SyncRun& run) {
    ASSERT_TRUE(connector().Signal(SIGTERM));
    const auto ending = connector().Wait(kBeyondDrain);
    ASSERT_TRUE(ending.has_value()) << "the supervisor waits for its client for too long";
    EXPECT_EQ(ending->ToString(), "exited with 0");
    run.Kill();
    run.Wait();
    ASSERT_NO_FATAL_FAILURE(StartConnector());
    ExpectGoodSyncAndEqual();
  }
};

// A fraction of the time that reading the slow table takes.
constexpr std::chrono::milliseconds kUntilWellInside{500};

// A table's entry in the saved state.
nlohmann::json EntryOf(const std::string& table, const std::string& state) {
  const nlohmann::json json = nlohmann::json::parse(std::ifstream(state), nullptr, false);
  return json.is_object() ? json["tables"]["main"].value(table, nlohmann::json()) : json;
}

// No checkpoint is due within the next hour: the last state comes from the checkpoint that the
// termination makes.
TEST_F(TerminationFaults, TerminationInMidTableDrainsToACheckpointFromWhichTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin({"--checkpoint-interval", "3600"}));
  AddSlowTable();
  SyncRun run(scene().Sync({"--discard-tail"}));
  // Wait until no other table is being read.
  ASSERT_TRUE(Eventually([this] {
    const std::vector<pid_t> workers = connector().workers();
    return connector().WorkerOn("main.slow") != 0 &&
           std::none_of(workers.begin(), workers.end(),
                        [](pid_t worker) { return absl::StrContains(TitleOf(worker), "main.t"); });
  }));
  std::this_thread::sleep_for(kUntilWellInside);
  ASSERT_NE(connector().WorkerOn("main.slow"), 0) << "the table is too short for this test";
  ASSERT_TRUE(connector().Signal(SIGTERM));
  const auto ending = connector().Wait();
  ASSERT_TRUE(ending.has_value());
  EXPECT_EQ(ending->ToString(), "exited with 0");
  const SyncOutcome drained = run.Wait();
  EXPECT_EQ(drained.grpc_code(), "UNAVAILABLE") << drained.text;
  EXPECT_EQ(drained.breach(), "");
  // One at the start and one at the termination.
  EXPECT_EQ(drained.Count("checkpoints"), 2u) << drained.text;
  EXPECT_EQ(drained.Count("states_saved"), 2u) << drained.text;
  const nlohmann::json slow = EntryOf("slow", scene().state());
  EXPECT_TRUE(slow.contains("copying")) << slow;
  ASSERT_EQ(slow.value("done", nlohmann::json::array()).size(), 1u) << slow;
  std::uint64_t cursor = 0;
  EXPECT_TRUE(absl::SimpleAtoi(slow["done"][0][1].get<std::string>(), &cursor)) << slow;
  EXPECT_GT(cursor, 1u);
  EXPECT_LE(cursor, kSlowRows);
  const std::set<std::string> live = scene().LiveTables();
  EXPECT_EQ(live.size(), std::size_t{kTables});

  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  // No row is read twice, and none is left out.
  const std::uint64_t sent = drained.TableCount("main.slow", "upserts");
  EXPECT_EQ(connector().RowsRead(), kSlowRows - sent);
  EXPECT_GT(sent, 0u);
  EXPECT_EQ(outcome.Count("truncates"), 0u) << outcome.text;
}

TEST_F(TerminationFaults, TerminationWhileTheSourceIsLockedEndsAtOnceAndTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  {
    Database database(scene().source());
    database.Run("BEGIN EXCLUSIVE");
    SyncRunOptions options = scene().Sync();
    options.skip_setup = true;
    options.warehouse = "";
    SyncRun run(options);
    ASSERT_TRUE(Eventually([this] { return !connector().workers().empty(); }));
    ASSERT_TRUE(connector().Signal(SIGTERM));
    const SyncOutcome outcome = run.Wait();
    EXPECT_EQ(outcome.grpc_code(), "UNAVAILABLE") << outcome.text;
    EXPECT_TRUE(absl::StrContains(outcome.grpc_message(), "shutting down")) << outcome.text;
    EXPECT_EQ(connector().Wait()->ToString(), "exited with 0");
    database.Run("COMMIT");
  }
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  ExpectGoodSyncAndEqual();
}

TEST_F(TerminationFaults, TerminationBehindAClientThatStandsStillEndsAndTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = HeldSync(1);
  ASSERT_NO_FATAL_FAILURE(EndBehind(*run));
  ExpectSoundSupervisor();
}

TEST_F(TerminationFaults, TerminationBehindAClientThatStandsStillEndsAlsoWithoutStaging) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ReplaceStagingByAFile();
  // For the next connector.
  connector().options().staging_dir = scene().dir() / "staging2";
  Enlarge(100'000'000);
  const auto run = HeldSync(0);
  // Until the workers wait for ring space, which is not freed.
  std::this_thread::sleep_for(kUntilRingsAreFull);
  ASSERT_NO_FATAL_FAILURE(EndBehind(*run));
}

TEST_F(TerminationFaults, TerminationWhileTheStagingDiskHangsEndsAndTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = scene().SyncInItsMidst(0);
  const pid_t pid = connector().pid();
  auto disk = HangingDisk::Make(pid, "stager", scene().staging());
  if (absl::IsPermissionDenied(disk.status())) GTEST_SKIP() << disk.status();
  ASSERT_TRUE(disk.ok()) << disk.status();
  ASSERT_TRUE(connector().Signal(SIGTERM));
  const SyncOutcome drained = run->Wait();
  EXPECT_EQ(drained.grpc_code(), "UNAVAILABLE") << drained.text;
  EXPECT_EQ(drained.breach(), "");
  // A traced process can end, but cannot be waited for.
  ASSERT_TRUE(Eventually([pid] { return Gone(pid); }, kBeyondDrain))
      << "the supervisor waits for its disk for too long";
  disk->reset();
  const auto ending = connector().Wait();
  ASSERT_TRUE(ending.has_value());
  EXPECT_EQ(ending->ToString(), "exited with 0");
  EXPECT_EQ(connector().Logged("a sync does not end").size(), 1u);
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  ExpectGoodSyncAndEqual();
}

}  // namespace
}  // namespace tributary::tests
