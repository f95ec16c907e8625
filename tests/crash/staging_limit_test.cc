// Staging that is smaller than the source: what waits for the client, and what is read from the
// source again.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

// The smallest value that --staging-limit accepts.
constexpr std::uint64_t kLimit = limits::kLeastStagingLimitBytes;
// Rows with random bytes, which cannot be compressed: more than the limit, the rings and the
// client's window together.
constexpr int kBodies = 4000;
constexpr std::uint64_t kBodyBytes = 100'000;
static_assert(kBodies * kBodyBytes > kLimit + kLimit / 4);

constexpr std::chrono::seconds kHold{5};

class StagingLimit : public Faults {
 protected:
  // No checkpoint is due by the clock: the connector itself has to make one before staging is full.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(
        Begin({"--staging-limit", absl::StrCat(kLimit), "--checkpoint-interval", "3600"}));
    DropTables();
    Database database(scene().source());
    for (int table = 1; table <= 2; ++table) {
      database.RunAtOnce(absl::StrCat(
          "CREATE TABLE bodies_", table, "(id INTEGER PRIMARY KEY, body BLOB);",
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ", kBodies / 2,
          ") INSERT INTO bodies_", table, " SELECT i, randomblob(", kBodyBytes, ") FROM n"));
    }
  }

  // Without the digests, which the limit does not count.
  std::uint64_t BytesInStaging() {
    namespace fs = std::filesystem;
    std::uint64_t bytes = 0;
    // Segments may be removed during the iteration.
    std::error_code gone;
    for (fs::recursive_directory_iterator at(scene().staging(), gone), end; !gone && at != end;
         at.increment(gone)) {
      if (at->path().filename() == "digests") at.disable_recursion_pending();
      const std::uint64_t size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
      if (!gone) bytes += size;
      gone.clear();
    }
    return bytes;
  }
};

TEST_F(StagingLimit, FullStagingBehindAClientThatReadsNothingMakesTheWorkersWait) {
  using Clock = std::chrono::steady_clock;
  const auto run = HeldSync(0);
  std::uint64_t most_staged = 0;
  std::uint64_t most_memory = 0;
  const auto look = [&] {
    most_staged = std::max(most_staged, BytesInStaging());
    most_memory = std::max(most_memory, MemoryOf(connector().pid()).resident());
  };
  const std::uint64_t nearly_full = kLimit - kLimit / limits::kCheckpointsInStagingLimit;
  ASSERT_TRUE(Eventually([&] {
    look();
    return most_staged > nearly_full;
  })) << most_staged;
  for (const auto end = Clock::now() + kHold; Clock::now() < end;) {
    look();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  RecordProperty("figures",
                 absl::StrCat("staged at most ", most_staged >> 20, " MiB of ", kLimit >> 20,
                              "; supervisor at most ", most_memory >> 20, " MiB"));
  EXPECT_TRUE(connector().Logged("reading ends").empty()) << "the limit does not stop the reading";
  EXPECT_EQ(connector().workers().size(), 2u);
  EXPECT_TRUE(run->running());

  run->Continue();
  while (run->running()) look();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(outcome.warnings().empty()) << outcome.text;
  EXPECT_LE(most_staged, kLimit);
  EXPECT_LT(most_memory, kMostSupervisorBytes);
  EXPECT_TRUE(connector().Logged("is replaced").empty());
  EXPECT_EQ(connector().RowsRead(), std::uint64_t{kBodies});
  ExpectEqual();
  ExpectSoundSupervisor();
}

TEST_F(StagingLimit, CommitWaitsForNoClientThatReadsNothing) {
  const auto run = HeldSync(0);
  ASSERT_TRUE(Eventually(
      [&] { return BytesInStaging() > kLimit - kLimit / limits::kCheckpointsInStagingLimit; }));
  // Until the rings are full.
  std::this_thread::sleep_for(std::chrono::seconds(2));
  for (const std::string table : {"bodies_1", "bodies_2"}) {
    EXPECT_LE(Commit("UPDATE " + table + " SET body = x'00' WHERE id = 1").count(),
              kLongestCommit.count());
  }
  EXPECT_TRUE(connector().Logged("reading ends").empty()) << "the limit does not stop the reading";
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(outcome.warnings().empty()) << outcome.text;
  EXPECT_GE(connector().Logged("the source changed while a table was copied").size(), 1u);
  // A table that was read to its end before the commit has the content before it.
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(StagingLimit, StateFromBeforeWhatIsStillHeldIsMadeGoodFromTheSource) {
  // The first checkpoint that follows some rows.
  const SyncOutcome whole = ExpectGoodSync({"--save-checkpoint", "2"});
  EXPECT_EQ(whole.Count("states_saved"), 1u);
  EXPECT_LE(BytesInStaging(), kLimit);
  connector().Stop();
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  const auto dropped = connector().Logged("nothing is replayed from staging");
  ASSERT_EQ(dropped.size(), 1u) << connector().Output();
  EXPECT_TRUE(absl::StrContains(dropped.front().value("error", ""), "is older than what is held"))
      << dropped.front();
  EXPECT_EQ(scene().Replayed(), 0u);
  // It reads from the state's cursor on and no more; staging only contained what is after it.
  EXPECT_EQ(outcome.Count("upserts"), connector().RowsRead());
  EXPECT_GT(connector().RowsRead(), std::uint64_t{kBodies} / 2);
  EXPECT_LT(connector().RowsRead(), std::uint64_t{kBodies});
  ExpectSoundSupervisor();
}

}  // namespace
}  // namespace tributary::tests
