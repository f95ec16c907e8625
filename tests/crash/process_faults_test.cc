// Workers and supervisors that are killed or stopped, and what a worker can see of its supervisor
// and its source.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/limits.h"
#include "common/worker_start.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

class ProcessFaults : public Faults {
 protected:
  // Both workers of a sync, stopped while they read a table, so that they can be examined.
  std::vector<pid_t> StopWorkers() {
    std::vector<pid_t> stopped;
    EXPECT_TRUE(Eventually([&] {
      for (const pid_t worker : connector().workers()) {
        if (!absl::StrContains(TitleOf(worker), "main.t")) continue;
        if (std::find(stopped.begin(), stopped.end(), worker) != stopped.end()) continue;
        if (kill(worker, SIGSTOP) == 0) stopped.push_back(worker);
      }
      return stopped.size() == 2;
    }));
    return stopped;
  }
};

// Fails the test if the file cannot be read, since nothing would be checked then.
std::string ProcFile(pid_t pid, const char* name) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/", name));
  EXPECT_TRUE(file.is_open()) << name;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(file.bad()) << name;
  EXPECT_FALSE(text.empty()) << name;
  return text;
}

// Each descriptor with the file that it refers to.
std::map<int, std::string> Descriptors(pid_t pid) {
  std::map<int, std::string> descriptors;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", pid, "/fd"))) {
    descriptors[std::stoi(entry.path().filename())] = std::filesystem::read_symlink(entry.path());
  }
  return descriptors;
}

// Longer than a worker may be silent.
constexpr std::chrono::seconds kBeyondSilence{limits::kSilentPulseLooks + 3};

TEST_F(ProcessFaults, SupervisorThatIsKilledLeavesNothingBehindAndTheNextStartGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  // Its workers are running until this table is read.
  AddSlowTable();
  const auto took = QuickestOf(kWorkersOutliveSupervisorBy, [this] {
    constexpr std::chrono::milliseconds kLimit = kTimesPromised * kWorkersOutliveSupervisorBy;
    if (!connector().running()) StartConnector();
    // Each attempt starts with the whole source to read.
    std::filesystem::remove(scene().state());
    const auto run = scene().SyncInItsMidst(1);
    const std::vector<pid_t> workers = connector().workers();
    EXPECT_EQ(workers.size(), 2u);
    const auto killed = std::chrono::steady_clock::now();
    EXPECT_TRUE(connector().Signal(SIGKILL));
    const std::chrono::milliseconds passed = TimeUntilGone(workers, killed, kLimit);
    connector().Wait();
    for (const std::string& name : SharedMemoryNames()) {
      EXPECT_FALSE(absl::StrContains(name, "tributary")) << name;
    }
    EXPECT_EQ(run->Wait().grpc_code(), "UNAVAILABLE");
    return passed;
  });
  std::cout << "workers were gone after " << took.count() << " ms" << std::endl;
  EXPECT_LE(took, kWorkersOutliveSupervisorBy) << "workers outlive their supervisor";
  const std::set<std::string> live = scene().LiveTables();
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  EXPECT_FALSE(live.empty());
  for (const std::string& table : live) {
    EXPECT_EQ(outcome.TableCount(absl::StrCat("main.", table), "truncates"), 0u) << table;
  }
  ExpectSoundSupervisor();
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
  // The other worker reads all slices except that of the stopped one.
  EXPECT_TRUE(Eventually([this] { return !scene().LiveTables().empty(); })) << title;
  EXPECT_FALSE(Gone(stopped));
  const SyncOutcome outcome = run.Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(Gone(stopped));
  const auto replaced = connector().Logged("is replaced");
  ASSERT_EQ(replaced.size(), 1u);
  EXPECT_TRUE(absl::StrContains(replaced.front().value("ended", ""), "no sign of life"));
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
  AddSlowTable();
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

TEST_F(ProcessFaults, WorkerHasNothingOfItsSourceInArgumentsAndEnvironment) {
  if (getuid() != 0) GTEST_SKIP() << "a worker shows its environment to root only";
  ASSERT_NO_FATAL_FAILURE(Begin());
  connector().Stop();
  // A worker's environment contains only variables of the sanitizers.
  connector().options().environment = {{"A_SECRET_OF_THE_OPERATOR", "hunter2"},
                                       {"TSAN_OPTIONS", "exitcode=66"}};
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  EXPECT_TRUE(absl::StrContains(ProcFile(connector().pid(), "environ"), "hunter2"));
  const auto run = scene().SyncInItsMidst(0);
  const std::vector<pid_t> workers = StopWorkers();
  for (const pid_t worker : workers) {
    const std::string arguments = ProcFile(worker, "cmdline");
    EXPECT_TRUE(absl::StrContains(arguments, "worker")) << arguments;
    EXPECT_FALSE(absl::StrContains(arguments, "hunter2")) << arguments;
    EXPECT_FALSE(absl::StrContains(arguments, scene().source())) << arguments;
    const std::string environment = ProcFile(worker, "environ");
    EXPECT_TRUE(absl::StrContains(environment, "TSAN_OPTIONS=exitcode=66")) << environment;
    for (const absl::string_view one : absl::StrSplit(environment, '\0', absl::SkipEmpty())) {
      EXPECT_TRUE(absl::StrContains(one.substr(0, one.find('=')), "SAN_OPTIONS")) << one;
    }
  }
  for (const pid_t worker : workers) kill(worker, SIGCONT);
  EXPECT_TRUE(run->Wait().ok());
  ExpectEqual();
}

TEST_F(ProcessFaults, WorkerHasNoDescriptorsButThoseItWasGivenAndItsSource) {
  if (getuid() != 0) GTEST_SKIP() << "a worker shows its descriptors to root only";
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto run = scene().SyncInItsMidst(0);
  const std::vector<pid_t> workers = StopWorkers();
  const std::map<int, std::string> supervisors = Descriptors(connector().pid());
  for (const pid_t worker : workers) {
    std::map<int, std::string> descriptors = Descriptors(worker);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      EXPECT_EQ(descriptors[fd], supervisors.at(fd));
    }
    EXPECT_TRUE(absl::StartsWith(descriptors[kControlFd], "socket:")) << descriptors[kControlFd];
    EXPECT_EQ(descriptors[kRingFd], "/memfd:tributary-ring (deleted)");
    for (const int bell : {kDataReadyFd, kSpaceFreeFd}) {
      EXPECT_TRUE(absl::StartsWith(descriptors[bell], "pipe:")) << descriptors[bell];
    }
    std::set<std::string> others;
    for (const auto& [fd, target] : descriptors) {
      if (fd > kLastWorkerFd) others.insert(target);
    }
    EXPECT_EQ(others, std::set<std::string>{scene().source()});
  }
  for (const pid_t worker : workers) kill(worker, SIGCONT);
  EXPECT_TRUE(run->Wait().ok());
  ExpectEqual();
}

// It contains rows, credentials and the staging keys.
TEST_F(ProcessFaults, MemoryOfTheSupervisorGoesIntoNoDumpAndIsNotItsUsersToRead) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer inspects the process from another one";
#endif
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to run as another user";
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
  if (!started.ok()) GTEST_SKIP() << "the user nobody cannot run it from its folder: " << started;

  const std::string of = absl::StrCat("/proc/", connector().pid());
  std::ifstream limits(of + "/limits");
  const std::string text{std::istreambuf_iterator<char>(limits), {}};
  EXPECT_TRUE(std::regex_search(text, std::regex("Max core file size +0 +0 "))) << text;
  struct stat memory {};
  ASSERT_EQ(stat((of + "/mem").c_str(), &memory), 0);
  std::ifstream status(of + "/status");
  const std::string ids{std::istreambuf_iterator<char>(status), {}};
  EXPECT_TRUE(absl::StrContains(ids, absl::StrCat("Uid:\t", kNobody))) << ids;
  // The kernel gives these files to root if the process is not dumpable.
  EXPECT_EQ(memory.st_uid, 0u);
  // It can still start workers.
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

}  // namespace
}  // namespace tributary::tests
