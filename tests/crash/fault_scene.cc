#include "tests/crash/fault_scene.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

// The bytes from which a slow row is computed. ThreadSanitizer clears its shadow memory for each of
// them.
#if defined(__SANITIZE_THREAD__)
constexpr int kSlowBytes = 100'000;
#else
constexpr int kSlowBytes = 1'000'000;
#endif

}  // namespace

Faults::~Faults() {
  if (HasFailure() && scene_ != nullptr) std::cout << connector().Output() << std::endl;
}

void Faults::Begin(std::vector<std::string> flags) {
  scene_ = std::make_unique<Scene>(std::move(flags));
  {
    Database database(scene_->source());
    AddPlainTables(database, kTables, kRows, kRowBytes);
  }
  StartConnector();
}

void Faults::StartConnector() {
  const absl::Status started = connector().Start();
  ASSERT_TRUE(started.ok()) << started;
}

void Faults::AddRowsToAllTables() {
  Database database(scene_->source());
  for (int table = 1; table <= kTables; ++table) {
    database.Run(absl::StrCat("INSERT INTO t", table, "(number, text) VALUES(1, 'one more')"));
  }
}

void Faults::ReplaceStagingByAFile() {
  std::filesystem::remove_all(scene_->staging());
  std::ofstream(scene_->staging()) << "no folder";
}

void Faults::DropTables() {
  Database database(scene_->source());
  for (int table = 1; table <= kTables; ++table) database.Run(absl::StrCat("DROP TABLE t", table));
}

void Faults::AddSlowTable(std::uint64_t rows) {
  Database(scene_->source())
      .RunAtOnce(absl::StrCat(
          // A different length in each row, since otherwise SQLite would compute it once for all
          // rows.
          "CREATE TABLE slow(id INTEGER PRIMARY KEY, n INTEGER AS (length(hex(zeroblob(",
          kSlowBytes,
          " + id % 2)))));WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i "
          "< ",
          rows, ") INSERT INTO slow(id) SELECT i FROM n"));
}

std::chrono::milliseconds Faults::Commit(const std::string& sql) {
  Database application(scene_->source());
  sqlite3_busy_timeout(application.get(), 5000);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(sqlite3_exec(application.get(), sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(application.get());
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

void Faults::Enlarge(std::uint64_t bytes) {
  Database database(scene_->source());
  for (int table = 1; table <= kTables; ++table) {
    database.RunAtOnce(absl::StrCat("UPDATE t", table, " SET text = hex(randomblob(",
                                    bytes / kTables / kRows / 2, "))"));
  }
}

std::unique_ptr<SyncRun> Faults::HeldSync(std::size_t live_tables) {
  std::unique_ptr<SyncRun> run = scene_->SyncInItsMidst(live_tables);
  run->Stop();
  EXPECT_TRUE(run->running()) << "the sync was over before its client could be stopped";
  return run;
}

SyncOutcome Faults::ExpectGoodSync(std::vector<std::string> flags) {
  SyncOutcome outcome = scene_->RunSync(std::move(flags));
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_FALSE(AnyHolds(outcome.warnings(), "put aside")) << outcome.text;
  return outcome;
}

SyncOutcome Faults::ExpectGoodSyncAndEqual(std::vector<std::string> flags) {
  SyncOutcome outcome = ExpectGoodSync(std::move(flags));
  ExpectEqual();
  return outcome;
}

void Faults::ExpectEqual() {
  const absl::Status equal = scene_->Compare();
  EXPECT_TRUE(equal.ok()) << equal;
}

void Faults::ExpectNoWorkers() {
  EXPECT_TRUE(Eventually([this] { return connector().workers().empty(); }))
      << "workers go on although no client wants their rows";
}

void Faults::ExpectWorkersStopWithin(
    std::chrono::milliseconds promised,
    const std::function<std::chrono::steady_clock::time_point()>& leave) {
  using Clock = std::chrono::steady_clock;
  const auto took = QuickestOf(promised, [&] {
    const std::size_t log_size = connector().LogSize();
    const Clock::time_point left = leave();
    Eventually([this] { return connector().workers().empty(); }, kTimesPromised * promised);
    const auto passed = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - left);
    // Otherwise the workers may have ended because there was nothing more to read.
    const auto start = connector().WaitForLog("plan made", log_size, promised);
    const auto end = connector().WaitForLog("reading ends", log_size, promised);
    EXPECT_TRUE(start.has_value() && end.has_value() &&
                start->value("to_copy", "") != end->value("live", ""))
        << "the client left too early or too late";
    return passed;
  });
  std::cout << "workers were gone after " << took.count() << " ms" << std::endl;
  EXPECT_LE(took, promised) << "workers go on although no client wants their rows";
}

void Faults::ExpectSoundSupervisor() {
  EXPECT_TRUE(connector().running());
  for (const nlohmann::json& line : connector().Log()) {
    EXPECT_TRUE(line.is_object() && line.value("level", "") != "SEVERE") << line;
  }
}

}  // namespace tributary::tests
