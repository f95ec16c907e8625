// The catalog, cutting, and reading slices of a real server's tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/postgresql/reading.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::ConfigurationOf;
using postgresql_test::Execute;
using postgresql_test::NewDatabase;
using postgresql_test::Outcome;
using postgresql_test::Reading;
using postgresql_test::Server;
using postgresql_test::TextOf;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

// "id*" is of the key.
std::vector<std::string> ColumnsOf(const CatalogTable& table) {
  std::vector<std::string> columns;
  for (const auto& column : table.columns()) {
    columns.push_back(column.name() + (column.primary_key() ? "*" : ""));
  }
  return columns;
}

Range MakeRange(const std::string& from, const std::string& to) {
  Range range;
  range.set_from(from);
  range.set_to(to);
  return range;
}

std::vector<std::string> Ids(const Outcome& outcome) {
  std::vector<std::string> ids;
  for (const auto& row : outcome.rows) ids.push_back(TextOf(row.at("id")));
  return ids;
}

std::vector<std::string> Remarks(const Outcome& outcome) {
  std::vector<std::string> remarks;
  for (const ColumnRemark& remark : outcome.marks.back().remarks) {
    remarks.push_back(absl::StrCat(remark.column(), " ", ColumnRemark::What_Name(remark.what()),
                                   " ", remark.values()));
  }
  return remarks;
}

TEST(PostgresqlCatalog, HasEveryKindOfTableWithItsKeyAndWayOfReading) {
  const NewDatabase database(
      "CREATE SCHEMA other;"
      "CREATE TABLE ordinary (id integer PRIMARY KEY, \"odd \"\" name\" text);"
      "CREATE TABLE other.composed (a integer, b text, c integer, PRIMARY KEY (c, a));"
      "CREATE TABLE keyless (id integer);"
      "CREATE TABLE by_index (id integer PRIMARY KEY, code text NOT NULL);"
      "CREATE UNIQUE INDEX by_code ON by_index (code);"
      "ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_code;"
      "CREATE TABLE root (id integer PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (10);"
      "CREATE UNLOGGED TABLE unlogged (id integer PRIMARY KEY);"
      "CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child () INHERITS (parent);"
      "CREATE MATERIALIZED VIEW filled AS SELECT 1 AS id;"
      "CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS id WITH NO DATA;"
      "CREATE VIEW just_a_view AS SELECT 1 AS id;"
      "CREATE TABLE no_columns ();"
      "CREATE TABLE dropped (id integer PRIMARY KEY, gone integer, stays integer);"
      "ALTER TABLE dropped DROP COLUMN gone;"
      "CREATE TABLE deferred (id integer PRIMARY KEY DEFERRABLE)");
  Reading reading(database.name());
  const Catalog catalog = reading.Describe();
  std::map<std::string, std::string> found;
  for (const CatalogTable& table : catalog.tables()) {
    found[absl::StrCat(table.schema(), ".", table.table())] =
        absl::StrCat(table.access().substr(0, table.access().find(' ')), ": ",
                     absl::StrJoin(ColumnsOf(table), ", "));
  }
  const std::map<std::string, std::string> expected = {
      {"public.ordinary", "blocks: id*, odd \" name"},
      {"other.composed", "blocks: a*, b, c*"},
      {"public.keyless", "whole: id"},
      {"public.by_index", "blocks: id, code*"},
      {"public.root", "leaves: id*"},
      {"public.unlogged", "whole: id*"},
      {"public.parent", "blocks: id*"},
      {"public.child", "whole: id"},
      {"public.filled", "unlockable: id"},
      {"public.dropped", "blocks: id*, stays"},
      {"public.deferred", "whole: id*"},
  };
  EXPECT_EQ(found, expected);
  EXPECT_THAT(catalog.remarks(),
              UnorderedElementsAre(
                  HasSubstr("REFRESH MATERIALIZED VIEW \"public\".\"unfilled\""),
                  HasSubstr("\"public\".\"no_columns\""),
                  AllOf(HasSubstr("ADD PRIMARY KEY"), HasSubstr("deferred"), HasSubstr("keyless"),
                        HasSubstr("unlogged"), Not(HasSubstr("no_columns")))));
  EXPECT_THAT(catalog.identity(), HasSubstr("postgresql:"));
  EXPECT_EQ(catalog.identity(), reading.Describe().identity());
}

TEST(PostgresqlCatalog, WaitsForNoLock) {
  const NewDatabase database("CREATE TABLE t (id integer PRIMARY KEY)");
  const auto locker = Server().Connect(database.name());
  ASSERT_TRUE((*locker)->Execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE").ok());
  Reading reading(database.name());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(reading.Describe().tables_size(), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  // Cutting falls back on estimates.
  EXPECT_EQ(reading.Cut(reading.Table("t")).size(), 1u);
}

TEST(PostgresqlCatalog, ASessionThatEndsInItsMidstIsReplaced) {
  const NewDatabase database("CREATE TABLE t (id integer PRIMARY KEY)");
  const auto locker = Server().Connect(database.name());
  ASSERT_TRUE(
      (*locker)
          ->Execute("BEGIN; LOCK TABLE pg_catalog.pg_publication_rel IN ACCESS EXCLUSIVE MODE")
          .ok());
  Reading reading(database.name());
  int ended = 0;
  std::thread ends([&] {
    // The third time it is answered.
    for (int tries = 0; ended < 2 && tries < 2000; ++tries) {
      if (Server().Ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                       "application_name = 'tributary' AND wait_event_type = 'Lock'") != "0") {
        ++ended;
      }
    }
    EXPECT_TRUE((*locker)->Execute("ROLLBACK").ok());
  });
  const Catalog catalog = reading.Describe();
  ends.join();
  EXPECT_EQ(catalog.tables_size(), 1);
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

// COPY takes its snapshot before it waits for a lock, and would read nothing here.
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
        std::pair("r", "TRUNCATE r1; INSERT INTO r SELECT generate_series(1, 500)"),
        std::pair("m", "REFRESH MATERIALIZED VIEW m")}) {
    SCOPED_TRACE(name);
    Reading reading(ConfigurationOf(database.name()), std::chrono::milliseconds(10'000));
    const CatalogTable table = reading.Table(name);
    const auto writer = Server().Connect(database.name());
    ASSERT_TRUE((*writer)->Execute(absl::StrCat("BEGIN; ", rewrite)).ok());
    std::thread commits([&writer] {
      std::this_thread::sleep_for(std::chrono::milliseconds(700));
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
  // The last slice takes what was added after the cut.
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
  // Small ones share a slice, a large one has several, on two levels, some empty.
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
  // What comes after the cut is the last slice's, or a part's own.
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
  // Slices before and after it are no copy together.
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

TEST(PostgresqlCopy, ValuesWithoutACounterpartAreNullAndCountedInTheirMark) {
  const NewDatabase database(
      "CREATE TABLE t (id integer PRIMARY KEY, n numeric, d date, at timestamptz);"
      "INSERT INTO t VALUES (1, 'NaN', 'infinity', '-infinity'), (2, 'Infinity', '20000-01-01', "
      "'0044-03-15 BC'), (3, 1.50, '2024-01-01', '2024-01-01 00:00:00+00')");
  Reading reading(database.name());
  const Outcome outcome = reading.Read(reading.Table("t"));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_EQ(outcome.rows.size(), 3u);
  EXPECT_EQ(TextOf(outcome.rows[0].at("n")), "Null");
  EXPECT_EQ(TextOf(outcome.rows[2].at("n")), "Decimal 1.50");
  EXPECT_THAT(Remarks(outcome),
              UnorderedElementsAre("1 NOT_A_NUMBER 1", "1 INFINITE 1", "2 INFINITE 1",
                                   "2 OUT_OF_RANGE 1", "3 INFINITE 1", "3 OUT_OF_RANGE 1"));
}

TEST(PostgresqlCopy, KeysWithoutACounterpartAreLeftOutAndNeverOneRow) {
  const NewDatabase database(
      "CREATE TABLE n (id numeric PRIMARY KEY, v numeric);"
      "INSERT INTO n VALUES ('NaN', 1), ('Infinity', 2), ('-Infinity', 3), (1.5, 'NaN');"
      "CREATE TABLE d (id date, k int, PRIMARY KEY (id, k));"
      "INSERT INTO d VALUES ('infinity', 1), ('-infinity', 1), ('12000-01-01', 1), "
      "('2024-01-01', 2)");
  Reading reading(database.name());
  const Outcome numbers = reading.Read(reading.Table("n"));
  EXPECT_EQ(numbers.rows.size(), 1u);
  EXPECT_THAT(Remarks(numbers), UnorderedElementsAre("0 NO_KEY 3", "1 NOT_A_NUMBER 1"));
  const Outcome dates = reading.Read(reading.Table("d"));
  EXPECT_EQ(dates.rows.size(), 1u);
  EXPECT_THAT(Remarks(dates), UnorderedElementsAre("0 NO_KEY 3"));
}

TEST(PostgresqlCopy, TextKeysThatAreNotUtf8StayApart) {
  const std::string name = "sql_ascii_keys";
  Execute(absl::StrCat("DROP DATABASE IF EXISTS ", name));
  Execute(absl::StrCat("CREATE DATABASE ", name,
                       " ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"));
  Execute(
      "CREATE TABLE t (id text PRIMARY KEY, v text);"
      "INSERT INTO t VALUES (E'M\xFCller', E'M\xFCller'), (E'M\xF6ller', 'b'), ('plain', 'c'), "
      "('CAST(x''4D'' AS TEXT)', 'd');"
      "CREATE TABLE odd (id integer PRIMARY KEY); CREATE TABLE columns (id integer PRIMARY KEY);"
      "DO $$ BEGIN EXECUTE E'ALTER TABLE odd RENAME TO \"\xFC\"';"
      "EXECUTE E'ALTER TABLE columns ADD \"\xFC\" int'; END $$",
      name);
  {
    Reading reading(name);
    const Outcome outcome = reading.Read(reading.Table("t"));
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_THAT(
        Ids(outcome),
        UnorderedElementsAre("String CAST(x'4DFC6C6C6572' AS TEXT)",
                             "String CAST(x'4DF66C6C6572' AS TEXT)", "String plain",
                             "String CAST(x'43415354287827344427204153205445585429' AS TEXT)"));
    EXPECT_THAT(Remarks(outcome), UnorderedElementsAre("0 KEY_AS_LITERAL 3", "1 REPAIRED_UTF8 1"));
    EXPECT_THAT(reading.Describe().remarks(),
                testing::Contains(AllOf(HasSubstr("not UTF-8"), HasSubstr("\"\uFFFD\""),
                                        HasSubstr("\"columns\""))));
  }
  Execute(absl::StrCat("DROP DATABASE ", name));
}

// Each declaration, a value, what kind it is sent as, and the server's own text of that.
TEST(PostgresqlCopy, EveryTypeIsSentAsTheServerSaysIt) {
  struct Case {
    const char* type;
    const char* value;
    const char* kind;
    // Of the column c; nothing: c::text.
    const char* expected = nullptr;
  };
  constexpr char kJson[] = "to_jsonb(c)::text";
  constexpr char kMicros[] = "(extract(epoch FROM c) * 1000000)::bigint::text";
  const Case cases[] = {
      {"boolean", "t", "Bool"},
      {"smallint", "-32768", "Short"},
      {"integer", "2147483647", "Int"},
      {"bigint", "-9223372036854775808", "Long"},
      {"oid", "4294967295", "Long"},
      {"real", "1.5", "Float"},
      {"double precision", "-Infinity", "Double", "'-inf'"},
      {"numeric(12,2)", "-12345.6", "Decimal"},
      {"numeric", "123456789012345678901234567890.0000123", "Decimal"},
      {"money", "-1234.5", "Decimal", "c::numeric::text"},
      {"date", "0001-01-01", "Date", kMicros},
      {"timestamp", "9999-12-31 23:59:59.999999", "Naive", kMicros},
      {"timestamptz", "2024-03-10 02:30:00.5+05:30", "Utc", kMicros},
      {"time", "24:00:00", "String"},
      {"timetz", "12:34:56.789-08", "String"},
      {"interval", "1 year -2 mons 3 days -04:05:06.789", "String"},
      {"uuid", "550e8400-e29b-41d4-a716-446655440000", "String"},
      {"inet", "2001:db8::1/64", "String"},
      {"cidr", "10.0.0.0/8", "String"},
      {"macaddr", "08:00:2b:01:02:03", "String"},
      {"bit(5)", "10101", "String"},
      {"tsvector", "a:1 b:2", "String"},
      {"mood", "very, \"happy\"", "String"},
      {"char(5)", "ab", "String", "'ab   '"},
      {"varchar(9)", "ü€😀", "String"},
      {"text", "line\nbreak\t\\ '", "String"},
      {"citext", "MiXed", "String"},
      {"name", "a_name", "String"},
      {"xid", "42", "String"},
      {"pg_lsn", "16/B374D848", "String"},
      {"point", "(1.5,-2)", "String"},
      {"polygon", "((0,0),(1,1),(2,0))", "String"},
      {"bytea", "\\xdeadbeef00", "Binary", "encode(c, 'hex')"},
      {"xml", "<a b=\"c\">d</a>", "Xml"},
      {"json", "{\"a\":  1, \"a\": 2}", "Json"},
      {"jsonb", "{\"b\": [1, null], \"a\": \"x\"}", "Json"},
      {"integer[]", "{{1,2},{3,NULL}}", "Json", kJson},
      {"text[]", "{a,\"b c\",NULL,\"\"}", "Json", kJson},
      {"timestamptz[]", "{2024-01-01 00:00:00+00}", "Json", kJson},
      {"pair", "(1,\"x y\",2.50)", "Json", kJson},
      {"pair[]", "{\"(1,a,)\"}", "Json", kJson},
      {"int4range", "[1,5)", "Json", kJson},
      {"int4multirange", "{[1,3),[5,7)}", "Json", kJson},
      {"hstore", "a=>1, b=>NULL", "Json", kJson},
      {"small", "12.3", "Decimal"},
      {"smaller", "12.30", "Decimal"},
      {"numbers", "{1,2}", "Json", kJson},
      {"ltree", "a.b.c", "String"},
      {"cube", "(1,2),(3,4)", "String"},
      {"aclitem", "postgres=r/postgres", "String"},
      {"aclitem[]", "{postgres=r/postgres}", "Json", kJson},
      {"odd", "7", "String"},
      {"isbn", "978-0-393-04002-9", "String"},
  };
  const NewDatabase database(
      "CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;"
      "CREATE EXTENSION cube; CREATE EXTENSION isn;"
      "CREATE TYPE mood AS ENUM ('sad', 'very, \"happy\"');"
      "CREATE TYPE pair AS (a integer, b text, \"Long Name\" numeric);"
      "CREATE DOMAIN small AS numeric(8, 2); CREATE DOMAIN smaller AS small;"
      "CREATE DOMAIN numbers AS integer[];"
      "CREATE TYPE odd;"
      "CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
      "CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS "
      "'int4out';"
      "CREATE FUNCTION odd_send(odd) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS "
      "'int4send';"
      "CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, SEND = odd_send, LIKE = integer)");
  std::vector<std::string> columns = {"id integer PRIMARY KEY"};
  std::vector<std::string> values = {"1"};
  std::vector<std::string> expected;
  for (std::size_t at = 0; at < std::size(cases); ++at) {
    columns.push_back(absl::StrCat("c", at, " ", cases[at].type));
    values.push_back(absl::StrCat(Literal(cases[at].value), "::", cases[at].type));
  }
  database.Run(absl::StrCat("CREATE TABLE t (", absl::StrJoin(columns, ", "),
                            "); INSERT INTO t VALUES (", absl::StrJoin(values, ", "),
                            "); INSERT INTO t VALUES (2)"));
  Reading reading(database.name());
  const Outcome outcome = reading.Read(reading.Table("t"));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  ASSERT_EQ(outcome.rows.size(), 2u);
  for (std::size_t at = 0; at < std::size(cases); ++at) {
    const std::string column = absl::StrCat("c", at);
    const std::string sql =
        absl::StrCat("SET bytea_output = hex; SET TimeZone = 'UTC'; SELECT ",
                     cases[at].expected == nullptr ? "c::text" : cases[at].expected,
                     " FROM (SELECT ", column, " AS c FROM t WHERE id = 1) one");
    EXPECT_EQ(
        TextOf(outcome.rows[0].at(column)),
        absl::StrCat(
            cases[at].kind, " ",
            std::string(cases[at].type) == "boolean" ? "t" : Server().Ask(sql, database.name())))
        << cases[at].type;
    EXPECT_EQ(TextOf(outcome.rows[1].at(column)), "Null") << cases[at].type;
  }
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
