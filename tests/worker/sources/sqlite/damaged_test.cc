// Objects of a database that are damaged, or that only a newer SQLite understands: only the object
// itself is left out, and a remark names it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGoodTables[] =
    "CREATE TABLE good(a INTEGER PRIMARY KEY, b TEXT); INSERT INTO good VALUES(1, 'x'), (2, 'y');"
    "CREATE INDEX good_b ON good(b);"
    "CREATE TABLE keyed(k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID;"
    "INSERT INTO keyed VALUES('k', 1)";

class DamagedTest : public ::testing::Test {
 protected:
  DamagedTest() { database_.Run(kGoodTables); }

  // Creates the object `odd` with `made`, and replaces its SQL in the schema by `sql`, whether
  // SQLite can parse this or not.
  static void Declare(Database& database, const std::string& made, const std::string& sql) {
    database.Run(made);
    database.Run("PRAGMA writable_schema=ON");
    char* update = sqlite3_mprintf("UPDATE sqlite_schema SET sql=%Q WHERE name='odd'", sql.c_str());
    database.Run(update);
    sqlite3_free(update);
    database.Run("PRAGMA writable_schema=OFF");
  }
  void Write(std::size_t offset, const std::string& bytes) {
    database_.Close();
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset));
    file << bytes;
  }
  std::vector<std::string> Names(Reading& reading) {
    std::vector<std::string> names;
    const Catalog catalog = reading.Describe();
    for (const CatalogTable& table : catalog.tables()) names.push_back(table.table());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string Remarks(Reading& reading) {
    const Catalog catalog = reading.Describe();
    return absl::StrJoin(catalog.remarks(), "\n");
  }
  void ExpectGoodTablesRead(Reading& reading) {
    EXPECT_EQ(reading.Read(reading.Table("good")).rows.size(), 2u);
    EXPECT_EQ(reading.Read(reading.Table("keyed")).rows.size(), 1u);
  }
  // The setup test must pass; returns what it logs.
  std::string LogOfReadTest(Reading& reading) {
    ::testing::internal::CaptureStdout();
    const absl::Status tried = reading.source().Test("read");
    std::string log = ::testing::internal::GetCapturedStdout();
    EXPECT_TRUE(tried.ok()) << tried;
    return log;
  }

  TempFolder folder_;
  const std::string path_ = folder_ / "d.db";
  Database database_{path_};
};

// What SQLite 3.40 finds in files that use additions of 3.44 and 3.46, and any SQLite in files of a
// later one.
TEST_F(DamagedTest, WhatOnlyANewerSqliteCanParseStopsNoOtherTable) {
  const std::string view = "CREATE VIEW odd AS SELECT a FROM good";
  const std::string table = "CREATE TABLE odd(a)";
  struct Case {
    std::string made, sql;
  };
  for (const Case& odd : std::vector<Case>{
           {view, "CREATE VIEW odd AS SELECT group_concat(b ORDER BY a) FROM good"},
           {view, "CREATE VIEW odd AS SELECT a FROM good FETCH FIRST ROW"},
           {"CREATE TRIGGER odd AFTER INSERT ON good BEGIN SELECT 1; END",
            "CREATE TRIGGER odd AFTER INSERT ON good BEGIN LOOP SELECT 1; END"},
           {"CREATE INDEX odd ON good(b)", "CREATE INDEX odd ON good(b !! 1)"},
           {table, "CREATE TABLE odd(a CHECK(a > 1_000_000 !! 2))"},
           {table, "CREATE TABLE odd(a INTEGER) COLUMNAR"},
           {table, "no statement at all"},
       }) {
    SCOPED_TRACE(odd.sql);
    database_.Close();
    std::filesystem::copy_file(path_, folder_ / "odd.db",
                               std::filesystem::copy_options::overwrite_existing);
    Database database(folder_ / "odd.db");
    Declare(database, odd.made, odd.sql);
    Reading reading(folder_.path(), "odd.db");
    EXPECT_THAT(Names(reading), ElementsAre("good", "keyed"));
    ExpectGoodTablesRead(reading);
    EXPECT_TRUE(reading.source().Test("connect").ok()) << reading.source().Test("connect");
    EXPECT_TRUE(reading.source().Test("read").ok()) << reading.source().Test("read");
    if (odd.made == table) {
      EXPECT_THAT(Remarks(reading),
                  AllOf(HasSubstr("1 table (odd) left out"), HasSubstr(sqlite3_libversion()),
                        HasSubstr("newer SQLite")));
    }
    if (odd.made == view) {
      EXPECT_THAT(Remarks(reading), HasSubstr("1 view (odd) left out"));
    }
  }
}

TEST_F(DamagedTest, ATableThatCannotBeParsedIsExplainedInSqlitesWords) {
  Declare(database_, "CREATE TABLE odd(a)", "CREATE TABLE odd(a INTEGER) COLUMNAR");
  Reading reading(folder_.path(), "d.db");
  EXPECT_THAT(Remarks(reading), HasSubstr("of odd (unknown table option: COLUMNAR)"));
}

TEST_F(DamagedTest, AViewThatComesBetweenTwoReadsAndCannotBeParsedStopsNoTable) {
  Reading reading(folder_.path(), "d.db");
  const CatalogTable table = reading.Table("good");
  EXPECT_EQ(reading.Read(table).rows.size(), 2u);
  Declare(database_, "CREATE VIEW odd AS SELECT a FROM good", "CREATE VIEW odd AS SELECT a !! b");
  const Outcome outcome = reading.Read(table);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.rows.size(), 2u);
}

TEST_F(DamagedTest, ADatabaseOfWhichNoTableCanBeParsedDoesNotPassTheReadTest) {
  database_.Run("DROP TABLE good; DROP TABLE keyed");
  Declare(database_, "CREATE TABLE odd(a)", "CREATE TABLE odd(a) COLUMNAR");
  Reading reading(folder_.path(), "d.db");
  const absl::Status tried = reading.source().Test("read");
  EXPECT_TRUE(absl::IsFailedPrecondition(tried)) << tried;
  EXPECT_THAT(tried.ToString(), HasSubstr("odd"));
}

TEST_F(DamagedTest, AFormatThatOnlyANewerSqliteKnowsIsCalledThat) {
  struct Case {
    std::size_t offset;
    std::string bytes, said;
  };
  for (const Case& newer : std::vector<Case>{{44, std::string("\0\0\0\5", 4), "schema format 5"},
                                             {44, "\x01\x01\x01\x01", "schema format 16843009"},
                                             {19, "\3", "read version 3"}}) {
    const std::string copy = folder_ / "newer.db";
    database_.Close();
    std::filesystem::copy_file(path_, copy, std::filesystem::copy_options::overwrite_existing);
    std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(newer.offset));
    file << newer.bytes;
    file.close();
    Reading reading(folder_.path(), "newer.db");
    for (const absl::Status& status :
         {reading.source().Test("connect"), reading.source().Test("read"),
          reading.source().Describe({}).status()}) {
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
      EXPECT_THAT(status.ToString(),
                  AllOf(HasSubstr(newer.said), HasSubstr("newer SQLite"),
                        HasSubstr(sqlite3_libversion()), Not(HasSubstr("restore"))));
    }
  }
}

TEST_F(DamagedTest, AFileThatWasCopiedInPartIsCalledThat) {
  database_.Run(
      "WITH RECURSIVE n(x) AS (SELECT 3 UNION ALL SELECT x+1 FROM n WHERE x<9000) "
      "INSERT INTO good SELECT x, printf('%100d', x) FROM n");
  database_.Close();
  const auto whole = std::filesystem::file_size(path_);
  for (const auto bytes : {whole - 4096, whole / 2 / 4096 * 4096, std::uintmax_t{4096}}) {
    std::filesystem::resize_file(path_, bytes);
    Reading reading(folder_.path(), "d.db");
    for (const absl::Status& status :
         {reading.source().Test("connect"), reading.source().Describe({}).status()}) {
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
      EXPECT_THAT(status.ToString(), HasSubstr(absl::StrCat("shorter than its header states, ",
                                                            bytes, " bytes instead of ", whole)));
    }
  }
  std::filesystem::resize_file(path_, 300);
  const absl::Status prepared = Reading(folder_.path(), "d.db").prepared().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(prepared)) << prepared;
  EXPECT_THAT(prepared.ToString(), HasSubstr("shorter than its header states"));
}

// SQLite then takes the size from the -wal file, not from the file.
TEST_F(DamagedTest, AFileWhoseLastPagesAreInItsLogIsWhole) {
  database_.Run(
      "PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0;"
      "WITH RECURSIVE n(x) AS (SELECT 3 UNION ALL SELECT x+1 FROM n WHERE x<9000) "
      "INSERT INTO good SELECT x, printf('%100d', x) FROM n");
  Reading reading(folder_.path(), "d.db");
  EXPECT_EQ(reading.Read(reading.Table("good")).rows.size(), 9000u);
}

TEST_F(DamagedTest, WhatHasNoNameIsLeftOutWithARemark) {
  database_.Run(
      "CREATE TABLE \"\"(a); INSERT INTO \"\" VALUES(1);"
      "CREATE TABLE part(a INTEGER PRIMARY KEY, \"\" TEXT, b); INSERT INTO part VALUES(1, 2, 3);"
      "CREATE TABLE only(\"\"); INSERT INTO only VALUES(1);"
      "CREATE TABLE needs(\"\" TEXT, k TEXT, v, PRIMARY KEY(k, \"\")) WITHOUT ROWID;"
      "INSERT INTO needs VALUES('a', 'k', 1), ('b', 'k', 2);"
      "CREATE TABLE parted(\"\" TEXT, k TEXT, PRIMARY KEY(k, \"\"));"
      "INSERT INTO parted VALUES('a', 'k'), ('b', 'k')");
  Reading reading(folder_.path(), "d.db");
  EXPECT_THAT(Names(reading), ElementsAre("good", "keyed", "part", "parted"));
  EXPECT_THAT(Remarks(reading), AllOf(HasSubstr("3 tables (, needs, only) left out"),
                                      HasSubstr("2 tables (part, parted) read without a column")));
  const Outcome part = reading.Read(reading.Table("part"));
  ASSERT_EQ(part.rows.size(), 1u);
  EXPECT_EQ(part.rows[0].size(), 2u);
  EXPECT_TRUE(reading.Table("part").columns(0).primary_key());
  // Their rows differ only in columns that cannot be sent.
  const CatalogTable parted = reading.Table("parted");
  for (const auto& column : parted.columns()) {
    EXPECT_FALSE(column.name() == "k" && column.primary_key());
  }
  EXPECT_EQ(reading.Read(parted).rows.size(), 2u);
  ExpectGoodTablesRead(reading);
}

TEST_F(DamagedTest, ATableThatTheSchemaNamesInAnotherCaseIsReadByItsKey) {
  database_.Run(
      "CREATE TABLE \"ThreeKeys\"(v, a TEXT, b INTEGER, PRIMARY KEY(b, a)) WITHOUT ROWID;"
      "INSERT INTO ThreeKeys VALUES(1, 'a', 1), (2, 'b', 1), (3, 'a', 2);"
      "CREATE TABLE indexed(id INTEGER, PRIMARY KEY(id DESC)); INSERT INTO indexed VALUES(7), (9);"
      "PRAGMA writable_schema=ON;"
      "UPDATE sqlite_schema SET name='threekeys', tbl_name='THREEKEYS' WHERE name='ThreeKeys';"
      "UPDATE sqlite_schema SET name=upper(name), tbl_name=upper(tbl_name) WHERE name='indexed';"
      "PRAGMA writable_schema=OFF");
  Reading reading(folder_.path(), "d.db");
  const CatalogTable table = reading.Table("ThreeKeys");
  EXPECT_THAT(table.access(), HasSubstr("\"key\""));
  const Outcome outcome = reading.Read(table);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.rows.size(), 3u);
  const CatalogTable indexed = reading.Table("indexed");
  EXPECT_EQ(reading.Read(indexed).rows.size(), 2u);
}

TEST_F(DamagedTest, TheReadTestPassesWhereOthersCanBeReadAndNamesTableAndColumn) {
  sqlite3_create_function(
      database_.db(), "own", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
      [](sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_int(context, 1); },
      nullptr, nullptr);
  database_.Run(
      "CREATE TABLE calls(a, plain AS (a + 1), g AS (own(a))); INSERT INTO calls(a) VALUES(1);"
      "CREATE TABLE docs(id INTEGER PRIMARY KEY, doc TEXT); INSERT INTO docs VALUES(1, 'no json');"
      "ALTER TABLE docs ADD COLUMN name AS (json_extract(doc, '$.name'));"
      "CREATE TABLE torn(a); INSERT INTO torn VALUES(1)");
  const int root = std::stoi(database_.Ask("SELECT rootpage FROM sqlite_schema WHERE name='torn'"));
  Write(static_cast<std::size_t>(root - 1) * 4096, std::string(4096, '\xee'));
  Reading reading(folder_.path(), "d.db");
  const std::string log = LogOfReadTest(reading);
  EXPECT_THAT(log, AllOf(HasSubstr("WARNING"), HasSubstr("calls"), HasSubstr("own()"),
                         HasSubstr("torn"), HasSubstr("damaged")));
  EXPECT_THAT(log, HasSubstr(R"(\"docs\", column \"name\": )"));
  EXPECT_THAT(log, HasSubstr("malformed JSON"));
  EXPECT_THAT(log, HasSubstr(R"(\"calls\", column \"g\": )"));
  ExpectGoodTablesRead(reading);

  Database(path_).Run("DROP TABLE good; DROP TABLE keyed");
  const absl::Status none = Reading(folder_.path(), "d.db").source().Test("read");
  EXPECT_TRUE(absl::IsFailedPrecondition(none)) << none;
  EXPECT_THAT(none.ToString(), AllOf(HasSubstr("no table can be read"), HasSubstr("calls"),
                                     HasSubstr("docs"), HasSubstr("torn")));
}

TEST_F(DamagedTest, ManyTablesThatCannotBeReadDoNotHideOneThatCan) {
  sqlite3_create_function(
      database_.db(), "own", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
      [](sqlite3_context* context, int, sqlite3_value**) { sqlite3_result_int(context, 1); },
      nullptr, nullptr);
  database_.Run("DROP TABLE good; DROP TABLE keyed; BEGIN");
  for (int at = 0; at < 150; ++at) {
    database_.Run(absl::StrCat("CREATE TABLE t", at, "(a, g AS (own(a)))"));
  }
  database_.Run("CREATE TABLE zz(a); COMMIT");
  Reading reading(folder_.path(), "d.db");
  EXPECT_THAT(LogOfReadTest(reading), HasSubstr("own()"));
}

TEST_F(DamagedTest, AReadThatFailsAtARowNamesTheColumnAndNoValue) {
  database_.Run(
      "CREATE TABLE docs(id INTEGER PRIMARY KEY, doc TEXT);"
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<5000) "
      "INSERT INTO docs SELECT x, iif(x=4321, 'SECRET-4111', '[1,2]') FROM n;"
      "CREATE TABLE keyed_docs(k TEXT PRIMARY KEY, doc TEXT) WITHOUT ROWID;"
      "INSERT INTO keyed_docs SELECT printf('%05d', id), doc FROM docs;"
      "ALTER TABLE docs ADD COLUMN first AS (json_extract(doc, '$[0]'));"
      "ALTER TABLE docs ADD COLUMN last AS (json_extract(doc, '$[#-1]'));"
      "ALTER TABLE keyed_docs ADD COLUMN first AS (json_extract(doc, '$[0]'))");
  Reading reading(folder_.path(), "d.db");
  for (const std::string name : {"docs", "keyed_docs"}) {
    const Outcome outcome = reading.Read(reading.Table(name));
    EXPECT_TRUE(absl::IsDataLoss(outcome.status)) << outcome.status;
    EXPECT_THAT(outcome.status.ToString(),
                AllOf(HasSubstr(absl::StrCat("\"", name, "\", column \"first\": ")),
                      HasSubstr("malformed JSON"), HasSubstr("leave the column out"),
                      Not(HasSubstr("SECRET"))));
    EXPECT_GT(outcome.rows.size(), 4000u);
    CatalogTable without = reading.Table(name);
    for (int at = without.columns_size() - 1; at >= 0; --at) {
      const std::string& column = without.columns(at).name();
      if (column == "first" || column == "last") without.mutable_columns()->DeleteSubrange(at, 1);
    }
    EXPECT_EQ(reading.Read(without).rows.size(), 5000u) << "left out, as the text says";
  }
}

TEST_F(DamagedTest, ATableThatCannotBeCutKeepsItsRangesAndTheOthersAreCut) {
  CatalogTable gone;
  gone.set_schema("main");
  gone.set_table("gone");
  gone.set_access(R"({"key":[["k",false,"BINARY",true]],"root":2})");
  Reading reading(folder_.path(), "d.db");
  EXPECT_EQ(reading.Cut(gone).size(), 1u);
  EXPECT_EQ(reading.Cut(reading.Table("good")).size(), 1u);
}

}  // namespace
}  // namespace tributary::sqlite_test
