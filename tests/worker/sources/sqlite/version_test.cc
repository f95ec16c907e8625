// A version names what a transaction reads: equal names mean equal content.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

// A process that commits as fast as it can until it is killed: all rows of `t` always have the same
// value.
class BusyWriter {
 public:
  BusyWriter(const std::string& path, const std::string& between) : process_(::fork()) {
    if (process_ != 0) return;
    sqlite3* db = nullptr;
    sqlite3_open(path.c_str(), &db);
    sqlite3_busy_timeout(db, 10'000);
    sqlite3_exec(db, "PRAGMA synchronous=off", nullptr, nullptr, nullptr);
    for (int commit = 0;; ++commit) {
      sqlite3_exec(db, "UPDATE t SET v = v + 1", nullptr, nullptr, nullptr);
      if (commit % 50 == 0) sqlite3_exec(db, between.c_str(), nullptr, nullptr, nullptr);
    }
  }
  ~BusyWriter() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  BusyWriter(const BusyWriter&) = delete;
  BusyWriter& operator=(const BusyWriter&) = delete;

 private:
  pid_t process_;
};

std::string VersionNow(const std::string& root) {
  return Reading(root, "v.db").Describe().version();
}

// As another process sees it.
std::string VersionElsewhere(const std::string& root) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t process = ::fork();
  if (process == 0) {
    const std::string version = VersionNow(root);
    ::_exit(::write(ends[1], version.data(), version.size()) < 0);
  }
  ::close(ends[1]);
  std::string version(64, '\0');
  const ssize_t got = ::read(ends[0], version.data(), version.size());
  version.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(ends[0]);
  ::waitpid(process, nullptr, 0);
  return version;
}

class VersionTest : public ::testing::TestWithParam<const char*> {
 protected:
  VersionTest() {
    Database database(folder_ / "v.db");
    database.Run(std::string("PRAGMA journal_mode=") + GetParam() +
                 "; CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER);"
                 "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<200) "
                 "INSERT INTO t SELECT x, 0 FROM n");
  }
  bool wal() const { return std::string(GetParam()) == "wal"; }
  TempFolder folder_;
};

TEST_P(VersionTest, EqualVersionsHaveReadEqualContentWhileAWriterIsBusy) {
  const BusyWriter writer(folder_ / "v.db", wal() ? "PRAGMA wal_checkpoint(TRUNCATE)" : "SELECT 1");
  Reading one(folder_.path(), "v.db", std::chrono::seconds(30));
  Reading two(folder_.path(), "v.db", std::chrono::seconds(30));
  const CatalogTable table = one.Table("t");
  std::map<std::string, std::int64_t> content;
  std::set<std::int64_t> contents;
  for (int read = 0; read < 400; ++read) {
    const Outcome outcome = (read % 2 == 0 ? one : two).Read(table);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_EQ(outcome.rows.size(), 200u);
    const std::int64_t value = outcome.rows[0].at("v").long_();
    for (const Values& row : outcome.rows) ASSERT_EQ(row.at("v").long_(), value);
    const std::string& version = outcome.version;
    EXPECT_LE(version.size(), 40u);
    // Each commit could be named.
    EXPECT_NE(version[0], 'x');
    const auto [known, is_new] = content.emplace(version, value);
    ASSERT_EQ(known->second, value) << version;
    contents.insert(value);
  }
  EXPECT_GT(contents.size(), 10u);
}

TEST_P(VersionTest, AnIdleFileKeepsItsVersionAcrossConnectionsAndProcesses) {
  const std::string version = VersionNow(folder_.path());
  EXPECT_EQ(VersionNow(folder_.path()), version);
  EXPECT_EQ(VersionElsewhere(folder_.path()), version);
  {
    Reading open(folder_.path(), "v.db");
    EXPECT_EQ(open.Describe().version(), version);
    EXPECT_EQ(VersionElsewhere(folder_.path()), version);
  }
  // An application that only reads.
  Database(folder_ / "v.db").Ask("SELECT count(*) FROM t");
  EXPECT_EQ(VersionElsewhere(folder_.path()), version);
}

TEST_P(VersionTest, AnIdleApplicationThatStaysConnectedDoesNotMoveIt) {
  Database application(folder_ / "v.db");
  application.Run("UPDATE t SET v = 5");
  const std::string version = VersionNow(folder_.path());
  EXPECT_EQ(VersionNow(folder_.path()), version);
  EXPECT_EQ(VersionElsewhere(folder_.path()), version);
}

TEST_P(VersionTest, EveryCommitGivesAnotherVersion) {
  std::set<std::string> versions{VersionNow(folder_.path())};
  Database application(folder_ / "v.db");
  for (int commit = 1; commit <= 30; ++commit) {
    application.Run("UPDATE t SET v = v + 1");
    versions.insert(VersionNow(folder_.path()));
    if (commit % 7 == 0 && wal()) application.Run("PRAGMA wal_checkpoint(RESTART)");
  }
  EXPECT_EQ(versions.size(), 31u);
}

TEST_P(VersionTest, AFileThatReplacesAnotherIsNotTakenForIt) {
  const std::string before = VersionNow(folder_.path());
  std::filesystem::copy_file(folder_ / "v.db", folder_ / "new.db");
  std::filesystem::rename(folder_ / "new.db", folder_ / "v.db");
  EXPECT_NE(VersionNow(folder_.path()), before);
}

INSTANTIATE_TEST_SUITE_P(JournalModes, VersionTest,
                         ::testing::Values("wal", "delete", "truncate", "persist"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace tributary::sqlite_test
