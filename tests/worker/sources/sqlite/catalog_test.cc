#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using fivetran_sdk::v2::DataType;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Names(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const auto& table : catalog.tables()) names.push_back(table.table());
  return names;
}

std::vector<std::string> KeyNames(const CatalogTable& table) {
  std::vector<std::string> names;
  for (const auto& column : table.columns()) {
    if (column.primary_key()) names.push_back(column.name());
  }
  return names;
}

class CatalogTest : public ::testing::Test {
 protected:
  Catalog Describe(const std::string& sql) {
    database_.Run(sql);
    return Reading(folder_.path(), "c.db").Describe();
  }
  TempFolder folder_;
  Database database_{folder_ / "c.db"};
};

TEST_F(CatalogTest, ColumnsTypesAndKeysAreThoseDeclared) {
  const Catalog catalog = Describe(
      "CREATE TABLE orders(id INTEGER PRIMARY KEY, total DECIMAL(10,2), paid BOOLEAN, note);"
      "CREATE TABLE lines(shop TEXT NOT NULL, line INT NOT NULL, PRIMARY KEY(line, shop));");
  ASSERT_THAT(Names(catalog), UnorderedElementsAre("orders", "lines"));
  for (const CatalogTable& table : catalog.tables()) {
    EXPECT_EQ(table.schema(), "main");
    if (table.table() == "orders") {
      EXPECT_THAT(KeyNames(table), ElementsAre("id"));
      ASSERT_EQ(table.columns_size(), 4);
      EXPECT_EQ(table.columns(1).type(), DataType::DECIMAL);
      EXPECT_EQ(table.columns(1).params().decimal().precision(), 10u);
      EXPECT_EQ(table.columns(3).type(), DataType::UNSPECIFIED);
    } else {
      EXPECT_THAT(KeyNames(table), ElementsAre("shop", "line"));
    }
  }
  EXPECT_THAT(catalog.remarks(), IsEmpty());
}

TEST_F(CatalogTest, WhatHoldsNoRowsOfItsOwnIsLeftOutAndSaidOnce) {
  const Catalog catalog = Describe(
      "CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW v AS SELECT * FROM t;"
      "CREATE VIEW broken AS SELECT * FROM nowhere;"
      "CREATE VIRTUAL TABLE f USING fts5(body); CREATE VIRTUAL TABLE r USING rtree(id, a, b);");
  EXPECT_THAT(Names(catalog), ElementsAre("t"));
  EXPECT_THAT(
      catalog.remarks(),
      UnorderedElementsAre(
          HasSubstr("2 views (broken, v)"), HasSubstr("2 virtual tables (f, r)"),
          AllOf(HasSubstr("8 shadow tables ("), HasSubstr("f_content"), HasSubstr("r_rowid"))));
}

TEST_F(CatalogTest, GeneratedColumnsAreThereAndRead) {
  Describe(
      "CREATE TABLE g(a INTEGER, v INTEGER AS (a * 2) VIRTUAL, s TEXT AS ('s' || a) STORED);"
      "INSERT INTO g(a) VALUES(21)");
  Reading reading(folder_.path(), "c.db");
  const Outcome outcome = reading.Read(reading.Table("g"));
  ASSERT_EQ(outcome.rows.size(), 1u);
  EXPECT_EQ(outcome.rows[0].at("v").long_(), 42);
  EXPECT_EQ(outcome.rows[0].at("s").string(), "s21");
}

TEST_F(CatalogTest, WhatIsComputedWithJsonFunctionsIsReadAndSparesTheOthers) {
  Describe(
      "CREATE TABLE g(doc TEXT, name TEXT AS (json_extract(doc, '$.name')), "
      "size INTEGER AS (json_array_length(doc, '$.list')) STORED, age INTEGER AS (doc ->> 'age'));"
      "CREATE INDEX by_city ON g(json_extract(doc, '$.city')) WHERE doc ->> 'city' IS NOT NULL;"
      "INSERT INTO g(doc) VALUES('{\"name\": \"n\", \"list\": [1, 2], \"age\": 7}');"
      "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)");
  Reading reading(folder_.path(), "c.db");
  const Outcome outcome = reading.Read(reading.Table("g"));
  ASSERT_EQ(outcome.rows.size(), 1u);
  EXPECT_EQ(outcome.rows[0].at("name").string(), "n");
  EXPECT_EQ(outcome.rows[0].at("size").long_(), 2);
  EXPECT_EQ(outcome.rows[0].at("age").long_(), 7);
  EXPECT_EQ(reading.Read(reading.Table("t")).rows.size(), 1u);
}

// A table can be created and changed although a later computation fails.
TEST_F(CatalogTest, AGeneratedColumnThatFailsForARowFailsItsTableAlone) {
  Describe(
      "CREATE TABLE g(path TEXT); INSERT INTO g VALUES('no path');"
      "ALTER TABLE g ADD COLUMN part AS (json_extract('{}', path));"
      "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES(1)");
  Reading reading(folder_.path(), "c.db");
  EXPECT_TRUE(absl::IsDataLoss(reading.Read(reading.Table("g")).status));
  EXPECT_EQ(reading.Read(reading.Table("t")).rows.size(), 1u);
}

TEST_F(CatalogTest, TheRowidIsTheKeyWhereTheOwnOneHoldsNull) {
  const Catalog catalog = Describe(
      "CREATE TABLE nulls(a TEXT PRIMARY KEY, b); INSERT INTO nulls VALUES(NULL, 1), (NULL, 2);"
      "CREATE TABLE second(a INT, b INT, PRIMARY KEY(a, b)); INSERT INTO second VALUES(1, NULL);"
      "CREATE TABLE fine(a TEXT PRIMARY KEY); INSERT INTO fine VALUES('x');"
      "CREATE TABLE descending(a INTEGER PRIMARY KEY DESC);"
      "INSERT INTO descending VALUES(NULL), (NULL);");
  for (const CatalogTable& table : catalog.tables()) {
    EXPECT_THAT(KeyNames(table), ElementsAre(table.table() == "fine" ? "a" : "rowid"))
        << table.table();
  }
  EXPECT_THAT(catalog.remarks(),
              ElementsAre(AllOf(HasSubstr("3 tables (descending, nulls, second)"),
                                HasSubstr("holds NULL"))));
}

// SQLite ignores the type in the entry of sqlite_schema, and uses the SQL in it.
TEST_F(CatalogTest, TheTablesAreThoseThatSqliteItselfHas) {
  database_.Run(
      "CREATE TABLE upper(a); INSERT INTO upper VALUES(1); CREATE TABLE blob(a INTEGER PRIMARY "
      "KEY);"
      "INSERT INTO blob VALUES(1); CREATE TABLE cased(a TEXT PRIMARY KEY) WITHOUT ROWID;"
      "INSERT INTO cased VALUES('x'); CREATE TABLE rootless(a);"
      "PRAGMA writable_schema = ON;"
      "UPDATE sqlite_schema SET type = 'TABLE' WHERE name = 'upper';"
      "UPDATE sqlite_schema SET type = CAST('table' AS BLOB) WHERE name = 'blob';"
      "UPDATE sqlite_schema SET name = 'CASED' WHERE name = 'cased';"
      "UPDATE sqlite_schema SET rootpage = 0 WHERE name = 'rootless'");
  database_.Close();
  Reading reading(folder_.path(), "c.db");
  EXPECT_THAT(Names(reading.Describe()),
              UnorderedElementsAre("upper", "blob", "cased", "rootless"));
  for (const char* const table : {"upper", "blob", "cased"}) {
    EXPECT_EQ(reading.Read(reading.Table(table)).rows.size(), 1u) << table;
  }
  EXPECT_TRUE(absl::IsDataLoss(reading.Read(reading.Table("rootless")).status));
}

TEST_F(CatalogTest, ATableThatSqliteTakesForItsOwnIsLeftOutAndSaid) {
  database_.Run(
      "CREATE TABLE mine(a); CREATE TABLE t(a INTEGER PRIMARY KEY AUTOINCREMENT);"
      "PRAGMA writable_schema = ON;"
      "UPDATE sqlite_schema SET name = 'sqlite_mine', tbl_name = 'sqlite_mine',"
      " sql = 'CREATE TABLE sqlite_mine(a)' WHERE name = 'mine'");
  database_.Close();
  const Catalog catalog = Reading(folder_.path(), "c.db").Describe();
  EXPECT_THAT(Names(catalog), ElementsAre("t"));
  EXPECT_THAT(catalog.remarks(), ElementsAre(HasSubstr("1 table (sqlite_mine) left out")));
}

TEST_F(CatalogTest, ANameThatIsNoUtf8LeavesItsTableOut) {
  const Catalog catalog = Describe(
      "CREATE TABLE \"bad\xff\"(a); CREATE TABLE ok(a);"
      "CREATE TABLE badcolumn(\"x\xfe\" INT)");
  EXPECT_THAT(Names(catalog), ElementsAre("ok"));
  EXPECT_THAT(catalog.remarks(), ElementsAre(HasSubstr("2 tables")));
}

TEST_F(CatalogTest, TheKnownVersionIsAnsweredWithNothingElse) {
  database_.Run("CREATE TABLE t(a)");
  Reading reading(folder_.path(), "c.db");
  const Catalog first = reading.Describe();
  EXPECT_FALSE(first.unchanged());
  EXPECT_LE(first.version().size(), 40u);
  const Catalog second = reading.Describe(first.version());
  EXPECT_TRUE(second.unchanged());
  EXPECT_EQ(second.version(), first.version());
  EXPECT_EQ(second.identity(), first.identity());
  EXPECT_EQ(second.tables_size(), 0);
  database_.Run("INSERT INTO t VALUES(1)");
  const Catalog third = reading.Describe(first.version());
  EXPECT_FALSE(third.unchanged());
  EXPECT_EQ(third.tables_size(), 1);
}

TEST_F(CatalogTest, IdentityTellsDatabasesApartAndNotTheirContent) {
  database_.Run("CREATE TABLE t(a)");
  const std::string before = Reading(folder_.path(), "c.db").Describe().identity();
  database_.Run("INSERT INTO t VALUES(1)");
  EXPECT_EQ(Reading(folder_.path(), "c.db").Describe().identity(), before);
  EXPECT_EQ(Reading(folder_.path(), "./c.db").Describe().identity(), before);
  database_.Run("PRAGMA application_id=77");
  EXPECT_NE(Reading(folder_.path(), "c.db").Describe().identity(), before);
}

TEST_F(CatalogTest, AnEmptyDatabaseHasNoTables) {
  EXPECT_EQ(Reading(folder_.path(), "c.db").Describe().tables_size(), 0);
}

TEST_F(CatalogTest, SizesAreGuessedInTheRightOrder) {
  const Catalog catalog = Describe(
      "CREATE TABLE small(a); INSERT INTO small VALUES(1);"
      "CREATE TABLE large(a);"
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<20000) "
      "INSERT INTO large SELECT printf('%100d', x) FROM n;"
      "CREATE TABLE keyed(k TEXT PRIMARY KEY, v) WITHOUT ROWID;"
      "INSERT INTO keyed SELECT a, a FROM large");
  std::map<std::string, std::uint64_t> bytes;
  for (const auto& table : catalog.tables()) bytes[table.table()] = table.estimated_bytes();
  EXPECT_LT(bytes["small"], 100u);
  EXPECT_GT(bytes["large"], 1'000'000u);
  EXPECT_LT(bytes["large"], 4'000'000u);
  EXPECT_GT(bytes["keyed"], 2'000'000u);
  EXPECT_LT(bytes["keyed"], 8'000'000u);
}

}  // namespace
}  // namespace tributary::sqlite_test
