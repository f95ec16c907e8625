// SIGTERM: what a supervisor does that is asked to end.
#include <signal.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

class TerminationFaults : public Faults {};

constexpr std::chrono::seconds kUntilRingsAreFull{3};
// An operator's patience is bounded; this is twice what is promised, and more.
constexpr std::chrono::seconds kBeyondDrain{2 * limits::kDrainGrace + std::chrono::seconds(20)};

TEST_F(TerminationFaults, TerminationInMidSyncDrainsToACheckpointFromWhichTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = scene().SyncInItsMidst(1, {"--discard-tail"});
  ASSERT_TRUE(connector().Signal(SIGTERM));
  const auto ending = connector().Wait();
  ASSERT_TRUE(ending.has_value());
  EXPECT_EQ(ending->ToString(), "exited with 0");
  const SyncOutcome drained = run->Wait();
  EXPECT_EQ(drained.grpc_code(), "UNAVAILABLE") << drained.text;
  EXPECT_EQ(drained.breach(), "");
  EXPECT_GT(drained.Count("states_saved"), 0u);
  const std::set<std::string> live = scene().LiveTables();
  EXPECT_FALSE(live.empty());
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  for (const std::string& table : live) {
    EXPECT_EQ(outcome.TableCount(absl::StrCat("main.", table), "truncates"), 0u) << table;
  }
}

TEST_F(TerminationFaults, TerminationBehindAClientThatStandsStillEndsAndTheNextSyncGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = HeldSync(1);
  ASSERT_TRUE(connector().Signal(SIGTERM));
  const auto ending = connector().Wait(kBeyondDrain);
  ASSERT_TRUE(ending.has_value()) << "the supervisor waits for its client for too long";
  EXPECT_EQ(ending->ToString(), "exited with 0");
  run->Kill();
  run->Wait();
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(TerminationFaults, TerminationBehindAClientThatStandsStillEndsAlsoWithoutStaging) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  connector().Stop();
  connector().options().staging_dir = scene().source() + "/staging";
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  Enlarge(100'000'000);
  const auto run = HeldSync(0);
  // Until the workers wait for ring space, which nobody gives back.
  std::this_thread::sleep_for(kUntilRingsAreFull);
  ASSERT_TRUE(connector().Signal(SIGTERM));
  const auto ending = connector().Wait(kBeyondDrain);
  ASSERT_TRUE(ending.has_value()) << "the supervisor waits for its client for too long";
  EXPECT_EQ(ending->ToString(), "exited with 0");
  run->Kill();
  run->Wait();
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  ExpectGoodSyncAndEqual();
}

}  // namespace
}  // namespace tributary::tests
