// A table's page digest: it changes whenever the table's rows may have changed, and stays the same
// whatever happens to other tables.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

constexpr char kTables[] =
    "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);"
    "CREATE TABLE other(id INTEGER PRIMARY KEY, v TEXT);"
    "CREATE TABLE keyed(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID;"
    "CREATE TABLE empty(id INTEGER PRIMARY KEY, v TEXT);"
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<500) "
    "INSERT INTO t SELECT x, 'value ' || x FROM n;"
    "INSERT INTO other SELECT * FROM t; INSERT INTO keyed SELECT * FROM t;"
    // Overflow pages, of a row and of a key's index.
    "INSERT INTO t VALUES(1000, printf('%.*c', 60000, 'x'));"
    "INSERT INTO keyed VALUES('long' || printf('%.*c', 60000, 'x'), 'v');";

std::string DigestOf(const std::string& root, const std::string& table) {
  return Reading(root, "p.db").Table(table).page_digest();
}

struct Case {
  const char* name;
  const char* sql;
  const char* table;
  bool same;
};

class PageDigests : public ::testing::TestWithParam<std::tuple<const char*, Case>> {};

TEST_P(PageDigests, ChangeWithTheRowsOfTheirTable) {
  const auto& [mode, one] = GetParam();
  const TempFolder folder;
  // Open until the end, so that in WAL mode the log keeps its pages.
  Database database(folder / "p.db");
  // In WAL mode the file itself has no encoding until the first checkpoint.
  database.Run(
      absl::StrCat("PRAGMA encoding='UTF-16le'; PRAGMA journal_mode=", mode, ";", kTables));
  const CatalogTable before = Reading(folder.path(), "p.db").Table(one.table);
  EXPECT_EQ(before.page_digest().size(), 16u);
  database.Run(one.sql);
  const CatalogTable after = Reading(folder.path(), "p.db").Table(one.table);
  EXPECT_EQ(after.page_digest().size(), 16u);
  EXPECT_EQ(after.page_digest() == before.page_digest(), one.same);
  EXPECT_EQ(after.order(), before.order());
}

INSTANTIATE_TEST_SUITE_P(
    All, PageDigests,
    ::testing::Combine(
        ::testing::Values("delete", "wal"),
        ::testing::Values(
            Case{"AnInsert", "INSERT INTO t VALUES(501, 'v')", "t", false},
            Case{"TheFirstRow", "INSERT INTO empty VALUES(1, 'v')", "empty", false},
            Case{"AnUpdateOfOneByte", "UPDATE t SET v = 'Value 250' WHERE id = 250", "t", false},
            Case{"ADelete", "DELETE FROM t WHERE id = 250", "t", false},
            Case{"TheLastByteOfALongValue",
                 "UPDATE t SET v = substr(v, 1, 59999) || 'y' WHERE id = 1000", "t", false},
            Case{"AnUpdateByKey", "UPDATE keyed SET v = 'w' WHERE k = '7'", "keyed", false},
            Case{"TheLastByteOfALongKey",
                 "UPDATE keyed SET k = substr(k, 1, 60003) || 'y' "
                 "WHERE k LIKE 'long%'",
                 "keyed", false},
            Case{"AColumnMore", "ALTER TABLE t ADD COLUMN w DEFAULT 'one'", "t", false},
            Case{"AnotherTable", "INSERT INTO other VALUES(501, 'v')", "t", true},
            Case{"ATableMore", "CREATE TABLE more(id); INSERT INTO more VALUES(1)", "t", true},
            Case{"AnIndex", "CREATE INDEX i ON t(v)", "t", true},
            Case{"Statistics", "ANALYZE", "t", true},
            Case{"ACheckpoint", "PRAGMA wal_checkpoint(TRUNCATE)", "keyed", true})),
    [](const auto& test) {
      return std::string(std::get<0>(test.param)) + std::get<1>(test.param).name;
    });

TEST(PageDigestsTest, OnlySmallTablesHaveOne) {
  const TempFolder folder;
  Database(folder / "p.db")
      .Run(
          "CREATE TABLE large(id INTEGER PRIMARY KEY, v BLOB);"
          "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<2000) "
          "INSERT INTO large SELECT x, zeroblob(1000) FROM n;"
          "CREATE TABLE small AS SELECT * FROM large WHERE id <= 500;"
          "CREATE TABLE long_value AS SELECT zeroblob(2000000) AS v");
  EXPECT_EQ(DigestOf(folder.path(), "large"), "");
  EXPECT_EQ(DigestOf(folder.path(), "long_value"), "");
  EXPECT_NE(DigestOf(folder.path(), "small"), "");
}

// A catalog and a read of the same content agree; a read says nothing about another content.
TEST(PageDigestsTest, AReadOfTheWholeTableTellsItsOwn) {
  const TempFolder folder;
  Database database(folder / "p.db");
  database.Run(absl::StrCat("PRAGMA journal_mode=wal;", kTables));
  Reading reading(folder.path(), "p.db");
  const CatalogTable table = reading.Table("t");
  EXPECT_EQ(reading.Read(table).end.page_digest(), table.page_digest());
  Range part;
  part.set_to(reading.Cut(table, {Range()}).front().to());
  part.set_from("100");
  EXPECT_EQ(reading.Read(table, part).end.page_digest(), "") << "of a part of the table";
  database.Run("UPDATE t SET v = 'w' WHERE id = 7");
  const std::string now = reading.Read(table).end.page_digest();
  EXPECT_NE(now, table.page_digest());
  EXPECT_EQ(now, DigestOf(folder.path(), "t"));
}

}  // namespace
}  // namespace tributary::sqlite_test
