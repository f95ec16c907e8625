// Cutting tables of a real server, and reading slices of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/process/processes.h"
#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::ConfigurationOf;
using postgresql_test::Execute;
using postgresql_test::Ids;
using postgresql_test::NewDatabase;
using postgresql_test::Outcome;
using postgresql_test::Reading;
using postgresql_test::Server;
using postgresql_test::TextOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

Range MakeRange(const std::string& from, const std::string& to) {
  Range range;
  range.set_from(from);
  range.set_to(to);
  return range;
}

TEST(PostgresqlCopy, ALockedTableIsGivenUpAfterThePatienceAndNamed) {
  const NewDatabase database("CREATE TABLE t (id integer PRIMARY KEY)");
  Reading reading(ConfigurationOf(database.name()), std::chrono::milliseconds(300));
  const CatalogTable table = reading.Table("t");
  const auto locker = Server().Connect(database.name());
  ASSERT_TRUE((*locker)->Execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE").ok());
  const Outcome outcome = reading.Read(table);
  EXPECT_TRUE(absl::IsDataLoss(outcome.status)) << outcome.status;
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("pg_locks"));
  ASSERT_TRUE((*locker)->Execute("ROLLBACK").ok());
  EXPECT_TRUE(reading.Read(table).status.ok());
}

// COPY takes its snapshot before it waits for a lock, and would then read nothing here.
TEST(PostgresqlCopy, RowsAreAllThereBehindARewriteThatItWaitedFor) {
  const NewDatabase database(
      "CREATE TABLE t (id integer PRIMARY KEY, v text);"
      "INSERT INTO t SELECT i, 'v' FROM generate_series(1, 1000) i;"
      "CREATE TABLE r (id integer PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (10000);"
      "INSERT INTO r SELECT generate_series(1, 1000);"
      "CREATE MATERIALIZED VIEW m AS SELECT generate_series(1, 1000) AS id");
  for (const auto& [name, rewrite] :
       {std::pair("t", "TRUNCATE t; INSERT INTO t SELECT i, 'w' FROM generate_series(1, 500) i"),
        std::pair("t", "ALTER TABLE t ALTER v TYPE text USING upper(v)"),
        std::pair("r", "TRUNCATE r1; INSERT INTO r SELECT generate_series(1, 500)"),
        std::pair("m", "REFRESH MATERIALIZED VIEW m")}) {
    SCOPED_TRACE(name);
    Reading reading(ConfigurationOf(database.name()), std::chrono::milliseconds(10'000));
    const CatalogTable table = reading.Table(name);
    const auto writer = Server().Connect(database.name());
    ASSERT_TRUE((*writer)->Execute(absl::StrCat("BEGIN; ", rewrite)).ok());
    std::thread commits([&writer] {
      EXPECT_TRUE(tests::Eventually(
          [] { return Server().Ask("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"; }));
      EXPECT_TRUE((*writer)->Execute("COMMIT").ok());
    });
    const Outcome outcome = reading.Read(table);
    commits.join();
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.rows.size(), std::string(name) == "m" ? 1000u : 500u);
  }
}

TEST(PostgresqlCopy, SlicesHaveEachRowOnceWithMarksBetween) {
  const NewDatabase database(
      "CREATE TABLE t (id integer PRIMARY KEY, pad text, big text);"
      "ALTER TABLE t ALTER big SET STORAGE EXTERNAL;"
      "INSERT INTO t SELECT i, repeat('p', 300), CASE WHEN i % 50 = 0 THEN repeat('b', 9000) END "
      "FROM generate_series(1, 60000) i");
  Reading reading(database.name());
  const CatalogTable table = reading.Table("t");
  const std::vector<Range> slices = reading.Cut(table);
  ASSERT_GE(slices.size(), 2u);
  EXPECT_EQ(slices.front().from(), "");
  EXPECT_EQ(slices.back().to(), "");
  // The last slice reads rows that were added after the cut.
  database.Run("INSERT INTO t SELECT generate_series(60001, 70000), repeat('p', 300)");
  std::multiset<std::string> ids;
  std::size_t marks = 0;
  std::string before = slices.front().from();
  for (const Range& slice : slices) {
    EXPECT_EQ(slice.from(), before);
    before = slice.to();
    const Outcome outcome = reading.Read(table, slice);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE);
    ASSERT_FALSE(outcome.marks.empty());
    EXPECT_EQ(outcome.marks.back().at, slice.to());
    EXPECT_EQ(outcome.marks.back().rows_before, outcome.rows.size());
    EXPECT_THAT(outcome.opened.content(), HasSubstr("file "));
    EXPECT_GT(outcome.opened.snapshot().all_before(), 0u);
    EXPECT_GT(outcome.opened.bound().commit(), 0u);
    marks += outcome.marks.size();
    for (const std::string& id : Ids(outcome)) ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 70000u);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 70000u);
  EXPECT_GT(marks, slices.size());
}

TEST(PostgresqlCopy, APausedSliceGoesOnAtItsMark) {
  const NewDatabase database(
      "CREATE TABLE t (id integer PRIMARY KEY, pad text);"
      "INSERT INTO t SELECT i, repeat('p', 300) FROM generate_series(1, 60000) i");
  Reading reading(database.name());
  const CatalogTable table = reading.Table("t");
  reading.pause_after_marks = 1;
  std::set<std::string> ids;
  Range rest;
  int pauses = 0;
  for (;;) {
    const Outcome outcome = reading.Read(table, rest);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.marks.empty());
    EXPECT_EQ(outcome.marks.back().rows_before, outcome.rows.size()) << "rows after the last mark";
    for (const std::string& id : Ids(outcome)) EXPECT_TRUE(ids.insert(id).second) << id;
    if (outcome.end.outcome() == AssignmentEnd::DONE) break;
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::PAUSED);
    rest.set_from(outcome.marks.back().at);
    ++pauses;
  }
  EXPECT_GE(pauses, 2);
  EXPECT_EQ(ids.size(), 60000u);
}

TEST(PostgresqlCopy, APartitionedTableIsReadByBlocksOfItsLeaves) {
  // Small partitions share a slice, a large one has several; there are two levels, and some
  // partitions are empty.
  const NewDatabase database(
      "CREATE TABLE r (id integer, k integer, pad text, PRIMARY KEY (id, k)) "
      "PARTITION BY LIST (k);"
      "CREATE TABLE empty PARTITION OF r FOR VALUES IN (0);"
      "CREATE TABLE large PARTITION OF r FOR VALUES IN (1);"
      "CREATE TABLE middle PARTITION OF r FOR VALUES IN (2, 3) PARTITION BY LIST (k);"
      "CREATE TABLE small_2 PARTITION OF middle FOR VALUES IN (2);"
      "CREATE TABLE small_3 PARTITION OF middle FOR VALUES IN (3);"
      "CREATE TABLE rest PARTITION OF r DEFAULT;"
      "INSERT INTO r SELECT i, 1, repeat('p', 300) FROM generate_series(1, 90000) i;"
      "INSERT INTO r SELECT i, 2 + i % 3, 'small' FROM generate_series(90001, 93000) i");
  Reading reading(database.name());
  const CatalogTable table = reading.Table("r");
  const std::vector<Range> slices = reading.Cut(table);
  ASSERT_GE(slices.size(), 3u);
  EXPECT_LE(slices.size(), 9u);
  // Rows that are added after the cut are read by the last slice, or by a partition's own slice.
  database.Run("INSERT INTO r SELECT i, 4, repeat('p', 300) FROM generate_series(93001, 95000) i");
  reading.pause_after_marks = 2;
  std::multiset<std::string> ids;
  int pauses = 0;
  std::set<std::string> contents;
  for (Range slice : slices) {
    for (;;) {
      const Outcome outcome = reading.Read(table, slice);
      ASSERT_TRUE(outcome.status.ok()) << outcome.status;
      contents.insert(outcome.opened.content());
      for (const std::string& id : Ids(outcome)) ids.insert(id);
      if (outcome.end.outcome() == AssignmentEnd::DONE) break;
      EXPECT_EQ(outcome.marks.back().rows_before, outcome.rows.size());
      slice.set_from(outcome.marks.back().at);
      ++pauses;
    }
  }
  EXPECT_GT(pauses, 0);
  EXPECT_EQ(ids.size(), 95000u);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 95000u);
  EXPECT_EQ(contents.size(), 1u);
  // Slices from before and after this change do not form one copy.
  database.Run("TRUNCATE small_2");
  contents.insert(reading.Read(table, slices.back()).opened.content());
  EXPECT_EQ(contents.size(), 2u);
  EXPECT_TRUE(
      absl::IsInvalidArgument(reading.Read(table, MakeRange("1:0)' OR true --", "")).status));
}

TEST(PostgresqlCopy, LeavesThatTheRoleMayNotReadByNameAreReadWithTheirRoot) {
  const NewDatabase database(
      "CREATE TABLE r (id integer PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE r1 PARTITION OF r FOR VALUES FROM (0) TO (100);"
      "INSERT INTO r SELECT generate_series(1, 50);"
      "CREATE ROLE root_only LOGIN; GRANT SELECT ON r TO root_only;"
      "CREATE PUBLICATION tributary FOR TABLE r WITH (publish_via_partition_root = true)");
  Reading reading(ConfigurationOf(database.name(), "root_only"));
  const CatalogTable table = reading.Table("r");
  EXPECT_TRUE(table.has_log());
  EXPECT_THAT(table.access(), testing::StartsWith("partitions "));
  EXPECT_EQ(reading.Read(table).rows.size(), 50u);
  database.Run("DROP OWNED BY root_only");
  Execute("DROP ROLE root_only");
}

TEST(PostgresqlCopy, ABrokenConnectionEndsAsAPauseAndTheRestIsRead) {
  const NewDatabase database(
      "CREATE TABLE t (id integer PRIMARY KEY, pad text);"
      "INSERT INTO t SELECT i, repeat('p', 300) FROM generate_series(1, 200000) i");
  Reading reading(database.name());
  const CatalogTable table = reading.Table("t");
  bool broken = false;
  reading.before_frame = [&](const FrameHeader& header) {
    if (header.type != FrameType::kMark || std::exchange(broken, true)) return;
    Execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
            database.name() + "'");
  };
  std::set<std::string> ids;
  Range rest;
  int pauses = 0;
  for (;;) {
    const Outcome outcome = reading.Read(table, rest);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    for (const std::string& id : Ids(outcome)) ids.insert(id);
    if (outcome.end.outcome() == AssignmentEnd::DONE) break;
    ASSERT_LT(++pauses, 3);
    ASSERT_FALSE(outcome.marks.empty());
    rest.set_from(outcome.marks.back().at);
  }
  EXPECT_EQ(pauses, 1);
  EXPECT_EQ(ids.size(), 200000u);
}

TEST(PostgresqlCopy, ATableThatIsGoneReplacedOrAlteredIsNamed) {
  const NewDatabase database(
      "CREATE TABLE gone (id integer PRIMARY KEY); CREATE TABLE replaced (id integer PRIMARY KEY);"
      "CREATE TABLE altered (id integer PRIMARY KEY, v integer);"
      "CREATE TABLE shrunk (id integer PRIMARY KEY, v integer)");
  Reading reading(database.name());
  std::vector<CatalogTable> tables;
  for (const char* name : {"gone", "replaced", "altered", "shrunk"}) {
    tables.push_back(reading.Table(name));
  }
  database.Run(
      "DROP TABLE gone; DROP TABLE replaced; CREATE TABLE replaced (id integer PRIMARY KEY);"
      "ALTER TABLE altered ALTER v TYPE text; ALTER TABLE shrunk DROP v");
  for (const CatalogTable& table : tables) {
    const Outcome outcome = reading.Read(table);
    EXPECT_TRUE(absl::IsNotFound(outcome.status)) << table.table() << " " << outcome.status;
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr(table.table()));
  }
}

TEST(PostgresqlCopy, ASliceIsOpenedWithASnapshotThatHasItsTableWhole) {
  const NewDatabase database("CREATE TABLE t (id integer PRIMARY KEY)");
  Reading reading(database.name());
  const CatalogTable table = reading.Table("t");
  const auto old = Server().Connect(database.name());
  ASSERT_TRUE((*old)->Execute("BEGIN; INSERT INTO t VALUES (1)").ok());
  reading.whole_from = std::stoull(Server().Ask("SELECT pg_current_xact_id()", database.name()));
  std::thread commits([&old] {
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    EXPECT_TRUE((*old)->Execute("COMMIT").ok());
  });
  const Outcome outcome = reading.Read(table);
  commits.join();
  EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE) << outcome.status;
  EXPECT_GE(outcome.opened.snapshot().all_before(), reading.whole_from);
  EXPECT_THAT(Ids(outcome), ElementsAre("Int 1"));
}

TEST(PostgresqlCopy, AParentsRowsComeWithoutThoseOfItsChildren) {
  const NewDatabase database(
      "CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child () INHERITS (parent);"
      "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);"
      "CREATE TABLE root (id integer PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (10);"
      "CREATE TABLE high PARTITION OF root FOR VALUES FROM (10) TO (20);"
      "INSERT INTO root VALUES (3), (13);"
      "CREATE TABLE computed (id integer PRIMARY KEY, twice integer GENERATED ALWAYS AS (id * 2) "
      "STORED); INSERT INTO computed VALUES (4)");
  Reading reading(database.name());
  EXPECT_THAT(Ids(reading.Read(reading.Table("parent"))), ElementsAre("Int 1"));
  EXPECT_THAT(Ids(reading.Read(reading.Table("child"))), ElementsAre("Int 2"));
  EXPECT_THAT(Ids(reading.Read(reading.Table("root"))), UnorderedElementsAre("Int 3", "Int 13"));
  const Outcome computed = reading.Read(reading.Table("computed"));
  ASSERT_EQ(computed.rows.size(), 1u);
  EXPECT_EQ(TextOf(computed.rows[0].at("twice")), "Int 8");
}

}  // namespace
}  // namespace tributary::postgresql
