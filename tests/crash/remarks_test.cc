// Rows that are altered or left out, in syncs that end early: however they end, the Warnings of all
// syncs together count each such row exactly, although the next sync does not read again what a
// cursor covers.
#include <signal.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

// The altered rows are the first ones: only the first slice has any.
constexpr std::uint64_t kAltered = 5;
// Bytes of a row: 80 such rows make a slice; 190 make one slice with several marks; a tiny row.
constexpr int kManyBytes = 100'000;
constexpr int kSomeBytes = 40'000;
constexpr int kFewBytes = 100;
// Bytes of a text that is computed when a row is read, which takes about 1 or 10 ms.
constexpr int kQuick = 200'000;
constexpr int kSlow = 1'000'000;
constexpr char kRepaired[] = "main.altered.text: ";

// The sum of the counts in the Warnings that begin with `beginning`.
std::uint64_t Counted(const std::vector<std::string>& warnings, absl::string_view beginning) {
  std::uint64_t all = 0;
  for (const std::string& warning : warnings) {
    if (!absl::StartsWith(warning, beginning)) continue;
    const absl::string_view rest = absl::string_view(warning).substr(beginning.size());
    std::uint64_t count = 0;
    EXPECT_TRUE(absl::SimpleAtoi(rest.substr(0, rest.find(' ')), &count)) << warning;
    all += count;
  }
  return all;
}

class RemarkFaults : public Faults {
 protected:
  void BeginAltered(int rows, int row_bytes, int slow_bytes, std::vector<std::string> flags) {
    ASSERT_NO_FATAL_FAILURE(Begin(std::move(flags)));
    DropTables();
    Database(scene().source())
        .RunAtOnce(absl::StrCat(
            // A different length in each row, since otherwise SQLite would compute it once for all
            // rows.
            "CREATE TABLE altered(id INTEGER PRIMARY KEY, text TEXT, pad BLOB,"
            " slow INTEGER AS (length(hex(zeroblob(",
            slow_bytes,
            " + id)))));"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
            rows,
            ") INSERT INTO altered(id, text, pad)"
            " SELECT i, CASE WHEN i <= ",
            kAltered, " THEN CAST(x'61FF' AS TEXT) ELSE 'fine' END, zeroblob(", row_bytes,
            ") FROM n"));
  }
  // The last bound up to which the saved state says that the table is done; 0: nothing is done.
  std::uint64_t DoneTo() {
    std::ifstream file(scene().state());
    const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    const auto done = nlohmann::json::json_pointer("/tables/main/altered/done");
    std::uint64_t to = 0;
    if (json.is_object() && json.contains(done) && !json.at(done).empty()) {
      EXPECT_TRUE(absl::SimpleAtoi(json.at(done)[0][1].get<std::string>(), &to)) << json;
    }
    return to;
  }
  // SIGTERM, and a new connector for the next sync, which must end equal. Returns the Warnings of
  // both syncs.
  std::vector<std::string> Terminate(SyncRun& run) {
    EXPECT_TRUE(connector().Signal(SIGTERM));
    const SyncOutcome drained = run.Wait();
    EXPECT_EQ(drained.grpc_code(), "UNAVAILABLE") << drained.text;
    EXPECT_EQ(drained.breach(), "");
    connector().Wait();
    EXPECT_GT(DoneTo(), kAltered) << "the altered rows are read again, so nothing is proved";
    StartConnector();
    const SyncOutcome next = ExpectGoodSyncAndEqual();
    EXPECT_EQ(next.TableCount("main.altered", "truncates"), 0u);
    std::vector<std::string> warnings = drained.warnings();
    for (const std::string& warning : next.warnings()) warnings.push_back(warning);
    return warnings;
  }
};

TEST_F(RemarkFaults, UndisturbedSyncCountsEachKindExactlyInOneWarning) {
  ASSERT_NO_FATAL_FAILURE(BeginAltered(300, kManyBytes, kQuick, {"--checkpoint-interval", "60"}));
  {
    Database database(scene().source());
    database.RunAtOnce(
        "CREATE TABLE large(id INTEGER PRIMARY KEY, pad BLOB);"
        "INSERT INTO large VALUES(1, x'01'), (2, zeroblob(170*1024*1024)), (3, x'02')");
  }
  const SyncOutcome outcome = ExpectGoodSync();
  ASSERT_EQ(outcome.warnings().size(), 2u) << outcome.text;
  EXPECT_EQ(Counted(outcome.warnings(), kRepaired), kAltered) << outcome.text;
  EXPECT_EQ(Counted(outcome.warnings(), "main.large: "), 1u) << outcome.text;
}

TEST_F(RemarkFaults, SliceThatWasDoneBeforeASyncIsCutShortHasItsRowsCounted) {
  ASSERT_NO_FATAL_FAILURE(BeginAltered(500, kManyBytes, kQuick, {"--workers", "1"}));
  SyncRun run(scene().Sync());
  ASSERT_TRUE(Eventually([&] { return DoneTo() > 100 || !run.running(); }));
  EXPECT_EQ(Counted(Terminate(run), kRepaired), kAltered);
}

TEST_F(RemarkFaults, SliceThatIsPausedHasItsRowsCounted) {
  ASSERT_NO_FATAL_FAILURE(BeginAltered(300, kFewBytes, kSlow, {"--workers", "1"}));
  SyncRun run(scene().Sync());
  ASSERT_TRUE(Eventually([this] { return connector().WorkerOn("main.altered") != 0; }));
  EXPECT_EQ(Counted(Terminate(run), kRepaired), kAltered);
}

TEST_F(RemarkFaults, WorkerThatIsKilledBehindItsFirstMarkHasItsRowsCounted) {
  ASSERT_NO_FATAL_FAILURE(BeginAltered(190, kSomeBytes, kSlow, {"--workers", "1"}));
  SyncRun run(scene().Sync());
  ASSERT_TRUE(Eventually([&] { return DoneTo() > kAltered || !run.running(); }));
  for (const pid_t worker : connector().workers()) kill(worker, SIGKILL);
  const SyncOutcome outcome = run.Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_EQ(connector().Logged("is replaced").size(), 1u);
  EXPECT_EQ(Counted(outcome.warnings(), kRepaired), kAltered) << outcome.text;
  ExpectEqual();
}

TEST_F(RemarkFaults, ClientThatGoesAwayBehindACheckpointHasItsRowsCounted) {
  ASSERT_NO_FATAL_FAILURE(BeginAltered(400, kManyBytes, kSlow, {"--workers", "1"}));
  std::vector<std::string> warnings;
  const auto add = [&warnings](const SyncOutcome& outcome) {
    for (const std::string& warning : outcome.warnings()) warnings.push_back(warning);
  };
  // More checkpoints each time, until one is after the altered rows: how many rows are read between
  // two checkpoints depends on the machine.
  for (int checkpoints = 2; DoneTo() <= kAltered && checkpoints <= 64; checkpoints *= 2) {
    add(scene().RunSync({"--stop-after-checkpoints", absl::StrCat(checkpoints)}));
  }
  ASSERT_GT(DoneTo(), kAltered) << "the table was done before a sync ended early";
  add(ExpectGoodSyncAndEqual());
  EXPECT_GE(Counted(warnings, kRepaired), kAltered) << absl::StrJoin(warnings, "\n");
}

}  // namespace
}  // namespace tributary::tests
