// Whole syncs with a worker that was taken over by the data that it reads: it is detected and
// ended, nothing that it invented reaches the client, and the rest of the sync goes on.
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/fault_scene.h"
#include "tests/rogue/deeds.h"

namespace tributary::tests {
namespace {

using rogue::Deed;
using rogue::Deeds;

constexpr std::uint32_t kAlways = 1'000'000;
constexpr int kOtherTables = 3;
constexpr int kOtherRows = 2000;
constexpr std::uint64_t kVictimRows = 12'000;

// The largest memory of a process while this object exists.
class MemoryPeak {
 public:
  explicit MemoryPeak(pid_t pid)
      : looks_([this, pid] {
          while (!over_) {
            peak_ = std::max(peak_, MemoryOf(pid).resident());
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
          }
        }) {}
  ~MemoryPeak() { Stop(); }

  std::uint64_t Stop() {
    over_ = true;
    if (looks_.joinable()) looks_.join();
    return peak_;
  }

 private:
  std::atomic<bool> over_{false};
  std::uint64_t peak_ = 0;
  std::thread looks_;
};

double CpuSecondsOf(pid_t pid) {
  clockid_t clock = 0;
  timespec spent{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0) return 0;
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

// One connector for all cases: if a rogue damages it, the next case fails.
class Stage {
 public:
  static Stage& Get() {
    static Stage stage;
    return stage;
  }

  Stage() {
    Database database(scene_.source());
    AddPlainTables(database, kOtherTables, kOtherRows, 200);
    // More than one mark's worth of rows: a slice has rows before and after the rogue's deed.
    database.RunAtOnce(absl::StrCat(
        "CREATE TABLE ", rogue::kVictim, "(id INTEGER PRIMARY KEY, number INTEGER, text TEXT);",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ", kVictimRows,
        ") INSERT INTO ", rogue::kVictim,
        " SELECT i, i * 7919 % 1000003, hex(randomblob(100)) FROM n;",
        // This value is altered, which must be reported whichever worker reads it.
        "UPDATE ", rogue::kVictim, " SET text = CAST(x'FF' AS TEXT) WHERE id = 1"));
    scene_.connector().options().program = ROGUE_BINARY_PATH;
    const absl::Status started = scene_.connector().Start();
    EXPECT_TRUE(started.ok()) << started;
  }

  Scene& scene() { return scene_; }
  Connector& connector() { return scene_.connector(); }

  // An empty destination, and a source whose workers do `deed` `times` times.
  void Set(const char* deed, std::uint32_t times) {
    for (const std::string& file : {scene_.state(), scene_.warehouse(), scene_.warehouse() + "-wal",
                                    scene_.warehouse() + "-shm"}) {
      std::filesystem::remove(file);
    }
    std::ofstream(scene_.config()) << nlohmann::json{
        {"source", "sqlite"},
        {"database_path", scene_.source()},
        {rogue::kDeedKey, deed}}.dump();
    SetTimes(times);
    log_from_ = connector().LogSize();
  }
  void SetTimes(std::uint32_t times) {
    // Writes in place: processes that have mapped the file see the change.
    std::fstream file(scene_.dir() / rogue::kTimesFile,
                      std::ios::in | std::ios::out | std::ios::binary);
    if (!file.is_open()) file.open(scene_.dir() / rogue::kTimesFile, std::ios::out);
    file.write(reinterpret_cast<const char*>(&times), sizeof(times));
  }

  std::size_t Found(const char* what) {
    std::size_t found = 0;
    for (const auto& line : connector().Logged("is replaced", log_from_)) {
      found += absl::StrContains(line.value("ended", ""), what) ? 1 : 0;
    }
    return found;
  }
  std::size_t Logged(const std::string& text) { return connector().Logged(text, log_from_).size(); }
  std::string Output() { return connector().Output(); }

 private:
  Scene scene_;
  std::size_t log_from_ = 0;
};

class Rogue : public ::testing::Test {
 protected:
  Stage& stage_ = Stage::Get();

  // The tester checks the stream against the contract; a breach ends the sync.
  void ExpectClean(const SyncOutcome& outcome) {
    EXPECT_TRUE(outcome.ok()) << outcome.text << stage_.Output();
    EXPECT_FALSE(absl::StrContains(outcome.text, rogue::kMarker)) << outcome.text;
    EXPECT_TRUE(stage_.connector().running());
  }
  void ExpectEqual() {
    const absl::Status equal = stage_.scene().Compare();
    EXPECT_TRUE(equal.ok()) << equal;
  }
  void ExpectAnotherSyncEndsEqual() {
    stage_.SetTimes(0);
    const SyncOutcome outcome = stage_.scene().RunSync();
    ExpectClean(outcome);
    EXPECT_FALSE(AnyHolds(outcome.warnings(), "put aside")) << outcome.text;
    ExpectEqual();
  }
  void ExpectConfined(std::size_t workers) {
    EXPECT_EQ(stage_.Logged(rogue::kConfined), workers);
    EXPECT_EQ(stage_.Logged("it is not confined"), 0u);
  }
};

class RogueDeed : public Rogue, public ::testing::WithParamInterface<std::size_t> {
 protected:
  const Deed& deed_ = Deeds()[GetParam()];
};

TEST_P(RogueDeed, EndsItsWorkerAndTheSliceIsReadBySoundOneInTheSameSync) {
  stage_.Set(deed_.name, 1);
  const SyncOutcome outcome = stage_.scene().RunSync();
  ExpectClean(outcome);
  EXPECT_FALSE(AnyHolds(outcome.warnings(), "put aside")) << outcome.text;
  EXPECT_EQ(stage_.Found(deed_.found), 1u) << stage_.Output();
  EXPECT_EQ(stage_.Logged("is replaced"), 1u) << stage_.Output();
  ExpectConfined(1);
  // Either the rogue's mark covers the row, or a correct worker reads it.
  EXPECT_TRUE(AnyHolds(outcome.warnings(),
                       absl::StrCat("main.", rogue::kVictim, ".text: 1 value held invalid UTF-8")))
      << outcome.text;
  ExpectEqual();
}

INSTANTIATE_TEST_SUITE_P(Deeds, RogueDeed, ::testing::Range(std::size_t{0}, Deeds().size()),
                         [](const auto& one) { return std::string(Deeds()[one.param].name); });

TEST_F(Rogue, ThirdDeedOnOneSlicePutsItsTableAsideAndTheOthersGoOn) {
  for (const char* const name :
       {"AnotherMagicNumber", "AMarkThatDoesNotParse", "WorkThatItHadBefore",
        "AMessageWithoutAnEnd", "APauseThatNobodyAskedFor", "WordsOnTheSocket"}) {
    SCOPED_TRACE(name);
    stage_.Set(name, kAlways);
    const SyncOutcome outcome = stage_.scene().RunSync();
    ExpectClean(outcome);
    EXPECT_TRUE(AnyHolds(outcome.warnings(), absl::StrCat("main.", rogue::kVictim, ": put aside")))
        << outcome.text;
    constexpr std::size_t kDeaths = limits::kDeathsOfSlice;
    EXPECT_EQ(stage_.Found(rogue::FindDeed(name)->found), kDeaths) << stage_.Output();
    ExpectConfined(kDeaths);
    EXPECT_EQ(stage_.scene().LiveTables().size(), std::size_t{kOtherTables});
    ExpectAnotherSyncEndsEqual();
  }
}

TEST_F(Rogue, ReplayThatMeetsAFormThatIsNoneIsGivenUpForTheSource) {
  stage_.Set(rogue::kNoForm, 1);
  ExpectClean(stage_.scene().RunSync({"--save-checkpoint", "1"}));
  const SyncOutcome replay = stage_.scene().RunSync();
  EXPECT_EQ(replay.grpc_code(), "UNAVAILABLE") << replay.text;
  EXPECT_TRUE(absl::StrContains(replay.grpc_message(), "compact form")) << replay.text;
  EXPECT_EQ(replay.breach(), "");
  ExpectAnotherSyncEndsEqual();
}

TEST_F(Rogue, HeadersThatChangeWhileTheyAreReadDoNoHarm) {
  constexpr int kMostSyncs = 20;
  // One death less than the number that puts a table aside.
  constexpr std::size_t kDeaths = limits::kDeathsOfSlice - 1;
  std::uint64_t rows_again = 0;
  for (int sync = 0; sync < 2 || (rows_again == 0 && sync < kMostSyncs); ++sync) {
    stage_.Set(rogue::kFlips, kDeaths);
    const SyncOutcome outcome = stage_.scene().RunSync();
    ExpectClean(outcome);
    ExpectEqual();
    // A rogue goes on until one of its changes coincides with a read.
    ExpectConfined(kDeaths);
    EXPECT_EQ(stage_.Logged("is replaced"), kDeaths) << stage_.Output();
    EXPECT_EQ(stage_.Found("read ring: ") + stage_.Found("work that it does not have"), kDeaths)
        << stage_.Output();
    rows_again +=
        outcome.TableCount(absl::StrCat("main.", rogue::kVictim), "upserts") - kVictimRows;
  }
  // In other reads the header had its correct value, although it changed.
  EXPECT_GT(rows_again, 0u);
}

TEST_F(Rogue, AnswerThatWasNotAskedForIsNoCatalog) {
  for (const char* const name : {rogue::kTwin, rogue::kUnasked, rogue::kOtherAnswer}) {
    SCOPED_TRACE(name);
    stage_.Set(name, 1);
    SyncRunOptions options = stage_.scene().Sync();
    // Schema is called before Update, and its worker must not be the only rogue.
    stage_.SetTimes(limits::kDeathsOfSlice - 1);
    ExpectClean(tests::RunSync(options));
    ExpectEqual();
    // And in Update itself, without a call of Schema before.
    SyncRunOptions drain = options;
    drain.skip_setup = true;
    drain.warehouse = "";
    stage_.Set(name, limits::kDeathsOfSlice - 1);
    ExpectClean(tests::RunSync(drain));
    stage_.Set(name, kAlways);
    const SyncOutcome outcome = tests::RunSync(drain);
    EXPECT_EQ(outcome.breach(), "") << outcome.text;
    EXPECT_EQ(outcome.Count("checkpoints"), 0u) << outcome.text;
    EXPECT_NE(outcome.grpc_code(), "OK") << outcome.text;
    EXPECT_NE(outcome.grpc_code(), "") << outcome.text;
    EXPECT_TRUE(stage_.connector().running());
    stage_.Set(name, 0);
    ExpectAnotherSyncEndsEqual();
  }
}

// Sixty-four million bytes of empty elements would take gigabytes in memory.
TEST_F(Rogue, AnswersOfMillionsOfEmptyElementsAreRefusedAtTheirFirstPage) {
  // Two bytes in a page of 1 MiB become an element of less than 192 bytes.
  constexpr std::uint64_t kMostOfPage = 96 * limits::kMiB;
  for (const char* const name : {rogue::kCatalogOfNothing, rogue::kCutsOfNothing}) {
    SCOPED_TRACE(name);
    stage_.Set(name, 1);
    MemoryPeak peak(stage_.connector().pid());
    // If the answer is the catalog, Schema is called before Update.
    const SyncOutcome outcome = stage_.scene().RunSync();
    EXPECT_LT(peak.Stop(), kMostSupervisorBytes + kMostOfPage);
    ExpectClean(outcome);
    EXPECT_FALSE(AnyHolds(outcome.warnings(), "put aside")) << outcome.text;
    if (name == rogue::kCutsOfNothing) {
      EXPECT_EQ(stage_.Found("holds more than was asked for"), 1u) << stage_.Output();
    }
    ExpectEqual();
  }
}

TEST_F(Rogue, MessageThatStandsStillHoldsUpTheOthersForAWhileAndCostsNothingMeanwhile) {
  stage_.Set(rogue::kStandsStill, 1);
  SyncRun run(stage_.scene().Sync());
  ASSERT_TRUE(Eventually([this] { return stage_.Logged(rogue::kConfined) > 0; }));
  const auto begun = std::chrono::steady_clock::now();
  const double cpu = CpuSecondsOf(stage_.connector().pid());
  ASSERT_TRUE(Eventually([this] { return stage_.Found("did not continue a message") > 0; }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  EXPECT_GT(took, limits::kMessageAssemblyLimit / 2);
  EXPECT_LT(CpuSecondsOf(stage_.connector().pid()) - cpu, took.count() / 10);
  const SyncOutcome outcome = run.Wait();
  ExpectClean(outcome);
  EXPECT_FALSE(AnyHolds(outcome.warnings(), "put aside")) << outcome.text;
  EXPECT_EQ(stage_.Logged("is replaced"), 1u) << stage_.Output();
  ExpectEqual();
}

TEST_F(Rogue, CutsThatDoNotFitTogetherAreNotFollowed) {
  stage_.Set(rogue::kMisfit, kAlways);
  const SyncOutcome outcome = stage_.scene().RunSync();
  ExpectClean(outcome);
  // If slices overlapped, rows would be sent twice.
  EXPECT_EQ(outcome.Count("upserts"), kVictimRows + kOtherTables * kOtherRows);
  ExpectEqual();
}

// These cases end the connector; the stage then starts it again.
class RogueAtTheEnd : public Rogue {
 protected:
  // SIGTERM when a worker does `deed`.
  SyncOutcome Terminate(const char* deed) {
    stage_.Set(deed, kAlways);
    SyncRun run(stage_.scene().Sync());
    EXPECT_TRUE(Eventually([this] { return stage_.Logged(rogue::kConfined) > 0; }));
    const auto ending = stage_.connector().Stop();
    EXPECT_TRUE(ending.has_value()) << "the supervisor does not end";
    EXPECT_EQ(ending.has_value() ? ending->ToString() : "", "exited with 0");
    return run.Wait();
  }
  void ExpectTheNextOneGoesOn() {
    const absl::Status started = stage_.connector().Start();
    ASSERT_TRUE(started.ok()) << started;
    ExpectAnotherSyncEndsEqual();
  }
};

TEST_F(RogueAtTheEnd, WorkerThatJamsItsBellsDoesNotKeepTheSupervisorFromEnding) {
  const SyncOutcome outcome = Terminate(rogue::kJams);
  EXPECT_EQ(outcome.breach(), "") << outcome.text;
  ExpectTheNextOneGoesOn();
}

TEST_F(RogueAtTheEnd, SliceThatIsMarkedToItsEndAndNeverEndedHasItsRowsCounted) {
  const SyncOutcome outcome = Terminate(rogue::kMute);
  EXPECT_EQ(outcome.grpc_code(), "UNAVAILABLE") << outcome.text;
  EXPECT_TRUE(
      AnyHolds(outcome.warnings(), absl::StrCat("main.", rogue::kVictim, ".text: 1 value held")))
      << outcome.text;
  ExpectTheNextOneGoesOn();
}

}  // namespace
}  // namespace tributary::tests
