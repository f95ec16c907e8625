// All declared types with all storage classes, and values at the limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_join.h"
#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using fivetran_sdk::v2::DataType;
using fivetran_sdk::v2::ValueType;
using ::testing::ElementsAre;

// A single value as it is sent: "<field>:<value>".
std::string Shown(const ValueType& value) {
  switch (value.inner_case()) {
    case ValueType::kNull:
      return "null";
    case ValueType::kBool:
      return value.bool_() ? "bool:true" : "bool:false";
    case ValueType::kLong:
      return "long:" + std::to_string(value.long_());
    case ValueType::kDouble:
      return "double:" + std::to_string(value.double_());
    case ValueType::kNaiveDate:
      return "date:" + std::to_string(value.naive_date().seconds());
    case ValueType::kNaiveDatetime:
      return "datetime:" + std::to_string(value.naive_datetime().seconds()) + "." +
             std::to_string(value.naive_datetime().nanos());
    case ValueType::kUtcDatetime:
      return "utc:" + std::to_string(value.utc_datetime().seconds()) + "." +
             std::to_string(value.utc_datetime().nanos());
    case ValueType::kDecimal:
      return "decimal:" + value.decimal();
    case ValueType::kBinary:
      return "binary:" + value.binary();
    case ValueType::kString:
      return "string:" + value.string();
    case ValueType::kJson:
      return "json:" + value.json();
    default:
      return "unexpected";
  }
}

// Stores the SQL literal in a column with this declaration, and reads it; if `as` is not null, the
// column is sent as this type. If a value does not fit, returns the type to which the column is
// widened, and the kind of the value.
std::string Sent(const std::string& declared, const std::string& literal,
                 const DataType* as = nullptr) {
  TempFolder folder;
  {
    Database database(folder / "v.db");
    database.Run("CREATE TABLE t(v " + declared + "); INSERT INTO t VALUES(" + literal + ")");
  }
  Reading reading(folder.path(), "v.db");
  CatalogTable table = reading.Table("t");
  // After the rowid, which is the table's key.
  if (as != nullptr) table.mutable_columns()->rbegin()->set_type(*as);
  const Outcome outcome = reading.Read(table);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  if (outcome.end.outcome() == AssignmentEnd::WIDEN) {
    EXPECT_TRUE(outcome.rows.empty());
    return absl::StrJoin(Texts(outcome.end.widen()), "; ").substr(2);
  }
  EXPECT_EQ(outcome.rows.size(), 1u);
  return outcome.rows.empty() ? "nothing" : Shown(outcome.rows[0].at("v"));
}

struct Case {
  const char* declared;
  // The results for 7, 1.5, 'text', x'0AFF' and NULL.
  const char* integer;
  const char* real;
  const char* text;
  const char* blob;
};

class StorageMatrixTest : public ::testing::TestWithParam<Case> {};

TEST_P(StorageMatrixTest, AValueFitsOrWidensAndIsNeverLost) {
  const Case& expected = GetParam();
  EXPECT_EQ(Sent(expected.declared, "7"), expected.integer);
  EXPECT_EQ(Sent(expected.declared, "1.5"), expected.real);
  EXPECT_EQ(Sent(expected.declared, "'text'"), expected.text);
  EXPECT_EQ(Sent(expected.declared, "x'0AFF'"), expected.blob);
  EXPECT_EQ(Sent(expected.declared, "NULL"), "null");
}

TEST_P(StorageMatrixTest, TheWidenedColumnTakesEveryValue) {
  const DataType as = DataType::STRING;
  const char* declared = GetParam().declared;
  const std::string seven = Sent(declared, "7", &as);
  EXPECT_TRUE(seven == "string:7" || seven == "string:7.0") << seven;
  EXPECT_EQ(Sent(declared, "1.5", &as), "string:1.5");
  EXPECT_EQ(Sent(declared, "'text'", &as), "string:text");
  EXPECT_EQ(Sent(declared, "x'0AFF'", &as), "string:x'0AFF'");
  EXPECT_EQ(Sent(declared, "NULL", &as), "null");
}

INSTANTIATE_TEST_SUITE_P(
    AllTypes, StorageMatrixTest,
    ::testing::Values(
        Case{"INTEGER", "long:7", "DOUBLE (FRACTION)", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"BOOLEAN", "LONG (NOT_0_OR_1)", "DOUBLE (FRACTION)", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"REAL", "double:7.000000", "double:1.500000", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"DECIMAL(6,2)", "decimal:7", "decimal:1.5", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"NUMERIC", "decimal:7", "decimal:1.5", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"TEXT", "string:7", "string:1.5", "string:text", "string:x'0AFF'"},
        Case{"BLOB", "LONG (NUMBER)", "DOUBLE (NUMBER)", "STRING (TEXT)", "binary:\x0a\xff"},
        Case{"JSON", "json:7", "json:1.5", "STRING (NOT_JSON)", "BINARY (BLOB)"},
        Case{"DATE", "LONG (NUMBER)", "DOUBLE (NUMBER)", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"DATETIME", "LONG (NUMBER)", "DOUBLE (NUMBER)", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"TIMESTAMPTZ", "LONG (NUMBER)", "DOUBLE (NUMBER)", "STRING (TEXT)", "BINARY (BLOB)"},
        Case{"", "long:7", "double:1.500000", "string:text", "binary:\x0a\xff"}),
    [](const auto& instance) {
      std::string name = instance.param.declared;
      std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
      return name.empty() ? std::string("Undeclared") : name;
    });

TEST(ValueTest, ValuesOfTheDeclaredTypeArriveAsIt) {
  EXPECT_EQ(Sent("BOOLEAN", "0"), "bool:false");
  EXPECT_EQ(Sent("BOOLEAN", "1"), "bool:true");
  EXPECT_EQ(Sent("DATE", "'2024-02-29'"), "date:1709164800");
  EXPECT_EQ(Sent("DATE", "'2023-02-29'"), "STRING (TEXT)");
  EXPECT_EQ(Sent("DATETIME", "'2024-02-29T12:00:00.25'"), "datetime:1709208000.250000000");
  EXPECT_EQ(Sent("TIMESTAMP", "'2024-02-29 12:00'"), "datetime:1709208000.0");
  EXPECT_EQ(Sent("TIMESTAMP", "'2024-02-29 12:00Z'"), "UTC_DATETIME (ZONE)");
  EXPECT_EQ(Sent("TIMESTAMPTZ", "'2024-02-29 14:00:00.5+02:00'"), "utc:1709208000.500000000");
  EXPECT_EQ(Sent("TIMESTAMPTZ", "'2024-02-29 12:00'"), "NAIVE_DATETIME (NO_ZONE)");
  EXPECT_EQ(Sent("DECIMAL(6,2)", "12345.5"), "DECIMAL (MANY_DIGITS)");
  EXPECT_EQ(Sent("DECIMAL(6,2)", "1.005"), "DECIMAL (MANY_DIGITS)");
  EXPECT_EQ(Sent("DECIMAL(6,2)", "1e300"), "DOUBLE (MANY_DIGITS)");
  EXPECT_EQ(Sent("JSON", R"('{"a":[1,2,null]}')"), R"(json:{"a":[1,2,null]})");
  EXPECT_EQ(Sent("JSONB", R"('{"a":1}')"), R"(json:{"a":1})");
  EXPECT_EQ(Sent("JSONB", "x'4C1761'"), "BINARY (BLOB)");
  EXPECT_EQ(Sent("JSON", "'{a:1}'"), "STRING (NOT_JSON)");
  EXPECT_EQ(Sent("BLOB", "x''"), "binary:");
  EXPECT_EQ(Sent("TEXT", "''"), "string:");
  EXPECT_EQ(Sent("POINT", "x'4750'"), "binary:GP");
}

TEST(ValueTest, TheEndsOfTheIntegerRangeArriveWhole) {
  EXPECT_EQ(Sent("INTEGER", "9223372036854775807"), "long:9223372036854775807");
  EXPECT_EQ(Sent("INTEGER", "-9223372036854775807 - 1"), "long:-9223372036854775808");
  // The next number becomes a real in SQLite itself.
  EXPECT_EQ(Sent("INTEGER", "9223372036854775808"), "DOUBLE (MANY_DIGITS)");
  EXPECT_EQ(Sent("", "-9223372036854775807 - 1"), "long:-9223372036854775808");
}

TEST(ValueTest, InfinityIsADoubleAndNoDecimalNorJson) {
  EXPECT_EQ(Sent("REAL", "9e999"), "double:inf");
  EXPECT_EQ(Sent("REAL", "-9e999"), "double:-inf");
  EXPECT_EQ(Sent("NUMERIC", "9e999"), "DOUBLE (NOT_FINITE)");
  EXPECT_EQ(Sent("JSON", "9e999"), "STRING (NOT_FINITE)");
  const DataType as = DataType::STRING;
  EXPECT_EQ(Sent("REAL", "-9e999", &as), "string:-Infinity");
}

TEST(ValueTest, EmbeddedNulsStayInTextAndBlobs) {
  EXPECT_EQ(Sent("TEXT", "CAST(x'610062' AS TEXT)"), std::string("string:a\0b", 10));
  EXPECT_EQ(Sent("BLOB", "x'610062'"), std::string("binary:a\0b", 10));
}

TEST(ValueTest, InvalidUtf8IsReplacedAndCounted) {
  TempFolder folder;
  Database database(folder / "u.db");
  database.Run(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES"
      "(1, CAST(x'61FF62' AS TEXT)), (2, 'fine'), (3, CAST(x'E282' AS TEXT))");
  Reading reading(folder.path(), "u.db");
  const Outcome outcome = reading.Read(reading.Table("t"));
  ASSERT_EQ(outcome.rows.size(), 3u);
  EXPECT_EQ(outcome.rows[0].at("v").string(),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(outcome.rows[1].at("v").string(), "fine");
  EXPECT_EQ(outcome.rows[2].at("v").string(), "\xef\xbf\xbd");
  ASSERT_EQ(outcome.remarks().size(), 1u);
  EXPECT_EQ(outcome.remarks()[0].what(), ColumnRemark::REPAIRED_UTF8);
  EXPECT_EQ(outcome.remarks()[0].column(), 1u);
  EXPECT_EQ(outcome.remarks()[0].values(), 2u);
}

TEST(ValueTest, EachMarkTellsOfTheRowsBeforeItAndOfNoneThatAnotherHasToldOf) {
  TempFolder folder;
  Database database(folder / "m.db");
  // Much more than a ring holds, so that the reader cannot be at the end when the third mark is
  // seen; every hundredth row has a text that is repaired.
  database.Run(
      "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT, pad BLOB);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
      "INSERT INTO t SELECT i, CASE i % 100 WHEN 1 THEN CAST(x'FF' AS TEXT) ELSE 'fine' END, "
      "zeroblob(10000) "
      "FROM n");
  Reading reading(folder.path(), "m.db");
  const CatalogTable table = reading.Table("t");
  const Outcome whole = reading.Read(table);
  ASSERT_GT(whole.marks.size(), 3u);
  std::uint64_t told = 0;
  for (const Outcome::SeenMark& mark : whole.marks) {
    for (const ColumnRemark& remark : mark.remarks) told += remark.values();
    EXPECT_EQ(told, (mark.rows_before + 99) / 100) << "before " << mark.at;
  }
  EXPECT_EQ(told, 30u);

  // Rows after the pause are read again, so their remarks are reported then.
  reading.pause_after_marks = 3;
  const Outcome paused = reading.Read(table);
  EXPECT_EQ(paused.end.outcome(), AssignmentEnd::PAUSED);
  reading.pause_after_marks = -1;
  Range rest;
  rest.set_from(paused.marks.back().at);
  std::uint64_t parts = 0;
  for (const ColumnRemark& remark : paused.remarks()) parts += remark.values();
  for (const ColumnRemark& remark : reading.Read(table, rest).remarks()) parts += remark.values();
  EXPECT_EQ(parts, 30u);
}

TEST(ValueTest, Utf16DatabasesArriveAsUtf8) {
  for (const char* encoding : {"UTF-16le", "UTF-16be"}) {
    TempFolder folder;
    Database database(folder / "w.db");
    database.Run(
        std::string("PRAGMA encoding='") + encoding +
        "'; CREATE TABLE t(v TEXT); INSERT INTO t VALUES('gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80')");
    Reading reading(folder.path(), "w.db");
    const Outcome outcome = reading.Read(reading.Table("t"));
    ASSERT_EQ(outcome.rows.size(), 1u);
    EXPECT_EQ(outcome.rows[0].at("v").string(), "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  }
}

TEST(ValueTest, AllMisfitsAreNamedAtOnceAndNoRowAfterTheFirstIsSent) {
  TempFolder folder;
  Database database(folder / "m.db");
  database.Run("CREATE TABLE t(a INTEGER, b DATE, c INTEGER)");
  for (int row = 0; row < 500; ++row) {
    database.Run(row == 200   ? "INSERT INTO t VALUES('x', '2024-01-01', 1)"
                 : row == 450 ? "INSERT INTO t VALUES(1, 'soon', 1)"
                              : "INSERT INTO t VALUES(1, '2024-01-01', 1)");
  }
  Reading reading(folder.path(), "m.db");
  CatalogTable table = reading.Table("t");
  const Outcome outcome = reading.Read(table);
  EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::WIDEN);
  EXPECT_THAT(Texts(outcome.end.widen()), ElementsAre("a STRING (TEXT)", "b STRING (TEXT)"));
  EXPECT_LE(outcome.rows.size(), 200u);
  EXPECT_TRUE(outcome.marks.empty());

  Apply(outcome.end.widen(), table);
  const Outcome again = reading.Read(table);
  EXPECT_EQ(again.end.outcome(), AssignmentEnd::DONE);
  ASSERT_EQ(again.rows.size(), 500u);
  EXPECT_EQ(again.rows[200].at("a").string(), "x");
  EXPECT_EQ(again.rows[201].at("a").string(), "1");
  EXPECT_EQ(again.rows[450].at("b").string(), "soon");
}

// The supervisor considers a worker hung if it shows no sign of life.
TEST(ValueTest, LookingOnBehindAMisfitAndLeavingRowsOutShowThatTheReaderLives) {
  TempFolder folder;
  Database database(folder / "l.db");
  database.Run(
      "CREATE TABLE misfit(a INTEGER);"
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<60) "
      "INSERT INTO misfit SELECT 'x' FROM n;"
      "CREATE TABLE large(v BLOB); INSERT INTO large VALUES(zeroblob(130*1024*1024)), "
      "(zeroblob(130*1024*1024))");
  Reading reading(folder.path(), "l.db");
  const CatalogTable misfit = reading.Table("misfit");
  const CatalogTable large = reading.Table("large");
  const auto beats_of = [&reading](const CatalogTable& table) {
    const std::uint64_t before = reading.pulse().beats;
    EXPECT_TRUE(reading.Read(table).status.ok());
    return reading.pulse().beats - before;
  };
  EXPECT_GE(beats_of(misfit), 3u);
  EXPECT_GE(beats_of(large), 2u);
}

// Otherwise two rows would become one.
TEST(ValueTest, KeysThatSpellOneMomentDifferentlyAreSentAsTheyAreSpelled) {
  for (const char* other : {"2024-01-01T00:00:00", "2024-01-01 00:00", "2024-01-01 00:00:00.0",
                            "2024-01-01 00:00:00.50"}) {
    TempFolder folder;
    Database database(folder / "k.db");
    database.Run(
        "CREATE TABLE t(dev INTEGER, at TIMESTAMP, seen DATETIME, PRIMARY KEY(dev, at));"
        "INSERT INTO t VALUES(1, '2024-01-01 00:00:00', '2024-01-01T00:00'), "
        "(1, '2024-01-01 00:00:00.5', '2024-01-01 00:00')");
    Reading reading(folder.path(), "k.db");
    CatalogTable table = reading.Table("t");
    const Outcome outcome = reading.Read(table);
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE);
    ASSERT_EQ(outcome.rows.size(), 2u);
    EXPECT_EQ(Shown(outcome.rows[1].at("at")), "datetime:1704067200.500000000");
    EXPECT_EQ(Shown(outcome.rows[1].at("seen")), "datetime:1704067200.0");
    database.Run(std::string("INSERT INTO t VALUES(1, '") + other + "', NULL)");
    const Outcome widens = reading.Read(table);
    EXPECT_EQ(widens.end.outcome(), AssignmentEnd::WIDEN);
    EXPECT_THAT(Texts(widens.end.widen()), ElementsAre("at STRING (SPELLING)"));
  }
}

TEST(ValueTest, ABlobOfTenMegabytesArrivesWhole) {
  TempFolder folder;
  Database database(folder / "b.db");
  database.Run("CREATE TABLE t(v BLOB); INSERT INTO t VALUES(zeroblob(10485760)), (x'01')");
  Reading reading(folder.path(), "b.db");
  const Outcome outcome = reading.Read(reading.Table("t"));
  ASSERT_EQ(outcome.rows.size(), 2u);
  EXPECT_EQ(outcome.rows[0].at("v").binary(), std::string(10485760, '\0'));
  EXPECT_EQ(outcome.rows[1].at("v").binary(), "\x01");
}

TEST(ValueTest, ARowThatNoMessageCanHoldIsLeftOutAndCountedAndTheRestArrives) {
  for (const char* table : {"CREATE TABLE t(k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID",
                            "CREATE TABLE t(k TEXT PRIMARY KEY, v BLOB)"}) {
    TempFolder folder;
    Database database(folder / "b.db");
    database.Run(table);
    // The second is larger than the limit that SQLite is given, the third larger than a message.
    database.Run(
        "INSERT INTO t VALUES('a', x'01'), ('b', zeroblob(170*1024*1024)), "
        "('c', zeroblob(130*1024*1024)), ('d', x'02')");
    Reading reading(folder.path(), "b.db");
    const Outcome outcome = reading.Read(reading.Table("t"));
    EXPECT_EQ(outcome.end.outcome(), AssignmentEnd::DONE) << outcome.status;
    std::vector<std::string> keys;
    for (const Values& row : outcome.rows) keys.push_back(row.at("k").string());
    EXPECT_THAT(keys, ElementsAre("a", "d")) << table;
    ASSERT_EQ(outcome.remarks().size(), 1u);
    EXPECT_EQ(outcome.remarks()[0].what(), ColumnRemark::LEFT_OUT);
    EXPECT_FALSE(outcome.remarks()[0].has_column());
    EXPECT_EQ(outcome.remarks()[0].values(), 2u);
  }
}

}  // namespace
}  // namespace tributary::sqlite_test
