// Values that do not fit the declared types of their columns: which type is chosen, and that it is
// chosen before many rows are sent for nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "tests/worker/sources/sqlite/sample.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/database_file.h"
#include "worker/sources/sqlite/look_ahead.h"
#include "worker/sources/sqlite/type_search.h"

namespace tributary::sqlite_test {
namespace {

using fivetran_sdk::v2::DataType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// A table with one column that holds these values, read as the supervisor would.
class OneColumn {
 public:
  OneColumn(const std::string& declared, const std::vector<std::string>& values)
      : database_(folder_ / "v.db") {
    database_.Run(absl::StrCat("CREATE TABLE t(v ", declared, ")"));
    for (const std::string& value : values) {
      database_.Run(absl::StrCat("INSERT INTO t VALUES(", value, ")"));
    }
    reading_.emplace(folder_.path(), "v.db");
    table_ = reading_->Table("t");
    const Outcome first = reading_->Read(table_);
    EXPECT_TRUE(first.status.ok()) << first.status;
    found_ = absl::StrJoin(Texts(first.end.widen()), "; ");
    rows_ = first.rows;
    if (first.end.outcome() != AssignmentEnd::WIDEN) return;
    Apply(first.end.widen(), table_);
    const Outcome second = reading_->Read(table_);
    EXPECT_EQ(second.end.outcome(), AssignmentEnd::DONE)
        << "it is copied again once, not more often";
    EXPECT_EQ(second.rows.size(), values.size());
    rows_ = second.rows;
  }

  // After the rowid if that is the table's key.
  DataType type() const { return table_.columns().rbegin()->type(); }
  // What the first read found.
  const std::string& found() const { return found_; }
  const std::vector<Values>& rows() const { return rows_; }
  const CatalogTable& table() const { return table_; }
  Reading& reading() { return *reading_; }

 private:
  TempFolder folder_;
  Database database_;
  std::optional<Reading> reading_;
  CatalogTable table_;
  std::string found_;
  std::vector<Values> rows_;
};

struct Application {
  const char* name;
  const char* declared;
  std::vector<std::string> values;
  DataType type;
};

class ApplicationTest : public ::testing::TestWithParam<Application> {};

TEST_P(ApplicationTest, ItsValuesAreSentInTheNarrowestTypeThatHoldsThemAll) {
  const OneColumn column(GetParam().declared, GetParam().values);
  EXPECT_EQ(DataType_Name(column.type()), DataType_Name(GetParam().type)) << column.found();
  EXPECT_EQ(column.rows().size(), GetParam().values.size());
}

INSTANTIATE_TEST_SUITE_P(
    AsTheyWrite, ApplicationTest,
    ::testing::Values(
        Application{
            "Gorm",
            "datetime",
            {"'2023-05-06 07:08:09.123456789+00:00'", "'2024-01-01 00:00:00+02:00'", "NULL"},
            DataType::UTC_DATETIME},
        Application{"GormInPureGo",
                    "datetime",
                    {"'2023-05-06 07:08:09.123456 +0000 UTC'", "'2024-07-01 00:00:00 +0200 CEST'"},
                    DataType::UTC_DATETIME},
        Application{"GormDate",
                    "date",
                    {"'2024-01-01 00:00:00+00:00'", "'2024-01-02'"},
                    DataType::NAIVE_DATE},
        Application{"GormBool", "numeric", {"0", "1"}, DataType::DECIMAL},
        Application{"Sequelize",
                    "DATETIME",
                    {"'2023-05-06 07:08:09.123 +00:00'", "'2024-01-01 00:00:00.000 +00:00'"},
                    DataType::UTC_DATETIME},
        Application{"SequelizeDateOnly", "DATE", {"'2024-01-01'"}, DataType::NAIVE_DATE},
        Application{"SequelizeBoolean", "TINYINT(1)", {"0", "1"}, DataType::LONG},
        Application{
            "PrismaInMilliseconds", "DATETIME", {"1683356889123", "1704067200000"}, DataType::LONG},
        Application{"PrismaInText",
                    "DATETIME",
                    {"'2023-05-06T07:08:09.123+00:00'", "'2024-01-01T00:00:00.000Z'"},
                    DataType::UTC_DATETIME},
        Application{"PrismaInBoth",
                    "DATETIME",
                    {"1683356889123", "'2024-01-01T00:00:00.000Z'"},
                    DataType::STRING},
        Application{"PrismaJson", "JSONB", {"'{\"a\":1}'", "'[]'"}, DataType::JSON},
        Application{"GeoPackageTime",
                    "DATETIME",
                    {"'2023-05-06T07:08:09.123Z'", "'2024-01-01T00:00:00.000Z'"},
                    DataType::UTC_DATETIME},
        Application{"GeoPackagePoint", "POINT", {"x'47500001E6100000'", "NULL"}, DataType::BINARY},
        Application{"CoreData", "TIMESTAMP", {"694224000", "694224000.25"}, DataType::DOUBLE},
        Application{"DjangoDatetime",
                    "datetime",
                    {"'2023-05-06 07:08:09.123456'", "'2024-01-01 00:00:00'"},
                    DataType::NAIVE_DATETIME},
        Application{"DjangoDecimal", "decimal", {"10", "10.25"}, DataType::DECIMAL},
        Application{
            "DjangoUuid", "char(32)", {"'550e8400e29b41d4a716446655440000'"}, DataType::STRING},
        Application{"DjangoUnsigned", "integer unsigned", {"7"}, DataType::LONG},
        Application{"RailsBeforeFive", "boolean", {"'t'", "'f'", "1"}, DataType::BOOLEAN},
        Application{"RailsDatetime",
                    "datetime(6)",
                    {"'2023-05-06 07:08:09.123456'"},
                    DataType::NAIVE_DATETIME},
        Application{"RailsMoney", "decimal(10,2)", {"0.1 + 0.2", "17.5"}, DataType::DECIMAL},
        Application{"RoomTime", "INTEGER", {"1683356889123"}, DataType::LONG},
        Application{"RoomFloat", "REAL", {"1", "2.5"}, DataType::DOUBLE},
        Application{"Python", "BOOLEAN", {"'True'", "'False'"}, DataType::BOOLEAN},
        Application{"DotNetGuid",
                    "GUID",
                    {"'550e8400-e29b-41d4-a716-446655440000'", "x'55'"},
                    DataType::STRING}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(WideningTest, EachKindOfMisfitLeadsToTheNarrowestTypeAndIsNamed) {
  for (const auto& [declared, values, found] :
       std::vector<std::tuple<const char*, std::vector<std::string>, const char*>>{
           {"BOOLEAN", {"1", "2"}, "v LONG (NOT_0_OR_1)"},
           {"BOOLEAN", {"'true'", "2"}, "v STRING (NOT_0_OR_1)"},
           {"BOOLEAN", {"0", "0.5"}, "v DOUBLE (FRACTION)"},
           {"BOOLEAN", {"0", "''"}, "v STRING (EMPTY_TEXT)"},
           {"INTEGER", {"1", "0.5"}, "v DOUBLE (FRACTION)"},
           {"INTEGER", {"9007199254740993", "0.5"}, "v DECIMAL (FRACTION)"},
           {"INTEGER", {"9007199254740993", "1e300"}, "v STRING (MANY_DIGITS)"},
           {"INTEGER", {"1", "x'00'"}, "v STRING (BLOB)"},
           {"INTEGER", {"NULL", "x'00'"}, "v BINARY (BLOB)"},
           {"DECIMAL(6,2)", {"1.005", "7"}, "v DECIMAL (MANY_DIGITS)"},
           {"DECIMAL(6,2)", {"1e300", "7"}, "v DOUBLE (MANY_DIGITS)"},
           {"DECIMAL(6,2)", {"9e999", "7.5"}, "v DOUBLE (NOT_FINITE)"},
           {"DECIMAL(6,2)", {"''", "7.5"}, "v STRING (EMPTY_TEXT)"},
           {"DECIMAL(6,2)", {"1e300", "9007199254740993"}, "v STRING (MANY_DIGITS)"},
           {"DATE", {"'2024-01-01'", "'2024-01-01 10:00'"}, "v NAIVE_DATETIME (TIME_OF_DAY)"},
           {"DATE", {"'2024-01-01 10:00Z'"}, "v UTC_DATETIME (ZONE)"},
           {"DATE", {"'2024-01-01'", "'2024-01-01 10:00Z'"}, "v STRING (ZONE)"},
           {"DATE", {"'2024-01-01'", "''", "'soon'"}, "v STRING (EMPTY_TEXT, TEXT)"},
           {"DATETIME", {"'2024-01-01 10:00'", "'2024-01-01'"}, ""},
           {"DATETIME", {"'2024-01-01 10:00Z'"}, "v UTC_DATETIME (ZONE)"},
           {"DATETIME", {"'2024-01-01 10:00Z'", "'2024-01-01 10:00'"}, "v STRING (ZONE)"},
           {"DATETIME", {"'2024-01-01 10:00'", "x'00'", "5"}, "v STRING (NUMBER, BLOB)"},
           {"TIMESTAMPTZ", {"'2024-01-01 10:00'"}, "v NAIVE_DATETIME (NO_ZONE)"},
           {"TIMESTAMPTZ", {"'2024-01-01 10:00'", "'2024-01-01 10:00Z'"}, "v STRING (NO_ZONE)"},
           {"JSON", {"'{}'", "''"}, "v STRING (EMPTY_TEXT)"},
           {"JSON", {"'{}'", "x'0C'"}, "v STRING (BLOB)"},
           {"JSON", {"x'0C'", "NULL"}, "v BINARY (BLOB)"},
           {"BLOB", {"x'00'", "'text'"}, "v STRING (TEXT)"},
           {"POINT", {"x'00'", "7"}, "v STRING (NUMBER)"},
       }) {
    EXPECT_EQ(OneColumn(declared, values).found(), found) << declared;
  }
}

// Whatever values a column holds, it is sent as the first of its types that fits all of them, and
// the table is copied again at most once.
TEST(WideningTest, TheTypeThatIsFoundTakesEveryValueAndNoNarrowerOneDoes) {
  const std::vector<std::string> pool{"NULL",
                                      "0",
                                      "1",
                                      "7",
                                      "0.5",
                                      "1.005",
                                      "1e300",
                                      "9007199254740993",
                                      "9e999",
                                      "''",
                                      "'true'",
                                      "'f'",
                                      "'soon'",
                                      "'{}'",
                                      "x'00'",
                                      "'2024-01-01'",
                                      "'2024-01-01 00:00:00'",
                                      "'2024-01-01T10:00:00Z'",
                                      "'2024-01-01 10:00:00'",
                                      "'2024-01-01 10:00:00+02:00'"};
  std::mt19937 dice(20240506);
  for (const char* declared : {"BOOLEAN", "INTEGER", "REAL", "DECIMAL(6,2)", "NUMERIC", "DATE",
                               "DATETIME", "TIMESTAMPTZ", "JSON", "BLOB", "TEXT", ""}) {
    for (int round = 0; round < 30; ++round) {
      std::vector<std::string> values(1 + dice() % 4);
      for (std::string& value : values) value = pool[dice() % pool.size()];
      SCOPED_TRACE(absl::StrCat(declared, ": ", absl::StrJoin(values, ", ")));
      OneColumn column(declared, values);
      const CatalogTable own = column.reading().Table("t");
      sqlite::TypeSearch types;
      types.Begin(own.columns());
      const std::size_t last = types.columns() - 1;
      for (std::size_t way = 0; way < types.types(last).size(); ++way) {
        CatalogTable narrower = own;
        auto& changed = *narrower.mutable_columns()->rbegin();
        changed.set_type(types.types(last)[way]);
        if (way > 0) changed.clear_params();
        if (column.table().columns().rbegin()->SerializeAsString() == changed.SerializeAsString()) {
          break;
        }
        EXPECT_EQ(column.reading().Read(narrower).end.outcome(), AssignmentEnd::WIDEN)
            << narrower.ShortDebugString();
      }
    }
  }
}

// The numbers 1 to 2,000 as n(i).
constexpr char kRows[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) ";

TEST(SampleTest, WhatDoesNotFitIsFoundBeforeTheFirstRowIsSent) {
  for (const char* table : {"CREATE TABLE t(k INTEGER PRIMARY KEY, at DATETIME)",
                            "CREATE TABLE t(k TEXT PRIMARY KEY, at DATETIME) WITHOUT ROWID",
                            "CREATE TABLE t(k TEXT, at DATETIME, PRIMARY KEY(k DESC)) WITHOUT "
                            "ROWID",
                            "CREATE TABLE t(rowid, oid, _rowid_ INTEGER, k, at DATETIME)"}) {
    TempFolder folder;
    Database database(folder / "s.db");
    database.Run(absl::StrCat(table, ";", kRows,
                              "INSERT INTO t(k, at) SELECT printf('%06d', i), "
                              "'2024-01-01T10:00:00Z' FROM n"));
    Reading reading(folder.path(), "s.db");
    CatalogTable shape = reading.Table("t");
    const std::vector<Range> slices = reading.Cut(shape);
    EXPECT_THAT(reading.sampled, ElementsAre("at UTC_DATETIME (ZONE)")) << table;
    for (auto& column : *shape.mutable_columns()) {
      if (column.name() == "at") column.set_type(DataType::UTC_DATETIME);
    }
    EXPECT_EQ(reading.ReadAll(shape, slices).size(), 2000u);
    reading.Cut(shape);
    EXPECT_THAT(reading.sampled, IsEmpty()) << "all values fit now";
  }
}

TEST(SampleTest, TheFirstRowsTheLastAndThoseAtTheCutsAreLookedAt) {
  // A table with several slices; one row does not fit.
  for (const char* place : {"first", "last", "cut"}) {
    TempFolder folder;
    Database database(folder / "s.db");
    database.Run(absl::StrCat("CREATE TABLE t(k INTEGER PRIMARY KEY, v INTEGER, pad BLOB);", kRows,
                              "INSERT INTO t SELECT i, i, zeroblob(16000) FROM n"));
    Reading reading(folder.path(), "s.db");
    const CatalogTable shape = reading.Table("t");
    const std::vector<Range> slices = reading.Cut(shape);
    ASSERT_GT(slices.size(), 2u);
    EXPECT_THAT(reading.sampled, IsEmpty());
    const std::string row = place == std::string("first")  ? "1"
                            : place == std::string("last") ? "2000"
                                                           : slices[1].from();
    database.Run("UPDATE t SET v = 0.5 WHERE k = " + row);
    reading.Cut(shape);
    EXPECT_THAT(reading.sampled, ElementsAre("v DOUBLE (FRACTION)")) << place;
  }
}

TEST(SampleTest, ATableWhoseColumnsTakeEverythingOrThatCannotBeReadIsCutAllTheSame) {
  TempFolder folder;
  Database database(folder / "s.db");
  database.Run(
      "CREATE TABLE texts(k INTEGER PRIMARY KEY, v TEXT); INSERT INTO texts VALUES(1, x'00');"
      "CREATE TABLE gone(v INTEGER)");
  Reading reading(folder.path(), "s.db");
  const CatalogTable texts = reading.Table("texts");
  const CatalogTable gone = reading.Table("gone");
  database.Run("DROP TABLE gone");
  EXPECT_EQ(reading.Cut(texts).size(), 1u);
  EXPECT_THAT(reading.sampled, IsEmpty());
  EXPECT_EQ(reading.Cut(gone).size(), 1u);
  EXPECT_THAT(reading.sampled, IsEmpty());
}

// Of 40,000 rows, one in the middle has a zone and the others have none; in another column, a later
// value does not fit.
TEST(LookThroughTest, AMisfitFarFromTheSampleIsMetOnceAndAllColumnsHaveTheirLastTypes) {
  for (const char* table :
       {"CREATE TABLE t(k INTEGER PRIMARY KEY, at DATETIME, n INTEGER, d DATE)",
        "CREATE TABLE t(k INTEGER PRIMARY KEY, at DATETIME, n INTEGER, d DATE) WITHOUT ROWID",
        "CREATE TABLE t(k INTEGER, at DATETIME, n INTEGER, d DATE, rowid, oid, _rowid_)"}) {
    TempFolder folder;
    Database database(folder / "l.db");
    database.Run(absl::StrCat(
        table,
        ";WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) "
        "INSERT INTO t(k, at, n, d) SELECT i, iif(i = 20000, '2024-01-01T10:00:00Z', "
        "'2024-01-01 10:00:00'), iif(i = 39000, 0.5, i), iif(i = 10, '2024-01-01 10:00', "
        "'2024-01-01') FROM n"));
    Reading reading(folder.path(), "l.db");
    CatalogTable shape = reading.Table("t");
    // The date that does not fit is in the sample, so its column already has a wider type.
    shape.mutable_columns(3)->set_type(DataType::NAIVE_DATETIME);
    const Outcome outcome = reading.Read(shape);
    ASSERT_EQ(outcome.end.outcome(), AssignmentEnd::WIDEN) << table;
    EXPECT_THAT(Texts(outcome.end.widen()), ElementsAre("at STRING (ZONE)", "n DOUBLE (FRACTION)"));
    Apply(outcome.end.widen(), shape);
    const Outcome again = reading.Read(shape);
    EXPECT_EQ(again.end.outcome(), AssignmentEnd::DONE) << table;
    EXPECT_EQ(again.rows.size(), 40000u);
  }
}

TEST(LookThroughTest, BlobsAreNotLoadedSoOneThatIsTooLargeHidesNothing) {
  TempFolder folder;
  Database database(folder / "l.db");
  database.Run(
      "CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB, n INTEGER); INSERT INTO t VALUES"
      "(1, x'00', 0.5), (2, zeroblob(170*1024*1024), 1), (3, 'text', 1)");
  Reading reading(folder.path(), "l.db");
  const Outcome outcome = reading.Read(reading.Table("t"));
  EXPECT_THAT(Texts(outcome.end.widen()), ElementsAre("v STRING (TEXT)", "n DOUBLE (FRACTION)"));
}

TEST(LookThroughTest, TextOfAUtf16DatabaseIsLookedAtAsWhatItSays) {
  TempFolder folder;
  Database database(folder / "l.db");
  database.Run(
      "PRAGMA encoding='UTF-16le'; CREATE TABLE t(at DATETIME); INSERT INTO t VALUES"
      "('2024-01-01T10:00:00Z'), ('2024-01-01T11:00:00Z')");
  Reading reading(folder.path(), "l.db");
  const CatalogTable table = reading.Table("t");
  reading.Cut(table);
  EXPECT_THAT(reading.sampled, ElementsAre("at UTC_DATETIME (ZONE)"));
  EXPECT_THAT(Texts(reading.Read(table).end.widen()), ElementsAre("at UTC_DATETIME (ZONE)"));
}

TEST(LookThroughTest, AReaderThatIsToPauseLooksNoFurther) {
  TempFolder folder;
  Database database(folder / "l.db");
  database.Run("CREATE TABLE t(v INTEGER); INSERT INTO t VALUES(0.5), ('x')");
  Reading reading(folder.path(), "l.db");
  const CatalogTable table = reading.Table("t");
  EXPECT_THAT(Texts(reading.Read(table).end.widen()), ElementsAre("v STRING (FRACTION, TEXT)"));
  reading.pause_after_marks = 0;
  EXPECT_THAT(Texts(reading.Read(table).end.widen()), ElementsAre("v DOUBLE (FRACTION)"));
}

// While a transaction with a rollback journal reads, no application can commit.
TEST(LookThroughTest, AWriterCommitsBetweenItsTransactions) {
  TempFolder folder;
  Database database(folder / "l.db");
  database.Run(absl::StrCat("CREATE TABLE t(v INTEGER); CREATE TABLE other(v);", kRows,
                            "INSERT INTO t SELECT i FROM n"));
  Reading reading(folder.path(), "l.db");
  const CatalogTable table = reading.Table("t");
  CountingPulse pulse;
  auto file = sqlite::LocateDatabase("l.db", folder.path());
  ASSERT_TRUE(file.ok()) << file.status();
  sqlite::Connection connection(*std::move(file), pulse, std::chrono::milliseconds(2000));
  ReadAssignment assignment;
  assignment.set_table("t");
  assignment.set_access(table.access());
  sqlite::TypeSearch types;
  types.Begin(table.columns());
  sqlite3_busy_timeout(database.db(), 0);
  int commits = 0;
  int refusals = 0;
  sqlite::LookThrough(connection, assignment, types, [&] {
    const int code =
        sqlite3_exec(database.db(), "INSERT INTO other VALUES(1)", nullptr, nullptr, nullptr);
    ++(code == SQLITE_OK ? commits : refusals);
    // At the first call within a transaction that has lasted long enough.
    if (refusals == 1) std::this_thread::sleep_for(limits::kSqliteTurn);
    return false;
  });
  EXPECT_GE(refusals, 1);
  EXPECT_GE(commits, 2) << "one before the first transaction, one before the second";
}

// Promise 13: if two keys differ, both are sent, whatever their column's declared type.
TEST(WideningTest, KeysThatMightBecomeOneValueAreSentAsTheyAreSpelled) {
  for (const auto& [declared, first, second, found] :
       std::vector<std::tuple<const char*, const char*, const char*, const char*>>{
           {"BOOLEAN", "1", "'true'", "v STRING (SPELLING)"},
           {"DATE", "'2024-01-01'", "'2024-01-01 00:00:00'", "v STRING (SPELLING)"},
           {"DATETIME", "'2024-01-01'", "'2024-01-01 00:00:00'", "v STRING (SPELLING)"},
           {"DATETIME", "'2024-01-01 00:00:00Z'", "'2024-01-01 01:00:00+01:00'", "v STRING (ZONE)"},
           {"DATETIME", "'2024-01-01 00:00:00+00:00'", "'2024-01-01 01:00:00.5+00:00'",
            "v UTC_DATETIME (ZONE)"},
           {"TIMESTAMPTZ", "'2024-01-01 00:00:00+00:00'", "'2024-01-01T00:00:00Z'",
            "v STRING (SPELLING)"},
           {"BIGINT", "1", "1.5", "v DOUBLE (FRACTION)"},
       }) {
    const OneColumn column(absl::StrCat(declared, " PRIMARY KEY NOT NULL"), {first, second});
    EXPECT_EQ(column.found(), found) << declared;
    ASSERT_EQ(column.rows().size(), 2u);
    EXPECT_NE(column.rows()[0].at("v").SerializeAsString(),
              column.rows()[1].at("v").SerializeAsString())
        << declared;
  }
}

}  // namespace
}  // namespace tributary::sqlite_test
