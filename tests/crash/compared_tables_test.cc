// Later syncs of a SQLite file that has changed: which records are sent, and which are not. Each
// test ends with the warehouse equal to the source.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

namespace fs = std::filesystem;

constexpr int kRowsOfEach = 3000;

class ComparedTables : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(scene_.connector().Start().ok());
    Database database(scene_.source());
    database.RunAtOnce(absl::StrCat(
        "CREATE TABLE numbered(id INTEGER PRIMARY KEY, v TEXT, n REAL, b BLOB);"
        "CREATE TABLE pairs(x TEXT, y INTEGER, v TEXT, PRIMARY KEY(x, y DESC)) WITHOUT ROWID;"
        "CREATE TABLE folded(name TEXT COLLATE NOCASE PRIMARY KEY, v INT) WITHOUT ROWID;"
        "CREATE TABLE blobs(k BLOB PRIMARY KEY, v INT) WITHOUT ROWID;"
        "CREATE TABLE uuids(id TEXT PRIMARY KEY, v INT);"
        "CREATE TABLE keyless(v TEXT, w INT);"
        "CREATE TABLE empty(id INTEGER PRIMARY KEY, v TEXT);"
        "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < ",
        kRowsOfEach,
        ") SELECT i FROM n;"
        "INSERT INTO numbered SELECT i, 'v' || i, i / 2.0, CAST('b' || i AS BLOB) FROM n;"
        "INSERT INTO pairs SELECT 'x' || (i % 97), i, 'v' || i FROM n;"
        "INSERT INTO folded SELECT 'Name' || i, i FROM n;"
        "INSERT INTO blobs SELECT CAST('k' || i AS BLOB), i FROM n;"
        "INSERT INTO uuids SELECT hex(i * 7919), i FROM n;"
        "INSERT INTO keyless SELECT 'v' || i, i FROM n;"));
  }

  SyncOutcome SyncAndCompare() {
    const SyncOutcome outcome = scene_.RunSync();
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    const absl::Status equal = scene_.Compare();
    EXPECT_TRUE(equal.ok()) << equal;
    return outcome;
  }
  static void ExpectSent(const SyncOutcome& outcome, std::uint64_t upserts, std::uint64_t deletes) {
    EXPECT_EQ(outcome.Count("upserts"), upserts) << outcome.text;
    EXPECT_EQ(outcome.Count("deletes"), deletes) << outcome.text;
    EXPECT_EQ(outcome.Count("truncates"), 0U) << outcome.text;
  }
  void Change(const std::string& sql) { Database(scene_.source()).Run(sql); }

  // The folder with the digests of the only connection.
  std::string Digests() const {
    for (const auto& one : fs::directory_iterator(scene_.staging())) {
      if (fs::exists(one.path() / "digests")) return one.path() / "digests";
    }
    ADD_FAILURE() << "the staging folder has no digests";
    return "";
  }

  Scene scene_;
};

TEST_F(ComparedTables, OnlyWhatChangedIsSentOfEveryKindOfKey) {
  SyncAndCompare();
  Change(
      "UPDATE numbered SET v = 'new' WHERE id IN (7, 8); DELETE FROM numbered WHERE id = 9;"
      "INSERT INTO numbered VALUES (-5, 'first', NULL, NULL), (99999, 'last', 1, x'00');"
      "UPDATE pairs SET v = 'new' WHERE y = 7; DELETE FROM pairs WHERE y = 9;"
      "UPDATE folded SET v = -1 WHERE name = 'name7';"
      "UPDATE blobs SET v = -1 WHERE v = 7; DELETE FROM blobs WHERE v = 9;"
      "INSERT OR REPLACE INTO uuids VALUES (hex(7919), -1); DELETE FROM uuids WHERE v = 9;"
      "UPDATE keyless SET v = 'new' WHERE w = 7; DELETE FROM keyless WHERE w = 9;"
      "INSERT INTO empty VALUES (1, 'one');");
  ExpectSent(SyncAndCompare(), 10, 5);
  ExpectSent(SyncAndCompare(), 0, 0);
}

TEST_F(ComparedTables, ChangedKeyIsADeleteAndAnUpsert) {
  SyncAndCompare();
  Change(
      "UPDATE numbered SET id = 50000 WHERE id = 7; UPDATE pairs SET x = 'moved' WHERE y = 7;"
      "UPDATE folded SET name = 'NAME7' WHERE name = 'name7';"
      "UPDATE uuids SET id = 'moved' WHERE v = 7;");
  ExpectSent(SyncAndCompare(), 4, 4);
}

TEST_F(ComparedTables, TouchIndexAnalyzeAndWalSendNothing) {
  SyncAndCompare();
  Change("CREATE INDEX i ON numbered(v); ANALYZE;");
  ExpectSent(SyncAndCompare(), 0, 0);
  Change("PRAGMA journal_mode = WAL; UPDATE numbered SET v = v;");
  ExpectSent(SyncAndCompare(), 0, 0);
  Change("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;");
  ExpectSent(SyncAndCompare(), 0, 0);
  Change("DELETE FROM numbered WHERE id = 7; DELETE FROM uuids WHERE v = 7; VACUUM;");
  ExpectSent(SyncAndCompare(), 0, 2);
}

TEST_F(ComparedTables, AddedColumnSendsItsTableAgainWithoutTruncate) {
  SyncAndCompare();
  Change("ALTER TABLE numbered ADD COLUMN w INT DEFAULT 5; DELETE FROM numbered WHERE id = 9;");
  ExpectSent(SyncAndCompare(), kRowsOfEach - 1, 1);
}

TEST_F(ComparedTables, TableWithoutAnyKeyIsSentAgainOnlyWhereItHasChanged) {
  Change(
      "CREATE TABLE bare(rowid TEXT, _rowid_ TEXT, oid TEXT);"
      "INSERT INTO bare SELECT 'a' || w, 'b', 'c' FROM keyless;");
  SyncAndCompare();
  Change("UPDATE numbered SET v = 'new' WHERE id = 7");
  ExpectSent(SyncAndCompare(), 1, 0);
  // The same rows in another order.
  Change(
      "CREATE TABLE other AS SELECT * FROM bare; DELETE FROM bare;"
      "INSERT INTO bare SELECT * FROM other ORDER BY 1 DESC; DROP TABLE other;");
  ExpectSent(SyncAndCompare(), 0, 0);
  Change("UPDATE bare SET oid = 'd' WHERE rowid = 'a7'");
  const SyncOutcome changed = SyncAndCompare();
  EXPECT_EQ(changed.TableCount("main.bare", "upserts"), std::uint64_t{kRowsOfEach});
  EXPECT_EQ(changed.Count("truncates"), 1U) << changed.text;
  Change("UPDATE numbered SET v = 'newer' WHERE id = 7");
  ExpectSent(SyncAndCompare(), 1, 0);
}

// A slice's bounds mean other rows then.
TEST_F(ComparedTables, TableThatIsRebuiltWithAnotherOrderOfItsKeyIsCopiedAgain) {
  constexpr char kMany[] =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150000) ";
  const struct {
    const char* name;
    const char* before;
    const char* after;
  } kTables[] = {
      {"stored", "(id INTEGER PRIMARY KEY, w INT)", "(id INT PRIMARY KEY, w INT)"},
      {"exchanged", "(id INT, w INT, PRIMARY KEY(id, w)) WITHOUT ROWID",
       "(id INT, w INT, PRIMARY KEY(w, id)) WITHOUT ROWID"},
      {"turned", "(id INT PRIMARY KEY, w INT) WITHOUT ROWID",
       "(id INT, w INT, PRIMARY KEY(id DESC)) WITHOUT ROWID"},
  };
  for (const auto& [name, before, after] : kTables) {
    Change(absl::StrCat("CREATE TABLE ", name, before));
    Change(absl::StrCat(kMany, "INSERT INTO ", name, " SELECT i, 150000 - i FROM n"));
  }
  SyncAndCompare();
  for (const auto& [name, before, after] : kTables) {
    Change(absl::StrCat("ALTER TABLE ", name, " RENAME TO old; CREATE TABLE ", name, after,
                        "; INSERT INTO ", name, " SELECT * FROM old ORDER BY w; DROP TABLE old"));
  }
  EXPECT_EQ(SyncAndCompare().Count("truncates"), 3U);
  ExpectSent(SyncAndCompare(), 0, 0);
}

// What is computed of a stored value may depend on it, and the pages are the same.
TEST_F(ComparedTables, OtherTextEncodingOfTheSamePagesIsSeen) {
  const auto make = [this](const std::string& encoding) {
    fs::remove(scene_.source());
    Change("PRAGMA encoding = '" + encoding +
           "'; CREATE TABLE t(id INT PRIMARY KEY, b BLOB AS (CAST(id AS BLOB)));"
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) "
           "INSERT INTO t(id) SELECT i FROM n");
  };
  make("UTF-16le");
  SyncAndCompare();
  make("UTF-8");
  const SyncOutcome outcome = SyncAndCompare();
  EXPECT_GT(outcome.Count("upserts"), 0U);
  EXPECT_EQ(outcome.Count("truncates"), 0U) << "another rule sent them";
}

// The destination was truncated for it, and the state that comes back does not know.
TEST_F(ComparedTables, StateFromBeforeACopyThatWasInterruptedIsNotTakenForTheDestinations) {
  SyncAndCompare();
  const std::string older = scene_.dir() / "older.json";
  fs::copy_file(scene_.state(), older);
  const std::string backup = scene_.dir() / "backup.db";
  fs::copy_file(scene_.source(), backup);
  const auto written = fs::last_write_time(scene_.source());
  // It does not fit, so the table is sent again in a wider type.
  Change("UPDATE folded SET v = 'text' WHERE name = 'name2900'");
  SyncRunOptions options = scene_.Sync({"--stop-after-records", "100"});
  RunSync(options);
  fs::copy_file(older, scene_.state(), fs::copy_options::overwrite_existing);
  fs::copy_file(backup, scene_.source(), fs::copy_options::overwrite_existing);
  fs::last_write_time(scene_.source(), written);
  SyncAndCompare();
}

TEST_F(ComparedTables, LostDigestsMeanACopyFromTruncateAndALineThatSaysWhy) {
  SyncAndCompare();
  Change("UPDATE numbered SET v = 'new' WHERE id = 7");
  fs::remove_all(Digests());
  const SyncOutcome outcome = SyncAndCompare();
  EXPECT_EQ(outcome.TableCount("main.numbered", "truncates"), 1U) << outcome.text;
  EXPECT_FALSE(scene_.connector().Logged("a table has changed and is copied again").empty());
  Change("UPDATE numbered SET v = 'newer' WHERE id = 7");
  ExpectSent(SyncAndCompare(), 1, 0);
}

TEST_F(ComparedTables, DamagedDigestsAreNotTakenForRows) {
  SyncAndCompare();
  scene_.connector().Stop();
  for (const auto& file : fs::directory_iterator(Digests())) {
    const std::string extension = file.path().extension();
    if (extension != ".log" && extension != ".ldb") continue;
    std::fstream bytes(file.path(), std::ios::binary | std::ios::in | std::ios::out);
    const auto size = static_cast<std::streamoff>(file.file_size());
    for (std::streamoff at = 100; at < size; at += 4096) {
      bytes.seekp(at);
      bytes.put('\x55');
    }
  }
  ASSERT_TRUE(scene_.connector().Start().ok());
  Change("UPDATE numbered SET v = 'new' WHERE id = 7; DELETE FROM pairs WHERE y = 9");
  const SyncOutcome outcome = SyncAndCompare();
  EXPECT_GT(outcome.Count("truncates"), 0U) << outcome.text;
}

// Without names the two cannot be told apart, so each finds the other's digests.
TEST_F(ComparedTables, ConnectionsToOneDatabaseKeepTheirDigestsApartByTheirNames) {
  SyncAndCompare();
  nlohmann::json named = nlohmann::json::parse(std::ifstream(scene_.config()));
  named["connection_name"] = "second";
  std::ofstream(scene_.dir() / "named.json") << named;
  for (const bool has_name : {true, false}) {
    SCOPED_TRACE(has_name);
    SyncRunOptions second = scene_.Sync();
    if (has_name) second.config = scene_.dir() / "named.json";
    second.state = scene_.dir() / absl::StrCat("second", has_name, ".json");
    second.warehouse = scene_.dir() / absl::StrCat("second", has_name, ".db");
    EXPECT_TRUE(RunSync(second).ok());
    Change("UPDATE numbered SET v = v || 'new' WHERE id = 7");
    const SyncOutcome first = SyncAndCompare();
    EXPECT_EQ(first.Count("truncates") == 0, has_name) << first.text;
    EXPECT_EQ(AnyHolds(first.warnings(), "`connection_name`"), !has_name) << first.text;
    if (has_name) ExpectSent(RunSync(second), 1, 0);
  }
}

TEST_F(ComparedTables, AKeyThatIsTooLongToBeComparedIsWarnedOfWhereverItsTableIsSent) {
  Change("INSERT INTO uuids VALUES (printf('%5000d', 1), -1)");
  for (int sync = 0; sync < 2; ++sync) {
    Change("INSERT INTO uuids SELECT 'n' || count(*), 0 FROM uuids");
    const SyncOutcome outcome = SyncAndCompare();
    EXPECT_EQ(outcome.TableCount("main.uuids", "truncates"), 1U) << outcome.text;
    EXPECT_TRUE(AnyHolds(outcome.warnings(), "main.uuids: cannot be compared")) << outcome.text;
  }
}

TEST_F(ComparedTables, OlderStateWithADestinationThatKeptMoreEndsEqual) {
  SyncAndCompare();
  const std::string older = scene_.dir() / "older.json";
  fs::copy_file(scene_.state(), older);
  Change(
      "INSERT INTO numbered VALUES (77777, 'sent', 0, NULL); UPDATE numbered SET v = 'sent' WHERE "
      "id = 7; DELETE FROM numbered WHERE id = 9;");
  SyncAndCompare();
  // The source is again as it was before, but the destination has the changes, which the older
  // state's digests do not contain.
  Change(
      "DELETE FROM numbered WHERE id = 77777; UPDATE numbered SET v = 'v7' WHERE id = 7;"
      "INSERT INTO numbered VALUES (9, 'v9', 4.5, CAST('b9' AS BLOB));");
  fs::copy_file(older, scene_.state(), fs::copy_options::overwrite_existing);
  ExpectSent(SyncAndCompare(), 2, 1);
  ExpectSent(SyncAndCompare(), 0, 0);
}

// A table with several slices, and an application that writes all the time: each of its
// transactions changes two rows that are far from each other.
class BusyWriter : public ComparedTables, public ::testing::WithParamInterface<const char*> {
 protected:
  static constexpr int kManyRows = 200'000;

  std::int64_t Different() {
    return Database(scene_.warehouse())
        .Number(absl::StrCat("SELECT count(DISTINCT n) FROM \"main.many\" WHERE id IN (1, ",
                             kManyRows, ")"));
  }
};

TEST_P(BusyWriter, EndsEqualAndInWalAtAVersionThatExisted) {
  Change(absl::StrCat("PRAGMA journal_mode = ", GetParam(),
                      "; CREATE TABLE many(id INTEGER PRIMARY KEY, n INT, v TEXT);"
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
                      kManyRows, ") INSERT INTO many SELECT i, 0, 'v' || i FROM n"));
  SyncAndCompare();
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    Database database(scene_.source());
    for (int number = 1; !stop; ++number) {
      database.Run(
          absl::StrCat("UPDATE many SET n = ", number, " WHERE id IN (1, ", kManyRows, ")"));
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
  });
  for (int round = 0; round < 4; ++round) {
    const SyncOutcome outcome = scene_.RunSync();
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    EXPECT_EQ(outcome.TableCount("main.many", "truncates"), 0U) << outcome.text;
    if (std::string(GetParam()) == "WAL") {
      EXPECT_EQ(Different(), 1) << "round " << round;
    }
  }
  stop = true;
  writer.join();
  SyncAndCompare();
  ExpectSent(SyncAndCompare(), 0, 0);
}

INSTANTIATE_TEST_SUITE_P(Journals, BusyWriter, ::testing::Values("WAL", "DELETE"));

// Between two turns of reading the row moves to the table's end, where it is read again.
TEST_F(ComparedTables, RowThatIsReplacedWhileItsTableIsReadEndsEqual) {
  // Reading a row takes a tenth of a millisecond.
  Change(
      "PRAGMA journal_mode = DELETE; CREATE TABLE slow(k TEXT PRIMARY KEY, n INT, "
      "g INT AS (length(hex(zeroblob(100000 + n)))));"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 15000) "
      "INSERT INTO slow(k, n) SELECT 'k' || i, 0 FROM n");
  SyncAndCompare();
  Change("UPDATE slow SET n = 1");
  SyncRunOptions options = scene_.Sync();
  options.skip_setup = true;
  const std::size_t log_size = scene_.connector().LogSize();
  SyncRun run(options);
  EXPECT_TRUE(scene_.connector().WaitForLog("plan made", log_size).has_value());
  Change("INSERT OR REPLACE INTO slow(k, n) VALUES('k1', 0)");
  EXPECT_TRUE(run.running());
  EXPECT_TRUE(run.Wait().ok());
  SyncAndCompare();
}

// A process is killed while rows are sent that the next sync must take into account.
TEST_F(ComparedTables, KilledAtAnyMomentTheNextSyncEndsEqual) {
  SyncAndCompare();
  std::mt19937 random(20);
  for (int round = 0; round < 12; ++round) {
    const auto number = [&random](int below) {
      return static_cast<int>(random() % static_cast<unsigned>(below));
    };
    const int part = 2 + number(20);
    Change(absl::StrCat("UPDATE numbered SET v = 'r", round, "' WHERE id % ", part,
                        " = 1; DELETE FROM pairs WHERE y % 31 = ", number(31),
                        "; UPDATE folded SET v = v + 1 WHERE v % ", part,
                        " = 1; INSERT OR REPLACE INTO uuids SELECT hex(id), id FROM numbered WHERE "
                        "id % 7 = ",
                        number(7), "; DELETE FROM numbered WHERE id % 53 = ", number(53)));
    {
      SyncRunOptions options = scene_.Sync({"--read-delay-ms", "2"});
      options.skip_setup = true;
      SyncRun run(options);
      std::this_thread::sleep_for(std::chrono::milliseconds(30 + number(250)));
      if (round % 2 == 0) {
        scene_.connector().Signal(SIGKILL);
        scene_.connector().Wait();
      } else {
        run.Kill();
      }
      run.Wait();
      if (round % 2 == 0) {
        ASSERT_TRUE(scene_.connector().Start().ok());
      }
    }
    if (round % 3 == 0) Change("UPDATE numbered SET v = 'v' || id WHERE id % 2 = 0");
    SyncAndCompare();
    if (HasFatalFailure() || HasNonfatalFailure()) {
      FAIL() << "round " << round;
    }
  }
  ExpectSent(SyncAndCompare(), 0, 0);
}

// Which type the key's values have is not known then, and another key would mean TRUNCATE.
TEST_F(ComparedTables, TableWhoseKeyCannotBeReadKeepsItsRows) {
  Change(
      "CREATE TABLE untyped(k PRIMARY KEY, v TEXT) WITHOUT ROWID;"
      "INSERT INTO untyped SELECT id, 'the value ' || id FROM numbered");
  SyncAndCompare();
  std::fstream file(scene_.source(), std::ios::binary | std::ios::in | std::ios::out);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  constexpr std::size_t kPageBytes = 4096;
  const std::size_t first = bytes.find("the value 1");
  ASSERT_NE(first, std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(first / kPageBytes * kPageBytes));
  file.put('\x55');
  file.close();
  const SyncOutcome outcome = scene_.RunSync();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_EQ(outcome.Count("truncates"), 0U) << outcome.text;
  EXPECT_EQ(Database(scene_.warehouse())
                .Number("SELECT count(*) FROM \"main.untyped\" WHERE NOT _fivetran_deleted"),
            kRowsOfEach);
}

TEST_F(ComparedTables, DamagedPageDeletesNothingThatWasNotRead) {
  SyncAndCompare();
  std::int64_t rows = 0;
  {
    Database database(scene_.source());
    database.Run("UPDATE numbered SET v = 'new' WHERE id = 3");
    rows = database.Number("SELECT count(*) FROM numbered");
  }
  // Damages a leaf page in the middle of the table.
  std::string bytes;
  {
    std::ifstream in(scene_.source(), std::ios::binary);
    bytes.assign((std::istreambuf_iterator<char>(in)), {});
  }
  const std::size_t page_bytes = 4096;
  const std::size_t at = bytes.find("v1500");
  ASSERT_NE(at, std::string::npos);
  const std::size_t page = at / page_bytes * page_bytes;
  {
    std::fstream out(scene_.source(), std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(page));
    out.write(std::string(64, '\xff').data(), 64);
  }
  const SyncOutcome outcome = scene_.RunSync();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_TRUE(AnyHolds(outcome.warnings(), "main.numbered: put aside")) << outcome.text;
  EXPECT_EQ(outcome.Count("deletes"), 0U) << outcome.text;
  EXPECT_EQ(outcome.Count("truncates"), 0U) << outcome.text;
  Database warehouse(scene_.warehouse());
  EXPECT_EQ(warehouse.Number("SELECT count(*) FROM \"main.numbered\" WHERE _fivetran_deleted = 0"),
            rows);
  EXPECT_EQ(warehouse.Number("SELECT count(*) FROM \"main.numbered\" WHERE v = 'new'"), 1);
}

}  // namespace
}  // namespace tributary::tests
