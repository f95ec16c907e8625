// Debian's SQLite reads its databases inside the sandbox.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/worker/sandbox/attempts.h"

namespace tributary {
namespace {

constexpr char kRows[] =
    "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
    "INSERT INTO t SELECT i, printf('row %d', i) FROM n;";

// Leaves the connection open; it is closed when the process ends.
void MakeDatabase(const std::string& path, const std::string& journal) {
  sqlite3* database = nullptr;
  const std::string script =
      "PRAGMA journal_mode=" + journal + "; PRAGMA wal_autocheckpoint=0; " + kRows;
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK ||
      sqlite3_exec(database, script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    ::_exit(1);
  }
}

// The number of rows, or SQLite's error.
std::string CountRows(const std::string& path) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::string answer;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(database, "SELECT count(*) FROM (SELECT v FROM t ORDER BY v)", -1,
                         &statement, nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW) {
    answer = std::to_string(sqlite3_column_int64(statement, 0));
  } else {
    answer = sqlite3_errmsg(database);
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return answer;
}

class SqliteTest : public testing::Test {
 protected:
  std::string CountInSandbox() const {
    return ComplaintsInSandbox(
        {.paths = {{path_, false}, {path_ + "-wal", false}, {path_ + "-shm", true}}},
        [&](Complaints& complaints) {
          const std::string rows = CountRows(path_);
          complaints.Check(rows == "20000", "rows: " + rows);
          // A second connection of the same worker can open the same files.
          complaints.Check(CountRows(path_) == "20000", "opened again");
        });
  }

  TestDirectory directory_;
  const std::string path_ = directory_.Path("source.db");
};

TEST_F(SqliteTest, RollbackDatabaseIsRead) {
  Companion writer([&](const std::function<void()>& ready) {
    MakeDatabase(path_, "delete");
    ready();
    for (;;) ::pause();
  });
  EXPECT_EQ(CountInSandbox(), "");
}

TEST_F(SqliteTest, WalDatabaseIsReadWhileItsWriterLives) {
  Companion writer([&](const std::function<void()>& ready) {
    MakeDatabase(path_, "wal");
    ready();
    for (;;) ::pause();
  });
  ASSERT_TRUE(std::filesystem::exists(path_ + "-wal"));
  EXPECT_EQ(CountInSandbox(), "");
}

// The first reader rebuilds the file -shm, so it must be able to truncate and write it.
TEST_F(SqliteTest, WalDatabaseWhoseWriterWasKilledIsRead) {
  {
    Companion writer([&](const std::function<void()>& ready) {
      MakeDatabase(path_, "wal");
      ready();
      for (;;) ::pause();
    });
  }
  ASSERT_TRUE(std::filesystem::exists(path_ + "-shm"));
  EXPECT_EQ(CountInSandbox(), "");
}

}  // namespace
}  // namespace tributary
