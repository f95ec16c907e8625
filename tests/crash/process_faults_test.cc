// Workers and supervisors that are killed, stopped, or have too little to live on.
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

class ProcessFaults : public Faults {
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

constexpr std::chrono::seconds kUntilRingsAreFull{3};
// An operator's patience is bounded; this is twice what is promised, and more.
constexpr std::chrono::seconds kBeyondDrain{2 * limits::kDrainGrace + std::chrono::seconds(20)};
// Longer than a worker may be silent.
constexpr std::chrono::seconds kBeyondSilence{limits::kSilentPulseLooks + 3};

TEST_F(ProcessFaults, SupervisorThatIsKilledLeavesNothingBehindAndTheNextStartGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = scene().SyncInItsMidst(1);
  const std::vector<pid_t> workers = connector().workers();
  const std::vector<std::string> shared = SharedMemoryNames();
  ASSERT_TRUE(connector().Signal(SIGKILL));
  connector().Wait();
  EXPECT_TRUE(Eventually([&] { return std::all_of(workers.begin(), workers.end(), Gone); }));
  for (const std::string& name : SharedMemoryNames()) {
    EXPECT_FALSE(absl::StrContains(name, "tributary")) << name;
  }
  EXPECT_EQ(run->Wait().grpc_code(), "UNAVAILABLE");
  const std::set<std::string> live = scene().LiveTables();
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  EXPECT_FALSE(live.empty());
  for (const std::string& table : live) {
    EXPECT_EQ(outcome.TableCount(absl::StrCat("main.", table), "truncates"), 0u) << table;
  }
  ExpectSoundSupervisor();
}

TEST_F(ProcessFaults, TerminationInMidSyncDrainsToACheckpointFromWhichTheNextSyncGoesOn) {
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

TEST_F(ProcessFaults, TerminationBehindAClientThatStandsStillEndsAndTheNextSyncGoesOn) {
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

TEST_F(ProcessFaults, TerminationBehindAClientThatStandsStillEndsAlsoWithoutStaging) {
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

TEST_F(ProcessFaults, StoppedWorkerIsReplacedWhileTheOthersGoOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  SyncRun run(scene().Sync());
  pid_t stopped = 0;
  std::string title;
  ASSERT_TRUE(Eventually([&] {
    for (const pid_t worker : connector().workers()) {
      title = TitleOf(worker);
      if (!absl::StrContains(title, "main.t")) continue;
      kill(worker, SIGSTOP);
      stopped = worker;
      return true;
    }
    return false;
  }));
  // The other worker reads what the stopped one does not hold.
  EXPECT_TRUE(Eventually([this] { return scene().LiveTables().size() >= kTables / 2; })) << title;
  EXPECT_FALSE(Gone(stopped));
  const SyncOutcome outcome = run.Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(Gone(stopped));
  const auto replaced = connector().Logged("is replaced");
  ASSERT_EQ(replaced.size(), 1u);
  EXPECT_TRUE(absl::StrContains(replaced.front().value("how", ""), "no sign of life"));
  ExpectEqual();
}

TEST_F(ProcessFaults, SupervisorThatWasStoppedTakesNoWorkerForDead) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = scene().SyncInItsMidst(0);
  ASSERT_TRUE(Eventually([this] { return connector().workers().size() == 2; }));
  ASSERT_TRUE(connector().Signal(SIGSTOP));
  std::this_thread::sleep_for(kBeyondSilence);
  ASSERT_TRUE(connector().Signal(SIGCONT));
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(connector().Logged("is replaced").empty());
  ExpectEqual();
}

TEST_F(ProcessFaults, ThirdDeathOnOneSlicePutsItsTableAsideAndTheOthersGoOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  {
    // Each row takes its reader some milliseconds.
    Database database(scene().source());
    database.Run(
        "CREATE TABLE slow(id INTEGER PRIMARY KEY, n INTEGER AS (length(hex(zeroblob(20000000)))));"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
        "INSERT INTO slow(id) SELECT i FROM n");
  }
  SyncRun run(scene().Sync());
  for (int death = 0; death < limits::kDeathsOfSlice; ++death) {
    pid_t victim = 0;
    ASSERT_TRUE(Eventually([&] { return (victim = connector().WorkerOn("main.slow")) != 0; }));
    ASSERT_EQ(kill(victim, SIGKILL), 0);
    ASSERT_TRUE(Eventually([&] { return Gone(victim); }));
  }
  const SyncOutcome outcome = run.Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "main.slow: put aside")) << outcome.text;
  EXPECT_EQ(scene().LiveTables().size(), std::size_t{kTables});
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(ProcessFaults, SharedMemoryThatCannotBeHadIsAClearErrorAndTheSupervisorLives) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_FSIZE, limits::kRingBytes / 2));
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  // A warehouse that knows no table asks for the schema.
  options.warehouse = "";
  const SyncOutcome refused = tests::RunSync(options);
  ASSERT_TRUE(connector().running()) << refused.text;
  EXPECT_TRUE(refused.grpc_code() == "RESOURCE_EXHAUSTED" || refused.grpc_code() == "UNAVAILABLE")
      << refused.text;
  EXPECT_TRUE(absl::StrContains(refused.grpc_message(), "shared memory")) << refused.text;
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_FSIZE, RLIM_INFINITY));
  ExpectGoodSyncAndEqual();
}

TEST_F(ProcessFaults, TooFewDescriptorsAreAClearErrorAndTheSupervisorLives) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync();
  const std::size_t open = Descriptors();
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  options.warehouse = "";
  options.state = "";
  int refusals = 0;
  // Behind 100 a worker's descriptors are made.
  for (const std::size_t limit : {open + 2, open + 4, open + 6, open + 8, std::size_t{100},
                                  std::size_t{102}, std::size_t{104}, std::size_t{107}}) {
    ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_NOFILE, limit));
    const SyncOutcome outcome = tests::RunSync(options);
    ASSERT_TRUE(connector().running()) << "with " << limit << " descriptors: " << outcome.text;
    // Where not even the connection fits, the client is told nothing.
    if (outcome.ok() || absl::StrContains(outcome.text, "nothing answers")) continue;
    ++refusals;
    EXPECT_TRUE(absl::StrContains(outcome.grpc_message(), "open-files limit"))
        << "with " << limit << " descriptors: " << outcome.text;
  }
  EXPECT_GT(refusals, 0);
  ASSERT_NO_FATAL_FAILURE(SetLimit(RLIMIT_NOFILE, 4096));
  AddRowsToAllTables();
  ExpectGoodSyncAndEqual();
  EXPECT_LE(Descriptors(), open + 4) << "descriptors are lost where a start fails";
}

// The replacement of a worker that ended has no place to go.
TEST_F(ProcessFaults, WhatRunsOutInMidSyncEndsItClearlyAndTheNextOneGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  struct Case {
    int resource;
    rlim_t least;
    const char* says;
  };
  std::vector<Case> cases = {{RLIMIT_FSIZE, limits::kRingBytes / 2, "shared memory"}};
#if !defined(__SANITIZE_ADDRESS__)
  // UndefinedBehaviorSanitizer looks at objects through a pipe, and takes one that it
  // cannot make for an object of another type.
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
    // A client that knocked meanwhile is let in when there is room again.
    ExpectGoodSyncAndEqual();
  }
  ExpectSoundSupervisor();
}

TEST_F(ProcessFaults, ClientsThatCameWhileThereWereNoDescriptorsLeftAreServedLater) {
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

TEST_F(ProcessFaults, WorkerHasNothingOfItsSourceInArgumentsAndEnvironment) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  connector().Stop();
  connector().options().environment = {{"A_SECRET_OF_THE_OPERATOR", "hunter2"}};
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const auto run = scene().SyncInItsMidst(0);
  ASSERT_TRUE(Eventually([this] { return !connector().workers().empty(); }));
  for (const pid_t worker : connector().workers()) {
    for (const char* name : {"cmdline", "environ"}) {
      std::ifstream file(absl::StrCat("/proc/", worker, "/", name));
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      EXPECT_FALSE(absl::StrContains(text, "hunter2")) << name << ": " << text;
      EXPECT_FALSE(absl::StrContains(text, scene().source())) << name << ": " << text;
    }
  }
  EXPECT_TRUE(run->Wait().ok());
  ExpectEqual();
}

// Rows, credentials and the staging keys are in it.
TEST_F(ProcessFaults, MemoryOfTheSupervisorGoesIntoNoDumpAndIsNotItsUsersToRead) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer looks at the process from outside";
#endif
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to run as somebody else";
  constexpr uid_t kNobody = 65534;
  ASSERT_NO_FATAL_FAILURE(Begin());
  connector().Stop();
  std::filesystem::remove_all(scene().staging());
  const std::string script = scene().dir() / "as_nobody";
  std::ofstream(script) << "#!/bin/sh\nexec setpriv --reuid=" << kNobody << " --regid=" << kNobody
                        << " --clear-groups " << ConnectorBinary() << " \"$@\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::all);
  for (const std::string& path : {scene().dir().path(), scene().source()}) {
    ASSERT_EQ(chown(path.c_str(), kNobody, kNobody), 0);
  }
  connector().options().program = script;
  const absl::Status started = connector().Start();
  if (!started.ok()) GTEST_SKIP() << "nobody cannot run it from where it is: " << started;

  const std::string of = absl::StrCat("/proc/", connector().pid());
  std::ifstream limits(of + "/limits");
  const std::string text{std::istreambuf_iterator<char>(limits), {}};
  EXPECT_TRUE(std::regex_search(text, std::regex("Max core file size +0 +0 "))) << text;
  struct stat memory {};
  ASSERT_EQ(stat((of + "/mem").c_str(), &memory), 0);
  std::ifstream status(of + "/status");
  const std::string ids{std::istreambuf_iterator<char>(status), {}};
  EXPECT_TRUE(absl::StrContains(ids, absl::StrCat("Uid:\t", kNobody))) << ids;
  // The kernel gives them to root where the process is not dumpable.
  EXPECT_EQ(memory.st_uid, 0u);
  // It starts workers all the same.
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(ProcessFaults, PortThatIsTakenIsAClearErrorAtStart) {
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
