// Several small tables in one transaction, and what ends it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::NewDatabase;
using postgresql_test::Outcome;
using postgresql_test::Reading;
using postgresql_test::Server;
using testing::ElementsAre;

// Tables t0 to t4. Table t`i` has i + 1 rows.
class SmallTablesTest : public testing::Test {
 protected:
  static constexpr int kTables = 5;

  SmallTablesTest() {
    for (int i = 0; i < kTables; ++i) {
      database_.Run(absl::StrCat("CREATE TABLE t", i, " (id integer PRIMARY KEY, v text);",
                                 "INSERT INTO t", i, " SELECT i, 'v' FROM generate_series(0, ", i,
                                 ") i"));
    }
    reading_.whole_from = 1;
  }

  std::vector<CatalogTable> Tables() {
    std::vector<CatalogTable> tables;
    for (int i = 0; i < kTables; ++i) tables.push_back(reading_.Table(absl::StrCat("t", i)));
    return tables;
  }

  // The number of rows of each table; -1: it was not read.
  static std::vector<int> RowsOf(const std::vector<Outcome>& outcomes) {
    std::vector<int> rows;
    for (const Outcome& one : outcomes) {
      const bool done = one.status.ok() && one.end.outcome() == AssignmentEnd::DONE;
      rows.push_back(done ? static_cast<int>(one.rows.size()) : -1);
    }
    return rows;
  }

  // How many different snapshots they were read in.
  static std::size_t SnapshotsOf(const std::vector<Outcome>& outcomes) {
    std::set<std::string> snapshots;
    for (const Outcome& one : outcomes) {
      if (one.status.ok()) snapshots.insert(one.opened.snapshot().SerializeAsString());
    }
    return snapshots.size();
  }

  void ExpectNoTransaction() const {
    EXPECT_EQ(Server().Ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                           "'tributary' AND state LIKE '%transaction%'"),
              "0");
  }

  const NewDatabase database_{"SELECT"};
  Reading reading_{database_.name()};
  // Each table that is read begins with another number of a transaction.
  const std::function<void()> another_ = [this] { database_.Run("SELECT pg_current_xact_id()"); };
};

TEST_F(SmallTablesTest, ShareATransaction) {
  const auto outcomes = reading_.ReadAll(Tables(), another_);
  EXPECT_THAT(RowsOf(outcomes), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(SnapshotsOf(outcomes), 1u);
  std::set<std::string> contents;
  for (const Outcome& one : outcomes) contents.insert(one.opened.content());
  EXPECT_EQ(contents.size(), std::size_t{kTables}) << "each has its own file";
  ExpectNoTransaction();
}

TEST_F(SmallTablesTest, ATableThatIsNotSmallIsReadAlone) {
  database_.Run("INSERT INTO t2 SELECT i, repeat('v', 1000) FROM generate_series(10, 1000) i");
  const auto outcomes = reading_.ReadAll(Tables(), another_);
  EXPECT_THAT(RowsOf(outcomes), ElementsAre(1, 2, 994, 4, 5));
  // Before it, it, and after it.
  EXPECT_EQ(SnapshotsOf(outcomes), 3u);
  ExpectNoTransaction();
}

// Between the catalog and the read.
TEST_F(SmallTablesTest, WhatCannotBeReadKeepsNoOtherTableFromIt) {
  const struct {
    const char* what;
    const char* sql;
    absl::StatusCode code;
  } kCases[] = {
      {"is locked", "BEGIN; LOCK TABLE t1 IN ACCESS EXCLUSIVE MODE", absl::StatusCode::kDataLoss},
      {"has another type", "BEGIN; COMMIT; ALTER TABLE t1 ALTER v TYPE bytea USING v::bytea",
       absl::StatusCode::kNotFound},
      {"is another table", "ALTER TABLE t1 RENAME TO old; CREATE TABLE t1 (id integer PRIMARY KEY)",
       absl::StatusCode::kNotFound},
      {"is gone", "DROP TABLE t1", absl::StatusCode::kNotFound},
  };
  const auto tables = Tables();
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.what);
    const auto session = Server().Connect(database_.name());
    ASSERT_TRUE((*session)->Execute(one.sql).ok());
    const auto outcomes = reading_.ReadAll(tables, another_);
    EXPECT_THAT(RowsOf(outcomes), ElementsAre(1, -1, 3, 4, 5));
    EXPECT_EQ(outcomes[1].status.code(), one.code) << outcomes[1].status;
    ExpectNoTransaction();
  }
}

TEST_F(SmallTablesTest, ABrokenConnectionBeginsAnother) {
  int read = 0;
  const auto outcomes = reading_.ReadAll(Tables(), [&] {
    if (++read != 2) return;
    postgresql_test::Execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
        "application_name = 'tributary'");
  });
  EXPECT_THAT(RowsOf(outcomes).front(), 1);
  EXPECT_EQ(outcomes.back().rows.size(), 5u);
  for (const Outcome& one : outcomes) EXPECT_TRUE(one.status.ok()) << one.status;
}

// The server is asked to flush its log before a transaction, and never within one.
TEST_F(SmallTablesTest, AreReadInTheirTransactionWhereCommitsAreAsynchronous) {
  ASSERT_TRUE(Server().Set({{"synchronous_commit", "off"}, {"wal_writer_delay", "10s"}}).ok());
  ASSERT_TRUE(Server().Reload().ok());
  const auto tables = Tables();
  for (int round = 0; round < 2; ++round) {
    another_();
    const auto outcomes = reading_.ReadAll(tables, another_);
    EXPECT_THAT(RowsOf(outcomes), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(SnapshotsOf(outcomes), 1u);
    ExpectNoTransaction();
  }
  EXPECT_EQ(Server().log().find("transaction in progress"), std::string::npos);
  ASSERT_TRUE(Server().Set({{"synchronous_commit", "on"}, {"wal_writer_delay", "200ms"}}).ok());
  ASSERT_TRUE(Server().Reload().ok());
}

TEST_F(SmallTablesTest, ShareItAlsoIfColumnsAreNotReadByTheirNames) {
  database_.Run(
      "ALTER TABLE t1 ADD COLUMN g integer GENERATED ALWAYS AS (id) STORED;"
      "ALTER TABLE t3 ADD COLUMN a aclitem DEFAULT 'postgres=r/postgres'");
  const auto outcomes = reading_.ReadAll(Tables(), another_);
  EXPECT_THAT(RowsOf(outcomes), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(SnapshotsOf(outcomes), 1u);
}

// A pause is wanted if the gate refuses the slice: its snapshot is too old, for the others as well.
TEST_F(SmallTablesTest, APauseEndsTheTransaction) {
  reading_.pause_after_marks = 0;
  const auto outcomes = reading_.ReadAll(Tables(), another_);
  EXPECT_EQ(SnapshotsOf(outcomes), std::size_t{kTables});
  ExpectNoTransaction();
}

}  // namespace
}  // namespace tributary::postgresql
