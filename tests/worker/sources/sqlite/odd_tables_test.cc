#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using fivetran_sdk::v2::DataType;
using ::testing::HasSubstr;

class OddTableTest : public ::testing::Test {
 protected:
  Outcome ReadTable(const std::string& name) {
    Reading reading(folder_.path(), "o.db");
    Outcome outcome = reading.Read(reading.Table(name));
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE);
    return outcome;
  }
  TempFolder folder_;
  Database database_{folder_ / "o.db"};
};

TEST_F(OddTableTest, ReservedAndQuotedNamesAreReadAsTheyAre) {
  for (const std::string name : {"select", "a b", "it's", "say \"hi\"", "[x]", "semi;colon",
                                 "-- no comment", "gr\xc3\xbc\xc3\x9f", "1", "main", "rowid"}) {
    std::string quoted = name;
    for (std::size_t at = 0; (at = quoted.find('"', at)) != std::string::npos; at += 2) {
      quoted.insert(at, "\"");
    }
    database_.Run(absl::StrCat("CREATE TABLE \"", quoted, "\"(\"", quoted,
                               "\" INTEGER, \"order\" TEXT); ", "INSERT INTO \"", quoted,
                               "\" VALUES(5, 'x')"));
    const Outcome outcome = ReadTable(name);
    ASSERT_EQ(outcome.rows.size(), 1u) << name;
    EXPECT_EQ(outcome.rows[0].at(name).long_(), 5) << name;
    EXPECT_EQ(outcome.rows[0].at("order").string(), "x") << name;
  }
}

TEST_F(OddTableTest, TwoThousandColumnsAreReadWithMarksBetween) {
  std::string columns;
  std::string values;
  for (int at = 0; at < 2000; ++at) {
    absl::StrAppend(&columns, at == 0 ? "" : ",", "c", at, " INTEGER");
    absl::StrAppend(&values, at == 0 ? "" : ",", "x+", at);
  }
  database_.Run(absl::StrCat("CREATE TABLE wide(", columns, ")"));
  database_.Run(absl::StrCat(
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<200) INSERT INTO wide "
      "SELECT ",
      values, " FROM n"));
  const Outcome outcome = ReadTable("wide");
  ASSERT_EQ(outcome.rows.size(), 200u);
  EXPECT_EQ(outcome.rows[199].size(), 2001u);
  EXPECT_EQ(outcome.rows[199].at("rowid").long_(), 200);
  EXPECT_EQ(outcome.rows[199].at("c1999").long_(), 200 + 1999);
  ASSERT_GE(outcome.marks.size(), 2u);
  Reading reading(folder_.path(), "o.db");
  Range rest;
  rest.set_from(outcome.marks[0].at);
  EXPECT_EQ(reading.Read(reading.Table("wide"), rest).rows.size(),
            200 - outcome.marks[0].rows_before);
}

// SQLite removes the byte order mark from a text that is bound as UTF-16.
TEST_F(OddTableTest, Utf16KeysThatBeginWithAByteOrderMarkAreReadOnceEach) {
  for (const std::string encoding : {"UTF-16le", "UTF-16be"}) {
    const std::string name = encoding + ".db";
    Database(folder_ / name)
        .Run("PRAGMA encoding='" + encoding +
             "'; CREATE TABLE k(k TEXT, PRIMARY KEY(k DESC)) WITHOUT ROWID;"
             "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<200) "
             "INSERT INTO k SELECT iif(x<100, char(65279), '')||printf('%04d', x) FROM n");
    Reading reading(folder_.path(), name);
    const CatalogTable table = reading.Table("k");
    reading.pause_after_marks = 0;
    Range rest;
    std::size_t rows = 0;
    for (int read = 0; read < 20; ++read) {
      const Outcome outcome = reading.Read(table, rest);
      ASSERT_TRUE(outcome.status.ok()) << outcome.status;
      rows += outcome.rows.size();
      if (outcome.end.outcome() == AssignmentEnd::DONE) break;
      rest.set_from(outcome.marks.back().at);
    }
    EXPECT_EQ(rows, 200u) << encoding;
  }
}

TEST_F(OddTableTest, ColumnsThatHideTheRowidDoNotHideRows) {
  database_.Run(
      "CREATE TABLE one(rowid TEXT, v INTEGER); INSERT INTO one VALUES('b', 1), ('a', 2);"
      "CREATE TABLE two(RowId TEXT, _rowid_ TEXT, v INTEGER); INSERT INTO two VALUES('x', 'y', 1);"
      "CREATE TABLE all3(rowid TEXT, _rowid_ TEXT, oid TEXT, v INTEGER);"
      "INSERT INTO all3 VALUES('b', 'b', 'b', 1), ('a', 'a', 'a', 2);"
      "CREATE TABLE saved(rowid TEXT, _rowid_ TEXT, oid TEXT, id INTEGER PRIMARY KEY);"
      "INSERT INTO saved VALUES('b', 'b', 'b', 1), ('a', 'a', 'a', 2)");
  EXPECT_EQ(ReadTable("one").rows.size(), 2u);
  EXPECT_EQ(ReadTable("one").rows[0].at("rowid").string(), "b");
  EXPECT_EQ(ReadTable("two").rows.size(), 1u);
  EXPECT_EQ(ReadTable("all3").rows.size(), 2u);
  EXPECT_EQ(ReadTable("saved").rows.size(), 2u);
  Reading reading(folder_.path(), "o.db");
  EXPECT_THAT(reading.Table("saved").access(), HasSubstr("\"id\""));
  EXPECT_EQ(reading.Cut(reading.Table("all3")).size(), 1u);
}

TEST_F(OddTableTest, ATableOfNoSelectedColumnButItsKeyIsReadAsThat) {
  database_.Run(
      "CREATE TABLE t(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO t VALUES('a', 1)");
  Reading reading(folder_.path(), "o.db");
  CatalogTable table = reading.Table("t");
  table.mutable_columns()->DeleteSubrange(1, 1);
  const Outcome outcome = reading.Read(table);
  ASSERT_EQ(outcome.rows.size(), 1u);
  EXPECT_EQ(outcome.rows[0].size(), 1u);
}

TEST_F(OddTableTest, AKeyInTheApplicationsOwnCollationIsReadAsAWhole) {
  sqlite3_create_collation(database_.db(), "OWN", SQLITE_UTF8, nullptr,
                           [](void*, int a, const void*, int b, const void*) { return a - b; });
  database_.Run(
      "CREATE TABLE t(k TEXT COLLATE OWN PRIMARY KEY, v) WITHOUT ROWID;"
      "INSERT INTO t VALUES('ccc', 1), ('a', 2), ('bb', 3);"
      "CREATE TABLE u(k TEXT COLLATE OWN PRIMARY KEY, v); INSERT INTO u SELECT * FROM t");
  EXPECT_EQ(ReadTable("t").rows.size(), 3u);
  EXPECT_EQ(ReadTable("u").rows.size(), 3u);
}

TEST_F(OddTableTest, AGeneratedColumnThatOnlyTheApplicationCanComputeFailsItsTableAlone) {
  sqlite3_create_function(
      database_.db(), "own", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
      [](sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_int(context, 1); },
      nullptr, nullptr);
  database_.Run(
      "CREATE TABLE bad(a, g AS (own(a))); INSERT INTO bad(a) VALUES(1);"
      "CREATE TABLE good(a INTEGER); INSERT INTO good VALUES(1)");
  Reading reading(folder_.path(), "o.db");
  const Outcome outcome = reading.Read(reading.Table("bad"));
  EXPECT_TRUE(absl::IsDataLoss(outcome.status)) << outcome.status;
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("\"bad\""));
  EXPECT_EQ(reading.Read(reading.Table("good")).rows.size(), 1u);
}

TEST_F(OddTableTest, StrictTablesKeepTheirTypes) {
  database_.Run(
      "CREATE TABLE s(i INTEGER, a ANY, b BLOB) STRICT; INSERT INTO s VALUES(1, 'x', x'00'),"
      "(2, 1.5, NULL)");
  const Outcome outcome = ReadTable("s");
  ASSERT_EQ(outcome.rows.size(), 2u);
  EXPECT_EQ(outcome.rows[0].at("a").string(), "x");
  EXPECT_EQ(outcome.rows[1].at("a").double_(), 1.5);
}

TEST_F(OddTableTest, ThousandsOfTablesAreDescribedAndEachCanBeRead) {
  constexpr int kTables = 2000;
  database_.Run("BEGIN");
  for (int at = 0; at < kTables; ++at) {
    database_.Run(absl::StrCat("CREATE TABLE t", at,
                               "(id INTEGER PRIMARY KEY, a INT, b TEXT, c REAL, ",
                               "d, e, f, g, h, i); INSERT INTO t", at, "(a) VALUES(", at, ")"));
  }
  database_.Run("COMMIT");
  Reading reading(folder_.path(), "o.db");
  const Catalog catalog = reading.Describe();
  ASSERT_EQ(catalog.tables_size(), kTables);
  for (int at = 0; at < kTables; at += 97) {
    const CatalogTable& table = catalog.tables(at);
    EXPECT_EQ(table.columns_size(), 10);
    const Outcome outcome = reading.Read(table);
    ASSERT_EQ(outcome.rows.size(), 1u);
    EXPECT_EQ(absl::StrCat("t", outcome.rows[0].at("a").long_()), table.table());
  }
}

}  // namespace
}  // namespace tributary::sqlite_test
