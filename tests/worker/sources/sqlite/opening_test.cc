// What may be opened, and what prevents a database from being read.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/worker/sources/sqlite/sample.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite_test {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kTables[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE other(v INTEGER);"
    "INSERT INTO other VALUES(1);"
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<3000) "
    "INSERT INTO t SELECT x, printf('%200d', x) FROM n";

// Runs `sql` in a process that ends without closing the database.
void RunAndDie(const std::string& path, const std::string& sql) {
  const pid_t process = ::fork();
  if (process == 0) {
    sqlite3* db = nullptr;
    sqlite3_open(path.c_str(), &db);
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(process, nullptr, 0);
}

class OpeningTest : public ::testing::Test {
 protected:
  OpeningTest() { std::filesystem::create_directory(root_); }
  absl::Status Prepared(const std::string& path) {
    return Reading(root_, path).prepared().status();
  }
  TempFolder folder_;
  const std::string root_ = folder_ / "root";
  const std::string path_ = root_ + "/a.db";
};

TEST_F(OpeningTest, OnlyDatabasesBelowTheRootAreOpened) {
  Database(path_).Run(kTables);
  Database(folder_ / "outside.db").Run(kTables);
  Database(folder_ / "root-beside.db").Run(kTables);
  std::filesystem::create_directory(root_ + "/folder");
  std::filesystem::create_symlink("a.db", root_ + "/inner");
  std::filesystem::create_symlink("../outside.db", root_ + "/outer");
  std::filesystem::create_symlink("..", root_ + "/up");
  std::filesystem::create_symlink("loop", root_ + "/loop");
  ASSERT_EQ(::mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  std::ofstream(root_ + "/text") << std::string(2000, 'x');
  std::ofstream(root_ + "/short") << "SQLite format 3";
  std::ofstream(root_ + "/empty");

  for (const std::string path : {"a.db", "./folder/../a.db", "inner", "empty"}) {
    EXPECT_TRUE(Prepared(path).ok()) << path << Prepared(path);
  }
  EXPECT_TRUE(Prepared(path_).ok());
  for (const std::string& path : {std::string(),
                                  std::string("missing.db"),
                                  std::string("../outside.db"),
                                  folder_ / "outside.db",
                                  folder_ / "root-beside.db",
                                  std::string("outer"),
                                  std::string("up/outside.db"),
                                  std::string("loop"),
                                  std::string("folder"),
                                  std::string("."),
                                  std::string("pipe"),
                                  std::string("text"),
                                  std::string("short"),
                                  std::string("a.db/x"),
                                  std::string("/dev/null"),
                                  std::string("/dev/zero"),
                                  std::string("/proc/self/status"),
                                  std::string("a.db\0", 5),
                                  std::string("a.db\0.txt", 9),
                                  std::string(5000, 'a'),
                                  std::string(":memory:"),
                                  "file:" + path_,
                                  std::string("../root-missing")}) {
    const absl::Status status = Prepared(path);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << path << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(";"))
        << "it does not say what to do: " << status;
  }
}

TEST_F(OpeningTest, ADeviceIsRefusedEvenWhereTheRootAllowsIt) {
  for (const std::string path : {"/dev/null", "/dev/zero", "/proc/self/status", "/proc/self/mem"}) {
    const absl::Status status = Reading("/", path).prepared().status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << path << ": " << status;
  }
}

TEST_F(OpeningTest, AFileThatMayNotBeReadIsThePersonsToMend) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  constexpr uid_t kNobody = 65534;
  Database(path_).Run(kTables);
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  for (const std::string& folder : {folder_.path(), root_}) {
    ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
  }
  ASSERT_EQ(::seteuid(kNobody), 0);
  const absl::Status status = Prepared("a.db");
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("permission denied; let"));
}

TEST_F(OpeningTest, TheSetupTestsPassOnADatabaseAndNameWhatFails) {
  Database(path_).Run(std::string(kTables) + "; CREATE TABLE k(a PRIMARY KEY) WITHOUT ROWID");
  Reading reading(root_, "a.db");
  EXPECT_TRUE(reading.source().Test("connect").ok()) << reading.source().Test("connect");
  EXPECT_TRUE(reading.source().Test("read").ok()) << reading.source().Test("read");
  EXPECT_TRUE(absl::IsInvalidArgument(reading.source().Test("fly")));
  std::ofstream(root_ + "/empty");
  EXPECT_TRUE(Reading(root_, "empty").source().Test("connect").ok());
}

TEST_F(OpeningTest, NothingIsWrittenToADatabaseThatIsRead) {
  Database(path_).Run(kTables);
  const auto bytes = [this] {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string before = bytes();
  const auto time = std::filesystem::last_write_time(path_);
  {
    Reading reading(root_, "a.db");
    EXPECT_EQ(reading.Read(reading.Table("t")).rows.size(), 3000u);
  }
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(std::filesystem::last_write_time(path_), time);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1);
}

TEST_F(OpeningTest, AWalDatabaseGetsTheSideFilesThatSqliteWouldMake) {
  Database(path_).Run(std::string("PRAGMA journal_mode=wal; ") + kTables);
  ASSERT_FALSE(std::filesystem::exists(path_ + "-wal"));
  Reading reading(root_, "a.db");
  ASSERT_TRUE(reading.prepared().ok());
  std::vector<std::string> needed;
  for (const SourceNeeds::Path& path : reading.prepared()->paths) {
    EXPECT_TRUE(std::filesystem::exists(path.path)) << path.path;
    EXPECT_EQ(path.writable, path.path == path_ + "-shm");
    needed.push_back(path.path);
  }
  EXPECT_THAT(needed, ::testing::ElementsAre(path_, path_ + "-wal", path_ + "-shm"));
  EXPECT_FALSE(reading.prepared()->connects());
  EXPECT_EQ(reading.Read(reading.Table("t")).rows.size(), 3000u);
}

TEST_F(OpeningTest, ALockThatStaysIsWaitedForAndThenNamed) {
  Database application(path_);
  application.Run(kTables);
  application.Run("BEGIN EXCLUSIVE");
  Reading reading(root_, "a.db", milliseconds(300));
  const auto catalog = reading.source().Describe({});
  EXPECT_TRUE(absl::IsUnavailable(catalog.status())) << catalog.status();
  EXPECT_THAT(std::string(catalog.status().message()), HasSubstr("lock"));
  EXPECT_GT(reading.pulse().beats, 3u);
  application.Run("COMMIT");
  EXPECT_EQ(reading.Describe().tables_size(), 2);
}

TEST_F(OpeningTest, ALockThatIsReleasedWhileWaitingCostsNothingElse) {
  Database application(path_);
  application.Run(kTables);
  application.Run("BEGIN EXCLUSIVE");
  class ReleasingPulse : public Pulse {
   public:
    explicit ReleasingPulse(Database& database) : database_(database) {}
    void Beat() override {
      if (++beats_ == 4) database_.Run("COMMIT");
    }

   private:
    Database& database_;
    int beats_ = 0;
  } pulse(application);
  const auto source = MakeSqliteSource(root_, "a.db", pulse, std::chrono::minutes(5));
  ASSERT_TRUE(source->Prepare().ok());
  const auto catalog = source->Describe({});
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  EXPECT_EQ(catalog->tables_size(), 2);
}

TEST_F(OpeningTest, AHotJournalIsLeftToTheApplicationWithWordsForTheUser) {
  Database(path_).Run(kTables);
  RunAndDie(path_, "PRAGMA cache_size=1; BEGIN; UPDATE t SET v = 'torn'; UPDATE other SET v = 2");
  ASSERT_GT(std::filesystem::file_size(path_ + "-journal"), 0u);
  Reading reading(root_, "a.db", milliseconds(500));
  ASSERT_TRUE(reading.prepared().ok());
  const auto catalog = reading.source().Describe({});
  EXPECT_TRUE(absl::IsFailedPrecondition(catalog.status())) << catalog.status();
  EXPECT_THAT(std::string(catalog.status().message()),
              HasSubstr("open it once with the application"));
  EXPECT_GT(std::filesystem::file_size(path_ + "-journal"), 0u);

  EXPECT_EQ(Database(path_).Ask("SELECT count(*) FROM t WHERE v = 'torn'"), "0");
  const Outcome outcome = reading.Read(reading.Table("t"));
  EXPECT_EQ(outcome.rows.size(), 3000u);
}

TEST_F(OpeningTest, AWalThatAKilledWriterLeftIsReadUpToItsLastCommit) {
  Database(path_).Run(std::string("PRAGMA journal_mode=wal; ") + kTables);
  RunAndDie(path_,
            "PRAGMA cache_size=1; UPDATE other SET v = 7; BEGIN; UPDATE t SET v = 'torn'; "
            "UPDATE other SET v = 8");
  Reading reading(root_, "a.db");
  const Outcome outcome = reading.Read(reading.Table("other"));
  ASSERT_EQ(outcome.rows.size(), 1u);
  EXPECT_EQ(outcome.rows[0].at("v").long_(), 7);
}

void Damage(const std::string& path, std::size_t offset, std::size_t bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file << std::string(bytes, '\xa5');
}

TEST_F(OpeningTest, ACorruptPageFailsItsTableAndNoOther) {
  Database(path_).Run(kTables);
  std::size_t root = 0;
  {
    Database database(path_);
    root = std::stoul(database.Ask("SELECT rootpage FROM sqlite_schema WHERE name='t'"));
  }
  Damage(path_, (root - 1) * 4096, 4096);
  Reading reading(root_, "a.db");
  const Outcome torn = reading.Read(reading.Table("t"));
  EXPECT_TRUE(absl::IsDataLoss(torn.status)) << torn.status;
  EXPECT_THAT(std::string(torn.status.message()), HasSubstr("\"t\""));
  EXPECT_EQ(reading.Read(reading.Table("other")).rows.size(), 1u);
  for (const Range& slice : reading.Cut(reading.Table("t"))) {
    EXPECT_TRUE(absl::IsDataLoss(reading.Read(reading.Table("t"), slice).status));
  }
}

TEST_F(OpeningTest, ACorruptCatalogIsThePersonsToMend) {
  Database(path_).Run(kTables);
  Damage(path_, 100, 3000);
  Reading reading(root_, "a.db");
  const auto catalog = reading.source().Describe({});
  EXPECT_TRUE(absl::IsFailedPrecondition(catalog.status())) << catalog.status();
  EXPECT_TRUE(absl::IsFailedPrecondition(reading.source().Test("connect")));
}

TEST_F(OpeningTest, ATruncatedFileIsAnErrorAndNoEmptyTable) {
  Database(path_).Run(kTables);
  Reading reading(root_, "a.db");
  const CatalogTable table = reading.Table("t");
  std::filesystem::resize_file(path_, 3 * 4096);
  const Outcome outcome = reading.Read(table);
  EXPECT_FALSE(outcome.status.ok());
  EXPECT_THAT(outcome.marks, ::testing::IsEmpty());
}

TEST_F(OpeningTest, AFileThatIsReplacedWhileOpenIsNotReadFurther) {
  Database(path_).Run(kTables);
  Database(root_ + "/b.db").Run(kTables);
  Reading reading(root_, "a.db", milliseconds(100));
  const CatalogTable table = reading.Table("t");
  std::filesystem::rename(root_ + "/b.db", path_);
  const Outcome outcome = reading.Read(table);
  EXPECT_TRUE(absl::IsUnavailable(outcome.status)) << outcome.status;
  std::filesystem::remove(path_);
  EXPECT_TRUE(absl::IsUnavailable(reading.Read(table).status));
}

// So that two changes never have the same time, since some kernels only count milliseconds.
void SetTimeApart(const std::string& path) {
  static std::chrono::seconds later(0);
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + ++later);
}

// A nightly copy that overwrites the one before: SQLite cannot distinguish the two files, because
// their change counters are equal.
TEST_F(OpeningTest, ASnapshotThatIsCopiedOverTheLastOneIsReadAndNothingOfTheLast) {
  const auto make = [this](const std::string& name, int version) {
    Database live(root_ + "/live.db");
    live.Run(std::string("DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS other;") + kTables +
             "; UPDATE t SET v = " + (version == 1 ? "'one'" : "'two'") + "; VACUUM INTO '" +
             root_ + "/" + name + "'");
  };
  make("a.db", 1);
  std::filesystem::copy_file(path_, root_ + "/one.db");
  std::filesystem::remove(root_ + "/live.db");
  make("two.db", 2);
  Reading reading(root_, "a.db");
  const CatalogTable table = reading.Table("t");
  for (const std::string wanted : {"one", "two", "one", "two"}) {
    std::filesystem::copy_file(root_ + "/" + wanted + ".db", path_,
                               std::filesystem::copy_options::overwrite_existing);
    SetTimeApart(path_);
    const Outcome outcome = reading.Read(table);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_EQ(outcome.rows.size(), 3000u);
    for (const Values& row : outcome.rows) ASSERT_EQ(row.at("v").string(), wanted);
    EXPECT_EQ(outcome.version, Reading(root_, "a.db").Describe().version());
  }
}

// A file system that is mounted read-only here and writable elsewhere.
TEST_F(OpeningTest, AnImmutableFileThatChangesIsReadAnewAndAWriterBesideItIsNotReadUnder) {
  Database(path_).Run(std::string("PRAGMA journal_mode=wal; ") + kTables);
  CountingPulse pulse;
  sqlite::Connection connection(
      {.path = path_, .named = "a.db", .below_root = "a.db", .immutable = true, .needs = {}}, pulse,
      milliseconds(100));
  const auto read = [&connection]() -> std::string {
    const auto version = connection.Begin();
    if (!version.ok()) return version.status().ToString();
    sqlite::TransactionScope transaction(connection);
    const auto sum = connection.Prepare("SELECT sum(v) FROM other", "other");
    if (!sum.ok()) return sum.status().ToString();
    sqlite3_step(sum->get());
    std::string text = sqlite::ColumnText(sum->get(), 0);
    sqlite3_reset(sum->get());
    const absl::Status ended = transaction.End();
    return ended.ok() ? text : ended.ToString();
  };
  EXPECT_EQ(read(), "1");
  Database(path_).Run("UPDATE other SET v = 2; PRAGMA wal_checkpoint(TRUNCATE)");
  SetTimeApart(path_);
  EXPECT_EQ(read(), "2");
  {
    Database writer(path_);
    writer.Run("UPDATE other SET v = 3");
    EXPECT_THAT(read(), HasSubstr("UNAVAILABLE"));
  }
  SetTimeApart(path_);
  EXPECT_EQ(read(), "3");
}

TEST_F(OpeningTest, SideFilesCanBeWrittenByWhoMayWriteToTheDatabaseWhateverTheUmask) {
  Database(path_).Run(std::string("PRAGMA journal_mode=wal; ") + kTables);
  ASSERT_EQ(::chmod(path_.c_str(), 0664), 0);
  const mode_t umask_before = ::umask(0022);
  EXPECT_TRUE(Prepared("a.db").ok());
  ::umask(umask_before);
  for (const char* const side : {"-wal", "-shm"}) {
    struct stat made {};
    ASSERT_EQ(::stat((path_ + side).c_str(), &made), 0) << side;
    EXPECT_EQ(made.st_mode & 0777, 0664u) << side;
  }
}

// A function's error text may quote a value.
TEST_F(OpeningTest, AnErrorThatARowCausesSaysNothingOfItsValues) {
  Database(path_).Run(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, doc TEXT, path TEXT);"
      "INSERT INTO t VALUES(1, '{}', 'SECRET-4111');"
      "ALTER TABLE t ADD COLUMN g AS (json_extract(doc, path))");
  Reading reading(root_, "a.db");
  const Outcome outcome = reading.Read(reading.Table("t"));
  EXPECT_TRUE(absl::IsDataLoss(outcome.status)) << outcome.status;
  EXPECT_THAT(outcome.status.ToString(), ::testing::Not(HasSubstr("SECRET")));
  const absl::Status tried = reading.source().Test("read");
  EXPECT_FALSE(tried.ok());
  EXPECT_THAT(tried.ToString(), ::testing::Not(HasSubstr("SECRET")));
}

}  // namespace
}  // namespace tributary::sqlite_test
