// A process that may not start more threads.
#include <cstdio>
#include <fstream>

#include "absl/strings/match.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

class FewThreads : public Faults {
 protected:
  void BeginWithFewThreads() {
    ASSERT_NO_FATAL_FAILURE(Begin({"--max-syncs", "1"}));
    connector().Stop();
    connector().options().program = FEW_THREADS_BINARY_PATH;
    connector().options().environment = {{"FEW_THREADS", file()}};
    ASSERT_NO_FATAL_FAILURE(StartConnector());
  }
  // Threads with this name cannot start others.
  void Refuse(const char* name) { std::ofstream(file()) << name; }
  void RefuseNone() { std::remove(file().c_str()); }
  std::string file() { return scene().dir() / "few_threads"; }
};

TEST_F(FewThreads, SyncThatHasNoneIsRefusedAndItsConnectionAndItsPlaceAreFreeAgain) {
  ASSERT_NO_FATAL_FAILURE(BeginWithFewThreads());
  Refuse("*");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const SyncOutcome refused = scene().RunSync();
    EXPECT_EQ(refused.grpc_code(), "RESOURCE_EXHAUSTED") << refused.text;
    EXPECT_TRUE(absl::StrContains(refused.grpc_message(), "raise the limit on processes"))
        << refused.text;
    ASSERT_TRUE(connector().running());
  }
  RefuseNone();
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
  ASSERT_TRUE(connector().Signal(SIGTERM));
  const auto ending = connector().Wait();
  ASSERT_TRUE(ending.has_value()) << "the supervisor waits for a sync that never started";
  EXPECT_EQ(ending->ToString(), "exited with 0");
}

TEST_F(FewThreads, SyncWhoseStagerHasNoneGoesOnWithoutStagingAndSaysSo) {
  ASSERT_NO_FATAL_FAILURE(BeginWithFewThreads());
  Refuse("sync");
  const SyncOutcome outcome = scene().RunSync();
  EXPECT_TRUE(outcome.ok()) << outcome.text << connector().Output();
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "without staging")) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "raise the limit on processes")) << outcome.text;
  ExpectEqual();
  RefuseNone();
  AddRowsToAllTables();
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

}  // namespace
}  // namespace tributary::tests
