// Shared memory, descriptors and ports that are not available, at the start and during a sync.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

class ShortageFaults : public Faults {
 protected:
  void SetLimit(int resource, rlim_t soft) {
    rlimit limit{};
    ASSERT_EQ(prlimit(connector().pid(), static_cast<__rlimit_resource>(resource), nullptr, &limit),
              0);
    limit.rlim_cur = std::min(soft, limit.rlim_max);
    ASSERT_EQ(prlimit(connector().pid(), static_cast<__rlimit_resource>(resource), &limit, nullptr),
              0);
  }
  std::size_t Descriptors() {
    const std::filesystem::directory_iterator open(
        absl::StrCat("/proc/", connector().pid(), "/fd"));
    return static_cast<std::size_t>(std::distance(begin(open), end(open)));
  }
};

TEST_F(ShortageFaults, SharedMemoryThatCannotBeHadIsAClearErrorAndTheSupervisorLives) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_FSIZE, limits::kRingBytes / 2));
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  // With a warehouse that has no tables yet, the tester would call Schema.
  options.warehouse = "";
  const SyncOutcome refused = tests::RunSync(options);
  ASSERT_TRUE(connector().running()) << refused.text;
  EXPECT_TRUE(refused.grpc_code() == "RESOURCE_EXHAUSTED" || refused.grpc_code() == "UNAVAILABLE")
      << refused.text;
  EXPECT_TRUE(absl::StrContains(refused.grpc_message(), "shared memory")) << refused.text;
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_FSIZE, RLIM_INFINITY));
  ExpectGoodSyncAndEqual();
}

// As happens when a deployment is replaced while it runs.
TEST_F(ShortageFaults, ExecutableThatMayNotBeRunIsAClearErrorAndLeavesNoZombie) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "it replaces vfork by fork, whose child cannot report that exec has failed";
#endif
  namespace fs = std::filesystem;
  ASSERT_NO_FATAL_FAILURE(Begin());
  connector().Stop();
  const fs::path program = scene().dir() / "tributary";
  fs::copy_file(ConnectorBinary(), program);
  connector().options().program = program;
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  fs::permissions(program, fs::perms::owner_read);
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  // With a warehouse that has no tables yet, the tester would call Schema.
  options.warehouse = "";
  for (int times = 0; times < 10; ++times) {
    const SyncOutcome refused = tests::RunSync(options);
    EXPECT_EQ(refused.grpc_code(), "RESOURCE_EXHAUSTED") << refused.text;
    EXPECT_TRUE(absl::StrContains(refused.grpc_message(), "can still be run")) << refused.text;
  }
  EXPECT_EQ(ZombiesOf(connector().pid()), 0u);
  fs::permissions(program, fs::perms::owner_all);
  ExpectGoodSyncAndEqual();
}

TEST_F(ShortageFaults, TooFewDescriptorsAreAClearErrorAndTheSupervisorLives) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync();
  const std::size_t open = Descriptors();
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  options.warehouse = "";
  options.state = "";
  int refusals = 0;
  // From 100 on, only those of a worker are missing.
  for (const std::size_t limit : {open + 2, open + 4, open + 6, open + 8, std::size_t{100},
                                  std::size_t{102}, std::size_t{104}, std::size_t{107}}) {
    ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_NOFILE, limit));
    const SyncOutcome outcome = tests::RunSync(options);
    ASSERT_TRUE(connector().running()) << "with " << limit << " descriptors: " << outcome.text;
    // If not even the connection gets a descriptor, the client gets no message.
    if (outcome.ok() || absl::StrContains(outcome.text, "nothing answers")) continue;
    ++refusals;
    EXPECT_TRUE(absl::StrContains(outcome.grpc_message(), "open-files limit"))
        << "with " << limit << " descriptors: " << outcome.text;
  }
  EXPECT_GT(refusals, 0);
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_NOFILE, 4096));
  AddRowsToAllTables();
  ExpectGoodSyncAndEqual();
  EXPECT_LE(Descriptors(), open + 4) << "descriptors leak if a start fails";
}

// The worker that replaces an ended one cannot be started.
TEST_F(ShortageFaults, WhatRunsOutInMidSyncEndsItClearlyAndTheNextOneGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  struct Case {
    int resource;
    rlim_t least;
    const char* says;
  };
  std::vector<Case> cases = {{RLIMIT_FSIZE, limits::kRingBytes / 2, "shared memory"}};
#if !defined(__SANITIZE_ADDRESS__)
  // UndefinedBehaviorSanitizer checks an object's type through a pipe; if the pipe cannot be made,
  // it reports a wrong type.
  cases.push_back({RLIMIT_NOFILE, 16, "open-files limit"});
#endif
  for (const Case& one : cases) {
    SCOPED_TRACE(one.says);
    AddRowsToAllTables();
    std::filesystem::remove(scene().state());
    const auto run = scene().SyncInItsMidst(0);
    ASSERT_TRUE(Eventually([this] { return connector().workers().size() == 2; }));
    rlimit before{};
    ASSERT_EQ(
        prlimit(connector().pid(), static_cast<__rlimit_resource>(one.resource), nullptr, &before),
        0);
    ASSERT_NO_FATAL_FAILURE(SetLimit(one.resource, one.least));
    for (const pid_t worker : connector().workers()) kill(worker, SIGKILL);
    const SyncOutcome outcome = run->Wait();
    EXPECT_EQ(outcome.grpc_code(), "UNAVAILABLE") << outcome.text;
    EXPECT_TRUE(absl::StrContains(outcome.grpc_message(), one.says)) << outcome.text;
    EXPECT_EQ(outcome.breach(), "") << outcome.text;
    ASSERT_TRUE(connector().running());
    ASSERT_NO_FATAL_FAILURE(SetLimit(one.resource, before.rlim_cur));
    // A client that tried to connect meanwhile is accepted when descriptors are free again.
    ExpectGoodSyncAndEqual();
  }
  ExpectSoundSupervisor();
}

TEST_F(ShortageFaults, ClientsThatCameWhileThereWereNoDescriptorsLeftAreServedLater) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_NOFILE, 3));
  SyncRun early(scene().Sync());
  ASSERT_TRUE(connector().WaitForLog("a client has to wait").has_value());
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_NOFILE, 4096));
  const SyncOutcome outcome = early.Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(ShortageFaults, PortThatIsTakenIsAClearErrorAtStart) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  Connector second({.sqlite_root = scene().dir().path(),
                    .staging_dir = scene().dir() / "staging2",
                    .flags = {"--port", connector().port()}});
  EXPECT_FALSE(second.Start().ok());
  EXPECT_EQ(second.Wait()->ToString(), "exited with 1");
  ASSERT_EQ(second.Logged("cannot listen on port").size(), 1u) << second.Output();
  ExpectGoodSyncAndEqual();
}

}  // namespace
}  // namespace tributary::tests
