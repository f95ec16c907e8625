// Clients that go away, stop reading, or ask for too much.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"
#include "tests/process/hanging_disk.h"

namespace tributary::tests {
namespace {

using Clock = std::chrono::steady_clock;

class ClientFaults : public Faults {
 protected:
  // Reading the last table takes some seconds, so that the copy is still running when the client
  // leaves.
  void BeginAtLength(std::vector<std::string> flags = {}) {
    ASSERT_NO_FATAL_FAILURE(Begin(std::move(flags)));
    AddSlowTable();
  }
};

// The destination has the tables that the saved state calls live; the next sync does not copy them
// again.
void ExpectResumed(const SyncOutcome& outcome, const std::set<std::string>& live) {
  EXPECT_FALSE(live.empty());
  for (const std::string& table : live) {
    EXPECT_EQ(outcome.TableCount(absl::StrCat("main.", table), "truncates"), 0u) << table;
  }
}

TEST_F(ClientFaults, ClientThatIsKilledEndsTheWorkersInTimeAndTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(BeginAtLength());
  ExpectWorkersStopWithin(kWorkersOutliveClientBy, [this] {
    // Each attempt starts with the whole source to read.
    std::filesystem::remove(scene().state());
    const auto run = scene().SyncInItsMidst(1);
    EXPECT_FALSE(connector().workers().empty());
    const auto left = Clock::now();
    run->Kill();
    return left;
  });
  const std::set<std::string> live = scene().LiveTables();
  ExpectResumed(ExpectGoodSyncAndEqual(), live);
  ExpectSoundSupervisor();
}

TEST_F(ClientFaults, ClientThatCancelsEndsTheWorkersInTimeAndTheNextSyncGoesOn) {
  // The interval is so short that the second checkpoint comes long before the source is read.
  ASSERT_NO_FATAL_FAILURE(BeginAtLength({"--checkpoint-interval", "0.01"}));
  ExpectWorkersStopWithin(kWorkersOutliveClientBy, [this] {
    std::filesystem::remove(scene().state());
    const SyncOutcome cancelled =
        scene().RunSync({"--stop-after-checkpoints", "2", "--discard-tail"});
    EXPECT_EQ(cancelled.Count("checkpoints"), 2u) << cancelled.text;
    EXPECT_EQ(cancelled.grpc_code(), "CANCELLED") << cancelled.text;
    return Clock::now();
  });
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(ClientFaults, CallPastItsDeadlineEndsTheWorkersInTimeAndTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(BeginAtLength());
  ExpectWorkersStopWithin(kWorkersOutliveClientBy, [this] {
    const SyncOutcome late =
        scene().RunSync({"--deadline-s", "1", "--read-delay-ms", "5", "--discard-tail"});
    EXPECT_EQ(late.grpc_code(), "DEADLINE_EXCEEDED") << late.text;
    EXPECT_EQ(late.breach(), "");
    return Clock::now();
  });
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

// Half-open: the connection exists, but the client does nothing.
TEST_F(ClientFaults, ClientThatReadsNothingForAMinuteLetsTheSourceBeReadToItsEndInFlatMemory) {
  constexpr std::uint64_t kSourceBytes = 400'000'000;
  constexpr std::chrono::seconds kMinute(60);
  ASSERT_NO_FATAL_FAILURE(Begin());
  Enlarge(kSourceBytes);
  const auto resident = [this] { return MemoryOf(connector().pid()).resident(); };
  const std::uint64_t before = resident();
  const auto run = HeldSync(0);
  std::uint64_t most = 0;
  EXPECT_TRUE(Eventually([&] {
    most = std::max(most, resident());
    return !connector().Logged("reading ends").empty();
  })) << "the source is not read while its client has stopped";
  EXPECT_EQ(connector().RowsRead(), std::uint64_t{kTables} * kRows);
  ExpectNoWorkers();

  const std::uint64_t at_start = resident();
  std::uint64_t in_minute = at_start;
  for (const auto end = Clock::now() + kMinute; Clock::now() < end;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    in_minute = std::max(in_minute, resident());
  }
  RecordProperty("figures",
                 absl::StrCat("a source of ", kSourceBytes >> 20, " MiB; the supervisor has ",
                              before >> 20, " MiB, while it reads at most ", most >> 20,
                              ", in the minute after that ", in_minute >> 20));
  EXPECT_LT(most, kMostSupervisorBytes);
  EXPECT_LT(in_minute, at_start + kMostGrowthBytes);
  EXPECT_TRUE(run->running()) << "the call is cut";
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectEqual();
  EXPECT_LT(resident(), kMostSupervisorBytes);
  ExpectSoundSupervisor();
}

TEST_F(ClientFaults, ClientThatStandsStillHoldsUpNoOtherSyncAndCanBeGivenUp) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = HeldSync();
  {
    Database database(scene().dir() / "other.db");
    AddPlainTables(database, 2, 1000, 100);
  }
  WriteSqliteConfig(scene().dir() / "other.json", scene().dir() / "other.db");
  const SyncOutcome other = RunSync({.address = connector().address(),
                                     .config = scene().dir() / "other.json",
                                     .state = scene().dir() / "other_state.json",
                                     .warehouse = scene().dir() / "other_warehouse.db",
                                     .skip_setup = false});
  EXPECT_TRUE(other.ok()) << other.text;
  run->Kill();
  run->Wait();
  EXPECT_TRUE(Eventually([this] { return scene().RunSync().ok(); }));
  ExpectEqual();
  ExpectSoundSupervisor();
}

TEST_F(ClientFaults, SecondUpdateOfOneConnectionIsAbortedAndTheFirstGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = HeldSync();
  SyncRunOptions second = scene().Sync();
  second.state = scene().dir() / "second_state.json";
  second.warehouse = scene().dir() / "second_warehouse.db";
  const SyncOutcome refused = tests::RunSync(second);
  EXPECT_EQ(refused.grpc_code(), "ABORTED") << refused.text;
  EXPECT_EQ(refused.Count("checkpoints"), 0u);
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectEqual();
  ExpectSoundSupervisor();
}

// The connector is still ending the sync that this client has left.
TEST_F(ClientFaults, ClientThatComesBackAtOnceIsServed) {
  ASSERT_NO_FATAL_FAILURE(Begin({"--checkpoint-interval", "0.01", "--max-syncs", "1"}));
  for (int times = 0; times < 20; ++times) {
    std::filesystem::remove(scene().state());
    const SyncOutcome cancelled =
        scene().RunSync({"--stop-after-checkpoints", "2", "--discard-tail"});
    EXPECT_EQ(cancelled.grpc_code(), "CANCELLED") << cancelled.text;
    SyncRunOptions at_once = scene().Sync();
    at_once.skip_setup = true;
    const SyncOutcome outcome = tests::RunSync(at_once);
    EXPECT_TRUE(outcome.ok()) << outcome.text;
  }
  ExpectEqual();
  ExpectSoundSupervisor();
}

// The sync that this client has left cannot end while it is staging.
TEST_F(ClientFaults, ClientThatComesBackWhileTheDiskHangsIsToldSoAndServedWhenItDoesNot) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = scene().SyncInItsMidst(0);
  auto disk = HangingDisk::Make(connector().pid(), "stager", scene().staging());
  if (absl::IsPermissionDenied(disk.status())) GTEST_SKIP() << disk.status();
  ASSERT_TRUE(disk.ok()) << disk.status();
  run->Kill();
  run->Wait();
  const SyncOutcome refused = scene().RunSync();
  EXPECT_EQ(refused.grpc_code(), "ABORTED") << refused.text;
  EXPECT_TRUE(AnyHolds({refused.grpc_message()}, "staging directory's disk")) << refused.text;
  EXPECT_EQ(connector().Logged("sync refused").size(), 1u);
  ExpectNoWorkers();

  disk->reset();
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(ClientFaults, MoreSyncsThanAllowedAreRefusedUntilOneHasEnded) {
  ASSERT_NO_FATAL_FAILURE(Begin({"--max-syncs", "1"}));
  const auto run = HeldSync();
  {
    Database database(scene().dir() / "other.db");
    AddPlainTables(database, 2, 1000, 100);
  }
  WriteSqliteConfig(scene().dir() / "other.json", scene().dir() / "other.db");
  const SyncRunOptions other = {.address = connector().address(),
                                .config = scene().dir() / "other.json",
                                .state = scene().dir() / "other_state.json",
                                .warehouse = scene().dir() / "other_warehouse.db",
                                .skip_setup = false};
  const SyncOutcome refused = RunSync(other);
  EXPECT_EQ(refused.grpc_code(), "RESOURCE_EXHAUSTED") << refused.text;
  run->Continue();
  EXPECT_TRUE(run->Wait().ok());
  EXPECT_TRUE(RunSync(other).ok());
  ExpectSoundSupervisor();
}

}  // namespace
}  // namespace tributary::tests
