// A database with a rollback journal, its application and a reader, which affect each other only
// through files and locks: the application is a separate process, with a timeout of five seconds,
// which is common.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/process/time_promise.h"
#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr int kBusyTimeoutMilliseconds = 5000;
// One turn, and some more time on a busy machine.
constexpr milliseconds kLongestWait = tests::kSlowness * milliseconds(2500);

// Runs statements one after another, as they arrive in a pipe.
class Application {
 public:
  // Must be called before this process opens a database: SQLite connections do not survive a fork.
  explicit Application(const std::string& path) {
    EXPECT_EQ(::pipe(requests_), 0);
    EXPECT_EQ(::pipe(replies_), 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::close(requests_[1]);
      Serve(path);
      ::_exit(0);
    }
    ::close(requests_[0]);
    ::close(replies_[1]);
  }
  ~Application() {
    ::close(requests_[1]);
    ::waitpid(process_, nullptr, 0);
    ::close(replies_[0]);
  }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Whether the statement succeeded before the timeout, and how long it took.
  struct Reply {
    int code = SQLITE_ERROR;
    milliseconds waited{};
  };
  Reply Run(const std::string& sql) {
    Reply reply;
    EXPECT_EQ(::write(requests_[1], sql.data(), sql.size()), static_cast<ssize_t>(sql.size()));
    EXPECT_EQ(::read(replies_[0], &reply, sizeof(reply)), ssize_t{sizeof(reply)});
    return reply;
  }

 private:
  void Serve(const std::string& path) {
    sqlite3* db = nullptr;
    char sql[1000];
    ssize_t size = 0;
    while ((size = ::read(requests_[0], sql, sizeof(sql))) > 0) {
      if (db == nullptr) sqlite3_open(path.c_str(), &db);
      sqlite3_busy_timeout(db, kBusyTimeoutMilliseconds);
      const auto start = Clock::now();
      Reply reply;
      reply.code = sqlite3_exec(db, std::string(sql, static_cast<std::size_t>(size)).c_str(),
                                nullptr, nullptr, nullptr);
      reply.waited = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
      if (::write(replies_[1], &reply, sizeof(reply)) != ssize_t{sizeof(reply)}) break;
    }
    sqlite3_close(db);
  }

  int requests_[2];
  int replies_[2];
  pid_t process_ = -1;
};

// Takes the lock that a commit needs, without a change.
constexpr char kLockAlone[] = "BEGIN EXCLUSIVE; COMMIT";
constexpr char kChange[] = "UPDATE other SET v = v + 1";

class TurnsTest : public ::testing::Test {
 protected:
  TurnsTest() { database_.Run("CREATE TABLE other(v INTEGER); INSERT INTO other VALUES(0)"); }

  // Rows that each take a millisecond or two to read.
  void FillSlowly(int rows) {
    database_.Run(
        absl::StrCat("CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER AS "
                     "(length(hex(zeroblob(1000000 + id % 2)))));"
                     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
                     rows, ") INSERT INTO t(id) SELECT i FROM n"));
  }
  void Expect(const Application::Reply& reply) {
    EXPECT_EQ(reply.code, SQLITE_OK) << "database is locked";
    EXPECT_LE(reply.waited.count(), kLongestWait.count());
  }

  TempFolder folder_;
  Application application_{folder_ / "t.db"};
  Database database_{folder_ / "t.db"};
};

// Thousands of slow rows: a single transaction would hold the lock for six seconds and more.
constexpr int kSlowRows = 6000 / tests::kSlowness;

TEST_F(TurnsTest, ASliceLetsOthersHaveTheLockEverySecondAndEndsAsOneReading) {
  FillSlowly(kSlowRows);
  Reading reading(folder_.path(), "t.db");
  const CatalogTable table = reading.Table("t");
  std::atomic<bool> over = false;
  std::thread others([this, &over] {
    while (!over) {
      Expect(application_.Run(kLockAlone));
      std::this_thread::sleep_for(milliseconds(300));
    }
  });
  const auto start = Clock::now();
  const Outcome outcome = reading.Read(table);
  const auto took = Clock::now() - start;
  over = true;
  others.join();
  EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE) << outcome.status;
  EXPECT_EQ(outcome.rows.size(), std::size_t{kSlowRows});
  EXPECT_TRUE(outcome.remarks().empty());
  EXPECT_GT(took, 2 * limits::kSqliteTurn) << "a single turn suffices to read it";
}

TEST_F(TurnsTest, ACommitWithinASliceWaitsForOneTurnAndIsSaid) {
  FillSlowly(kSlowRows);
  Reading reading(folder_.path(), "t.db");
  const CatalogTable table = reading.Table("t");
  std::thread commit([this] {
    std::this_thread::sleep_for(milliseconds(500));
    Expect(application_.Run(kChange));
  });
  const Outcome outcome = reading.Read(table);
  commit.join();
  EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::MOVED) << outcome.status;
  EXPECT_LT(outcome.rows.size(), std::size_t{kSlowRows});
  // The same reader reads the table's current rows.
  EXPECT_EQ(reading.Read(reading.Table("other")).rows.size(), 1u);
}

TEST_F(TurnsTest, OnePieceIsOneTransactionAndSaysHowLongCommitsWaited) {
  FillSlowly(kSlowRows / 2);
  Reading reading(folder_.path(), "t.db");
  const CatalogTable table = reading.Table("t");
  reading.in_one_piece = true;
  Application::Reply reply;
  std::thread commit([this, &reply] {
    std::this_thread::sleep_for(milliseconds(200));
    reply = application_.Run(kChange);
  });
  const Outcome outcome = reading.Read(table);
  commit.join();
  EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE) << outcome.status;
  EXPECT_EQ(outcome.rows.size(), std::size_t{kSlowRows / 2});
  ASSERT_EQ(outcome.remarks().size(), 1u);
  const ColumnRemark remark = outcome.remarks().front();
  EXPECT_EQ(remark.what(), ColumnRemark::HELD_UP_COMMITS);
  EXPECT_FALSE(remark.has_column());
  EXPECT_GE(milliseconds(std::chrono::seconds(remark.values())).count(), reply.waited.count());
  EXPECT_GT(reply.waited, limits::kSqliteTurn);
}

TEST_F(TurnsTest, NoCommitWaitsForARingThatIsFull) {
  struct Case {
    const char* sql;
    bool in_one_piece;
    AssignmentEnd::Outcome outcome;
  };
  constexpr std::size_t kRows = 60'000;
  database_.Run(
      absl::StrCat("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
                   kRows, ") INSERT INTO t SELECT i, printf('%400d', i) FROM n"));
  for (const Case& one :
       {Case{kLockAlone, false, AssignmentEnd::DONE}, Case{kLockAlone, true, AssignmentEnd::DONE},
        Case{kChange, false, AssignmentEnd::MOVED}, Case{kChange, true, AssignmentEnd::MOVED}}) {
    Reading reading(folder_.path(), "t.db");
    const CatalogTable table = reading.Table("t");
    reading.in_one_piece = one.in_one_piece;
    int frames = 0;
    reading.before_frame = [&] {
      if (++frames != 20) return;
      // A client pauses; the ring, which holds a third of the table, becomes full.
      std::this_thread::sleep_for(milliseconds(1000));
      Expect(application_.Run(one.sql));
    };
    const Outcome outcome = reading.Read(table);
    EXPECT_EQ(outcome.end.outcome(), one.outcome) << outcome.status;
    // If the table is read in one piece, the lock is held until the ring has been full for half a
    // second.
    EXPECT_TRUE(one.in_one_piece || outcome.remarks().empty());
    EXPECT_EQ(outcome.rows.size() == kRows, one.outcome == AssignmentEnd::DONE);
  }
}

TEST_F(TurnsTest, ALogLetsCommitsThroughAndIsReadInOneTransaction) {
  constexpr std::size_t kRows = 60'000;
  database_.Run(
      absl::StrCat("PRAGMA journal_mode=wal; CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
                   kRows, ") INSERT INTO t SELECT i, printf('%400d', i) FROM n"));
  Reading reading(folder_.path(), "t.db");
  const CatalogTable table = reading.Table("t");
  int frames = 0;
  reading.before_frame = [&] {
    if (++frames != 20) return;
    std::this_thread::sleep_for(milliseconds(500));
    Expect(application_.Run("DELETE FROM t"));
  };
  const Outcome outcome = reading.Read(table);
  EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE) << outcome.status;
  EXPECT_EQ(outcome.rows.size(), kRows);
  EXPECT_TRUE(reading.Read(table).rows.empty());
}

// The ways in which a reader finds the row after which it stopped.
TEST_F(TurnsTest, EachRowIsReadOnceHoweverOftenTheTransactionIsGivenUp) {
  sqlite3_create_collation(database_.db(), "OWN", SQLITE_UTF8, nullptr,
                           [](void*, int a, const void* left, int b, const void* right) {
                             return std::string_view(static_cast<const char*>(right),
                                                     std::size_t(b))
                                 .compare({static_cast<const char*>(left), std::size_t(a)});
                           });
  std::string wide = "CREATE TABLE wide(k INTEGER PRIMARY KEY, v TEXT";
  for (int column = 2; column < 2000; ++column) absl::StrAppend(&wide, ", c", column);
  struct Case {
    std::string name, declaration;
    int rows = 30'000;
    int value_bytes = 500;
  };
  for (const Case& table : std::vector<Case>{
           {"rowids", "CREATE TABLE rowids(k INTEGER, v TEXT)"},
           {"keyed", "CREATE TABLE keyed(k INTEGER PRIMARY KEY, v TEXT) WITHOUT ROWID"},
           {"down", "CREATE TABLE down(k, v TEXT, PRIMARY KEY(k DESC)) WITHOUT ROWID"},
           {"own", "CREATE TABLE own(k TEXT COLLATE OWN PRIMARY KEY, v TEXT) WITHOUT ROWID"},
           {"hidden", "CREATE TABLE hidden(k INTEGER, v TEXT, rowid, oid, _rowid_)"},
           {"wide", wide + ")", 400},
           {"large", "CREATE TABLE large(k INTEGER PRIMARY KEY, v TEXT)", 8, 5'000'000},
           {"large_own", "CREATE TABLE large_own(k TEXT COLLATE OWN PRIMARY KEY, v) WITHOUT ROWID",
            8, 5'000'000},
       }) {
    SCOPED_TRACE(table.name);
    database_.Run(table.declaration);
    database_.Run(
        absl::StrCat("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
                     table.rows, ") INSERT INTO ", table.name, "(k, v) SELECT i, printf('%.*c', ",
                     table.value_bytes, ", 'x') FROM n"));
    Reading reading(folder_.path(), "t.db");
    const CatalogTable described = reading.Table(table.name);
    Clock::time_point next_pause;
    int locked = 0;
    reading.before_frame = [&] {
      if (locked == 2 || Clock::now() < next_pause) return;
      // Longer than the ring may be full before the reader ends its transaction.
      std::this_thread::sleep_for(milliseconds(700));
      Expect(application_.Run(kLockAlone));
      ++locked;
      next_pause = Clock::now() + milliseconds(20);
    };
    const Outcome outcome = reading.Read(described);
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE) << outcome.status;
    EXPECT_GE(locked, 1);
    std::set<std::string> keys;
    for (const Values& row : outcome.rows) keys.insert(row.at("k").DebugString());
    EXPECT_EQ(outcome.rows.size(), static_cast<std::size_t>(table.rows));
    EXPECT_EQ(keys.size(), static_cast<std::size_t>(table.rows));
    database_.Run("DROP TABLE " + table.name);
  }
}

TEST_F(TurnsTest, RowsThatAreTooLargeAreLeftOutWhereNoBoundCanBeNamedToo) {
  database_.Run(
      "CREATE TABLE t(k, v, rowid, oid, _rowid_);"
      "INSERT INTO t(k, v) VALUES(1, 1), (2, zeroblob(170*1024*1024)), (3, 3), "
      "(4, zeroblob(170*1024*1024)), (5, 5)");
  Reading reading(folder_.path(), "t.db");
  const Outcome outcome = reading.Read(reading.Table("t"));
  EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE) << outcome.status;
  std::vector<std::int64_t> keys;
  for (const Values& row : outcome.rows) keys.push_back(row.at("k").long_());
  EXPECT_THAT(keys, ::testing::ElementsAre(1, 3, 5));
  ASSERT_EQ(outcome.remarks().size(), 1u);
  EXPECT_EQ(outcome.remarks()[0].values(), 2u);
}

}  // namespace
}  // namespace tributary::sqlite_test
