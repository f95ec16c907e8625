// A source file that is replaced, cut, locked or removed while it is read. The sync may end with an
// error, but the next good one must end equal.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

namespace fs = std::filesystem;

constexpr char kRowsOfT1[] = "SELECT count(*) FROM \"main.t1\" WHERE _fivetran_deleted = 0";

class SourceFaults : public Faults {
 protected:
  // A sync whose workers cannot go on: the rings are full of messages that the client does not
  // read, and nothing is staged.
  std::unique_ptr<SyncRun> SyncWithStoppedWorkers() {
    auto run = scene().SyncInItsMidst(0);
    EXPECT_TRUE(Eventually([this] { return ReadingWorkers().size() == 2; }));
    for (const pid_t worker : ReadingWorkers()) kill(worker, SIGSTOP);
    return run;
  }
  void ContinueWorkers() {
    for (const pid_t worker : connector().workers()) kill(worker, SIGCONT);
  }
  bool IsRead(const std::string& table) {
    const std::vector<pid_t> workers = connector().workers();
    return std::any_of(workers.begin(), workers.end(), [&table](const pid_t worker) {
      return absl::StrContains(TitleOf(worker), table);
    });
  }
  std::vector<pid_t> ReadingWorkers() {
    std::vector<pid_t> reading;
    for (const pid_t worker : connector().workers()) {
      if (absl::StrContains(TitleOf(worker), "main.t")) reading.push_back(worker);
    }
    return reading;
  }
  // The sync's end names what is wrong and what to do about it, or a Warning does so for each table
  // that is not in the destination.
  void ExpectNamed(const SyncOutcome& outcome, const std::vector<std::string>& wrongs) {
    const auto names = [&wrongs](const std::string& text, const std::string& what) {
      return absl::StrContains(text, what) &&
             std::any_of(wrongs.begin(), wrongs.end(), [&text](const std::string& wrong) {
               return absl::StrContains(text, wrong);
             });
    };
    const std::string end = absl::StrCat(outcome.task(), outcome.grpc_message());
    if (!end.empty()) {
      EXPECT_TRUE(names(end, "source.db") || names(end, "table \"t")) << outcome.text;
      return;
    }
    const std::set<std::string> live = scene().LiveTables();
    const std::vector<std::string> warnings = outcome.warnings();
    EXPECT_LT(live.size(), std::size_t{kTables})
        << "half of the source is missing and no message says so";
    for (int table = 1; table <= kTables; ++table) {
      const std::string name = absl::StrCat("t", table);
      const bool named = std::any_of(warnings.begin(), warnings.end(), [&](const auto& warning) {
        return names(warning, absl::StrCat("main.", name, ": put aside"));
      });
      EXPECT_NE(named, live.contains(name)) << name << "\n" << outcome.text;
    }
  }
  // The sync is as if there had been no fault.
  void ExpectUnharmed(const SyncOutcome& outcome, std::size_t log_from) {
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    EXPECT_TRUE(outcome.warnings().empty()) << outcome.text;
    EXPECT_TRUE(connector().Logged("is replaced", log_from).empty()) << connector().Output();
    ExpectSoundSupervisor();
  }
  // OK, a Task or UNAVAILABLE: the contract is never broken, and the supervisor never ends.
  void ExpectClearOutcome(const SyncOutcome& outcome) {
    EXPECT_TRUE(connector().running());
    EXPECT_EQ(outcome.breach(), "") << outcome.text;
    EXPECT_TRUE(outcome.ok() || !outcome.task().empty() || outcome.grpc_code() == "UNAVAILABLE")
        << outcome.text;
    std::cout << "the sync said: " << outcome.grpc_code() << " " << outcome.grpc_message()
              << outcome.task();
    for (const std::string& warning : outcome.warnings()) std::cout << "\n  " << warning;
    std::cout << std::endl;
  }
};

TEST_F(SourceFaults, FileThatIsReplacedInMidSyncEndsEqualToTheNewOne) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const std::string other = scene().dir() / "other.db";
  fs::copy_file(scene().source(), other);
  {
    Database database(other);
    for (int table = 1; table <= kTables; ++table) {
      database.Run(absl::StrCat("UPDATE t", table, " SET number = number + 1 WHERE id % 3 = 0"));
      database.Run(absl::StrCat("DELETE FROM t", table, " WHERE id % 10 = 1"));
    }
  }
  const auto run = SyncWithStoppedWorkers();
  fs::rename(other, scene().source());
  ContinueWorkers();
  ExpectClearOutcome(run->Wait());
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(SourceFaults, FileThatIsCutShortInMidSyncIsNamedAndTheRestoredOneEndsEqual) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const std::string whole = scene().dir() / "whole.db";
  fs::copy_file(scene().source(), whole);
  const auto run = SyncWithStoppedWorkers();
  ASSERT_EQ(truncate(scene().source().c_str(),
                     static_cast<off_t>(fs::file_size(whole) / 2 / 4096 * 4096)),
            0);
  ContinueWorkers();
  const SyncOutcome cut = run->Wait();
  ExpectClearOutcome(cut);
  ExpectNamed(cut, {"it is damaged", "is damaged; check", "shorter than its header states"});
  fs::copy_file(whole, scene().source(), fs::copy_options::overwrite_existing);
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(SourceFaults, FileThatIsEmptiedInMidSyncIsNamedAndTheRestoredOneEndsEqual) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const std::string whole = scene().dir() / "whole.db";
  fs::copy_file(scene().source(), whole);
  const auto run = SyncWithStoppedWorkers();
  ASSERT_EQ(truncate(scene().source().c_str(), 0), 0);
  ContinueWorkers();
  const SyncOutcome cut = run->Wait();
  ExpectClearOutcome(cut);
  ExpectNamed(cut,
              {"it is damaged", "is damaged; check", "it has changed since the catalog was read"});
  fs::copy_file(whole, scene().source(), fs::copy_options::overwrite_existing);
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(SourceFaults, FileThatIsGoneInMidSyncIsNamedAndTheRestoredOneEndsEqual) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const std::string away = scene().dir() / "away.db";
  const auto run = SyncWithStoppedWorkers();
  fs::rename(scene().source(), away);
  // New workers do not find the file.
  for (const pid_t worker : ReadingWorkers()) kill(worker, SIGKILL);
  const SyncOutcome gone = run->Wait();
  ExpectClearOutcome(gone);
  EXPECT_FALSE(gone.ok()) << gone.text;
  EXPECT_TRUE(absl::StrContains(absl::StrCat(gone.task(), gone.grpc_message()), "source.db"))
      << gone.text;
  fs::rename(away, scene().source());
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

// The duration of a lock, as an application holds it that writes much in one transaction.
constexpr std::chrono::seconds kPassingLock(2);

TEST_F(SourceFaults, PassingExclusiveLockBeforeASyncIsWaitedForAndNothingComesBefore) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync();
  AddRowsToAllTables();
  Database database(scene().source());
  database.Run("BEGIN EXCLUSIVE");
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  const std::size_t log_size = connector().LogSize();
  SyncRun run(options);
  ASSERT_TRUE(Eventually([this] { return !connector().workers().empty(); }));
  std::this_thread::sleep_for(kPassingLock);
  EXPECT_TRUE(connector().Logged("plan made", log_size).empty())
      << "the sync did not wait for the lock";
  EXPECT_TRUE(run.running());
  database.Run("COMMIT");
  const SyncOutcome outcome = run.Wait();
  ExpectUnharmed(outcome, log_size);
  // The tester counts from the start of its call, which may be later than the start of the lock.
  EXPECT_GE(outcome.report["first_record_ms"].get<double>(), 1000.0 * kPassingLock.count() / 2);
  EXPECT_EQ(connector().RowsRead(log_size), std::uint64_t{kTables} * (kRows + 1));
  ExpectEqual();
}

TEST_F(SourceFaults, PassingExclusiveLockInMidSyncIsWaitedFor) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  Database database(scene().source());
  const auto run = SyncWithStoppedWorkers();
  // The readers release their own locks when they end their slices.
  ContinueWorkers();
  database.Run("BEGIN EXCLUSIVE");
  std::this_thread::sleep_for(kPassingLock);
  EXPECT_TRUE(connector().Logged("reading ends").empty()) << "the sync did not wait for the lock";
  EXPECT_TRUE(run->running());
  database.Run("COMMIT");
  ExpectUnharmed(run->Wait(), 0);
  ExpectEqual();
}

TEST_F(SourceFaults, LastingExclusiveLockEndsTheSyncAsUnavailableAndTheNextGoesOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync();
  AddRowsToAllTables();
  {
    Database database(scene().source());
    database.Run("BEGIN EXCLUSIVE");
    SyncRunOptions options = scene().Sync();
    options.skip_setup = true;
    const SyncOutcome outcome = tests::RunSync(options);
    EXPECT_EQ(outcome.grpc_code(), "UNAVAILABLE") << outcome.text;
    EXPECT_TRUE(absl::StrContains(outcome.grpc_message(), "lock")) << outcome.text;
    EXPECT_TRUE(connector().Logged("is replaced").empty())
        << "a waiting reader was considered dead";
    database.Run("COMMIT");
  }
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

// If the table were read in one transaction, the application's timeout would pass.
TEST_F(SourceFaults, CommitInMidCopyOfARollbackDatabaseWaitsForASecondAtTheMost) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  DropTables();
  AddSlowTable(4 * kSlowRows);
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  SyncRun run(options);
  ASSERT_TRUE(Eventually([this] { return IsRead("main.slow"); }));
  // Wait until the table is partly read.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LE(Commit("INSERT INTO slow(id) VALUES(1000000)").count(), kLongestCommit.count());
  EXPECT_TRUE(run.running()) << "the copy was over before";
  ExpectUnharmed(run.Wait(), 0);
  EXPECT_EQ(connector().Logged("the source changed while a table was copied").size(), 1u);
  ExpectEqual();
}

TEST_F(SourceFaults, CommitsThatKeepComingHaveATableReadInOnePieceWithAWarning) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  DropTables();
  AddSlowTable();
  Database(scene().source()).Run("CREATE TABLE other(n INTEGER); INSERT INTO other VALUES(0)");
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  SyncRun run(options);
  int commits = 0;
  Database application(scene().source());
  while (run.running()) {
    // On a slow machine the database may be locked for longer than the timeout.
    const int code =
        sqlite3_exec(application.get(), "UPDATE other SET n = n + 1", nullptr, nullptr, nullptr);
    commits += code == SQLITE_OK;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  const SyncOutcome outcome = run.Wait();
  EXPECT_GT(commits, limits::kMovesBeforeOnePiece);
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "main.slow: ")) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "no application could commit")) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "PRAGMA journal_mode=WAL")) << outcome.text;
  EXPECT_FALSE(AnyHolds(outcome.warnings(), "put aside")) << outcome.text;
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

// A table that is dropped in the source stays in the destination, so the user has to be told.
TEST_F(SourceFaults, TableThatIsDroppedBetweenTwoSyncsIsNamedOnceAndItsRowsStay) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSyncAndEqual();
  const std::int64_t rows = Database(scene().warehouse()).Number(kRowsOfT1);
  Database(scene().source()).Run("DROP TABLE t1");
  const SyncOutcome outcome = ExpectGoodSync();
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "no longer in the source")) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), ": main.t1.")) << outcome.text;
  EXPECT_EQ(Database(scene().warehouse()).Number(kRowsOfT1), rows);
  EXPECT_FALSE(scene().LiveTables().contains("t1"));
  EXPECT_TRUE(ExpectGoodSync().warnings().empty());
}

// If the client comes back with a state without the table, the Warning has already been sent.
TEST_F(SourceFaults, TableThatIsGoneIsNamedBeforeTheFirstStateThatLacksIt) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync();
  Database(scene().source()).Run("DROP TABLE t1");
  const SyncOutcome cut = scene().RunSync({"--stop-after-checkpoints", "1"});
  EXPECT_TRUE(AnyHolds(cut.warnings(), ": main.t1.")) << cut.text;
  EXPECT_FALSE(scene().LiveTables().contains("t1"));
}

// Only the -wal file contained the table; the copy without it is an older version of the database.
TEST_F(SourceFaults, TableThatOnlyTheLogOfACopiedDatabaseHadIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  {
    Database application(scene().source());
    application.Run("PRAGMA journal_mode = WAL");
    application.Run("PRAGMA wal_autocheckpoint = 0");
    application.Run("CREATE TABLE logged(id INTEGER PRIMARY KEY); INSERT INTO logged VALUES(1)");
    ExpectGoodSyncAndEqual();
    fs::copy_file(scene().source(), scene().dir() / "copy.db");
  }
  for (const char* const suffix : {"", "-wal", "-shm"}) fs::remove(scene().source() + suffix);
  fs::rename(scene().dir() / "copy.db", scene().source());
  const SyncOutcome outcome = ExpectGoodSync();
  EXPECT_TRUE(AnyHolds(outcome.warnings(), ": main.logged.")) << outcome.text;
}

// A backup that failed on a full disk; and a copy of a database in WAL mode without its -wal file,
// which contained all tables.
TEST_F(SourceFaults, SourceWithoutAnyTableWhereThereWereSomeIsATaskAndNothingIsTouched) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSyncAndEqual();
  const std::string whole = scene().dir() / "whole.db";
  fs::rename(scene().source(), whole);
  for (const char* const what : {"emptied", "copied without its log"}) {
    Database(scene().source()).Run("PRAGMA journal_mode = WAL");
    if (what[0] == 'e') fs::resize_file(scene().source(), 0);
    SyncRunOptions options = scene().Sync();
    options.skip_setup = true;
    const SyncOutcome outcome = tests::RunSync(options);
    EXPECT_TRUE(absl::StrContains(outcome.task(), "holds no table now")) << what << outcome.text;
    EXPECT_TRUE(absl::StrContains(outcome.task(), "had 8: main.t1, ")) << what << outcome.text;
    EXPECT_EQ(outcome.Count("records"), 0u) << what;
    EXPECT_EQ(scene().LiveTables().size(), std::size_t{kTables}) << what;
    for (const char* const suffix : {"", "-wal", "-shm"}) fs::remove(scene().source() + suffix);
  }
  fs::rename(whole, scene().source());
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(SourceFaults, SameFileByAnotherPathIsTheSameSourceAndAnotherApplicationsIsATaskThatSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  ExpectGoodSync();
  const std::string file = fs::path(scene().source()).filename();
  fs::create_symlink(scene().source(), scene().dir() / "link.db");
  for (const std::string& named : {file, std::string("./link.db"), "x/../" + file}) {
    fs::create_directories(scene().dir() / "x");
    WriteSqliteConfig(scene().config(), named);
    const std::size_t log_size = connector().LogSize();
    ExpectGoodSync();
    EXPECT_EQ(connector().RowsRead(log_size), 0u) << named;
  }
  Database(scene().source()).Run("PRAGMA application_id = 77");
  const SyncOutcome other = scene().RunSync();
  EXPECT_TRUE(absl::StrContains(other.task(), "the application_id in it was 0 and is 77"))
      << other.text;
  Database(scene().source()).Run("PRAGMA application_id = 0");
  fs::copy_file(scene().source(), scene().dir() / "copy.db");
  WriteSqliteConfig(scene().config(), "copy.db");
  const SyncOutcome copy = scene().RunSync();
  EXPECT_TRUE(absl::StrContains(copy.task(), absl::StrCat("was \"", file, "\"")) ||
              absl::StrContains(copy.task(), absl::StrCat("(\"", file, "\")")))
      << copy.text;
  EXPECT_TRUE(absl::StrContains(copy.task(), "and is \"copy.db\"")) << copy.text;
  ExpectSoundSupervisor();
}

// SQLite's error text contains the bytes of the name.
TEST_F(SourceFaults, DamagedNameInTheSchemaLeavesItsTableOutAndMakesNoUnreadableAnswer) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  {
    Database database(scene().source());
    database.Run("PRAGMA writable_schema = ON");
    database.Run(
        "UPDATE sqlite_schema SET name = CAST(x'74ff' AS TEXT), sql = 'CREATE TABLE t(' "
        "WHERE name = 't1'");
  }
  SyncRunOptions options = scene().Sync();
  // So that the tester does not call Schema before.
  options.skip_setup = true;
  options.warehouse = "";
  const SyncOutcome outcome = tests::RunSync(options);
  EXPECT_EQ(outcome.grpc_code(), "OK") << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "schema (t\xef\xbf\xbd)")) << outcome.text;
  ExpectSoundSupervisor();
}

TEST_F(SourceFaults, DamagedNameThatOneTableNeedsPutsItAsideAndTheOthersGoOn) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  {
    Database database(scene().source());
    database.RunAtOnce("CREATE TABLE bad(id INTEGER PRIMARY KEY, text TEXT)");
    database.RunAtOnce("INSERT INTO bad VALUES(1, 'x')");
    // A CREATE statement with this text would not compile.
    database.Run("PRAGMA writable_schema = ON");
    database.Run(
        "UPDATE sqlite_schema SET sql = CAST('CREATE TABLE bad(id INTEGER PRIMARY KEY, text TEXT, "
        "same INT AS (\"f' || x'ff' || '\"(text)))' AS TEXT) WHERE name = 'bad'");
  }
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  const SyncOutcome outcome = tests::RunSync(options);
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "main.bad: put aside")) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "unknown function: f\xef\xbf\xbd")) << outcome.text;
  EXPECT_EQ(scene().LiveTables().size(), std::size_t{kTables});
  EXPECT_TRUE(connector().Logged("is replaced").empty()) << connector().Output();
  ExpectSoundSupervisor();
}

// A mark names a key to say how far a slice is read, and keys like these fit into no state.
TEST_F(SourceFaults, RowsWhoseKeysAreLongerThanAFrameAreAllThere) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  {
    Database database(scene().source());
    database.RunAtOnce(
        "CREATE TABLE long_keys(key TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID;"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12)"
        "INSERT INTO long_keys SELECT hex(zeroblob(1000000)) || i, i FROM n;"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        "INSERT INTO long_keys SELECT hex(randomblob(10000)), i FROM n");
  }
  ExpectGoodSyncAndEqual();
  RecordProperty("figures", absl::StrCat("a state of ", fs::file_size(scene().state()), " bytes"));
  ExpectSoundSupervisor();
}

}  // namespace
}  // namespace tributary::tests
