// A wall clock that jumps while a sync runs. Debian's faketime replaces CLOCK_REALTIME for the
// supervisor; the steady clock is not changed.
#include <signal.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

namespace fs = std::filesystem;

// faketime has to be the first library, and so does a sanitizer's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr char kAYearAhead[] = "+365d";
constexpr char kAYearBehind[] = "-365d";

std::string FakeTimeLibrary() {
  std::error_code ignored;
  for (const auto& folder : fs::directory_iterator("/usr/lib", ignored)) {
    const std::string library = folder.path() / "faketime/libfaketimeMT.so.1";
    if (fs::exists(library)) return library;
  }
  return "";
}

class ClockFaults : public Faults {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "faketime cannot be loaded together with a sanitizer";
    library_ = FakeTimeLibrary();
    if (library_.empty()) GTEST_SKIP() << "needs Debian's faketime";
  }

  std::string ClockFile(const std::string& name) { return scene().dir() / name; }
  // Replaces the file atomically, because it may be read at any moment.
  void SetClock(const std::string& name, const std::string& offset) {
    std::ofstream(ClockFile("next")) << offset << "\n";
    fs::rename(ClockFile("next"), ClockFile(name));
  }
  std::map<std::string, std::string> FakeTime(const std::string& name) {
    return {{"LD_PRELOAD", library_},
            {"FAKETIME_TIMESTAMP_FILE", ClockFile(name)},
            {"FAKETIME_NO_CACHE", "1"},
            // The times of files are not changed.
            {"NO_FAKE_STAT", "1"},
            {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
  }
  // The year in a program that runs with this clock.
  int YearOf(const std::string& name) {
    auto date = ChildProcess::Start(
        {.program = "/bin/date", .arguments = {"+%Y"}, .environment = FakeTime(name)});
    EXPECT_TRUE(date.ok()) << date.status();
    (*date)->Wait();
    const std::vector<std::string> lines = (*date)->Lines();
    return lines.empty() ? 0 : std::atoi(lines.front().c_str());
  }
  void BeginUnderAClock() {
    ASSERT_NO_FATAL_FAILURE(Begin());
    connector().Stop();
    SetClock("clock", "+0");
    connector().options().environment = FakeTime("clock");
    ASSERT_NO_FATAL_FAILURE(StartConnector());
    std::ifstream maps(absl::StrCat("/proc/", connector().pid(), "/maps"));
    const std::string text{std::istreambuf_iterator<char>(maps), {}};
    ASSERT_TRUE(absl::StrContains(text, library_)) << "faketime is not loaded";
  }
  // The clock jumps during the sync; the client's deadline is so far away that only a jump can
  // reach it.
  void JumpInMidSync(const std::string& offset) {
    ASSERT_NO_FATAL_FAILURE(BeginUnderAClock());
    const int year = YearOf("clock");
    const auto run = scene().SyncInItsMidst(1, {"--deadline-s", "600"});
    SetClock("clock", offset);
    ASSERT_NE(YearOf("clock"), year);
    const std::size_t live = scene().LiveTables().size();
    // More checkpoints arrive.
    EXPECT_TRUE(Eventually([&] { return scene().LiveTables().size() > live; }));
    const SyncOutcome outcome = run->Wait();
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    ExpectEqual();
    EXPECT_TRUE(connector().Logged("is replaced").empty()) << "a worker was considered dead";
    ExpectSoundSupervisor();
  }

  std::string library_;
};

TEST_F(ClockFaults, ClockThatJumpsAYearAheadInMidSyncChangesNothing) { JumpInMidSync(kAYearAhead); }

TEST_F(ClockFaults, ClockThatJumpsAYearBackInMidSyncChangesNothing) { JumpInMidSync(kAYearBehind); }

TEST_F(ClockFaults, ClockThatJumpsToAndFroAndASupervisorThatIsKilledLoseNothing) {
  ASSERT_NO_FATAL_FAILURE(BeginUnderAClock());
  for (const char* offset : {kAYearAhead, kAYearBehind, "+0"}) {
    const auto run = scene().SyncInItsMidst(0);
    ASSERT_TRUE(Eventually([&] { return !connector().workers().empty() || !run->running(); }));
    SetClock("clock", offset);
    connector().Signal(SIGKILL);
    connector().Wait();
    run->Wait();
    ASSERT_NO_FATAL_FAILURE(StartConnector());
    AddRowsToAllTables();
  }
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

// For this supervisor, each connection's last sync was a year ago.
TEST_F(ClockFaults, SupervisorAYearAheadDropsStagingOfOthersOnlyWhereNobodyNeedsItNow) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  {
    Database database(scene().dir() / "other.db");
    AddPlainTables(database, 2, 5000, 200);
  }
  WriteSqliteConfig(scene().dir() / "other.json", scene().dir() / "other.db");
  SyncRunOptions other = {.address = connector().address(),
                          .config = scene().dir() / "other.json",
                          .state = scene().dir() / "other_state.json",
                          .warehouse = scene().dir() / "other_warehouse.db",
                          .skip_setup = false,
                          .flags = {"--save-checkpoint", "1"}};
  ASSERT_TRUE(RunSync(other).ok());
  // What this client has not received yet is only on the disk.
  const auto run = HeldSync(0);
  ASSERT_TRUE(connector().WaitForLog("reading ends").has_value());

  SetClock("ahead", kAYearAhead);
  ConnectorOptions options = connector().options();
  options.environment = FakeTime("ahead");
  Connector ahead(options);
  ASSERT_TRUE(ahead.Start().ok());
  const auto dropped = ahead.Logged("dropped abandoned staging");
  ASSERT_EQ(dropped.size(), 1u) << ahead.Output();
  EXPECT_EQ(dropped.front().value("connections", ""), "1");

  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectEqual();
  // Its staging is gone, so the source is read again.
  other.flags.clear();
  const std::size_t log_size = connector().LogSize();
  EXPECT_TRUE(RunSync(other).ok());
  EXPECT_GT(connector().RowsRead(log_size), 0u);
  const absl::Status equal =
      CompareWarehouse(scene().dir() / "other_warehouse.db", scene().dir() / "other.db");
  EXPECT_TRUE(equal.ok()) << equal;
  ExpectSoundSupervisor();
}

TEST_F(ClockFaults, SupervisorAYearBehindDropsNothing) {
  ASSERT_NO_FATAL_FAILURE(BeginUnderAClock());
  ExpectGoodSync({"--save-checkpoint", "2"});
  connector().Stop();
  SetClock("clock", kAYearBehind);
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  EXPECT_TRUE(connector().Logged("dropped abandoned staging").empty());
  ExpectGoodSyncAndEqual();
  EXPECT_GT(scene().Replayed(), 0u);
  EXPECT_EQ(connector().RowsRead(), 0u);
}

}  // namespace
}  // namespace tributary::tests
