#include "worker/sources/sqlite/conversion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "common/text.h"
#include "worker/sources/sqlite/types.h"

namespace tributary::sqlite {
namespace {

using fivetran_sdk::v2::DataType;

TEST(TruthTest, WordsAndTheirFirstLettersInAnyCaseAreRead) {
  for (const char* text : {"true", "TRUE", "True", "t", "T"}) EXPECT_EQ(Truth(text), true) << text;
  for (const char* text : {"false", "FALSE", "False", "f", "F"}) {
    EXPECT_EQ(Truth(text), false) << text;
  }
  for (const char* text : {"", "1", "0", "yes", "no", "tr", "truex", " t", "falsehood"}) {
    EXPECT_EQ(Truth(text), std::nullopt) << text;
  }
}

TEST(DecimalTest, DigitsKeepTheValueWithinPrecisionAndScale) {
  NumberText room;
  EXPECT_EQ(DecimalDigits(std::int64_t{12}, 4, 2, room), "12");
  EXPECT_EQ(DecimalDigits(std::int64_t{-99}, 4, 2, room), "-99");
  EXPECT_EQ(DecimalDigits(std::int64_t{100}, 4, 2, room), std::nullopt);
  EXPECT_EQ(DecimalDigits(INT64_MIN, 0, 0, room), "-9223372036854775808");
  EXPECT_EQ(DecimalDigits(1.25, 4, 2, room), "1.25");
  EXPECT_EQ(DecimalDigits(-0.5, 2, 2, room), "-0.5");
  EXPECT_EQ(DecimalDigits(-0.0, 2, 2, room), "0");
  EXPECT_EQ(DecimalDigits(0.1 + 0.2, 10, 2, room), std::nullopt);
  EXPECT_EQ(DecimalDigits(1e20, 38, 0, room), "100000000000000000000");
  EXPECT_EQ(DecimalDigits(1e300, 0, 0, room), std::nullopt);
  EXPECT_EQ(DecimalDigits(std::numeric_limits<double>::infinity(), 0, 0, room), std::nullopt);
  EXPECT_EQ(DecimalDigits("00012.500", 4, 2, room), "12.50");
  EXPECT_EQ(DecimalDigits("+.5", 4, 2, room), "0.5");
  EXPECT_EQ(DecimalDigits("12345678901234567890.123456789012345678", 38, 18, room),
            "12345678901234567890.123456789012345678");
  for (const char* text : {"", ".", "-", "1e5", "1.234", "123", "0x10", "1 ", "--1", "1.2.3"}) {
    EXPECT_EQ(DecimalDigits(text, 4, 2, room), std::nullopt) << text;
  }
}

TEST(RealTextTest, ReadsBackAsTheSameDoubleAndNeverLooksLikeAnInteger) {
  NumberText room;
  EXPECT_EQ(RealText(1, room), "1.0");
  EXPECT_EQ(RealText(-0.0, room), "-0.0");
  EXPECT_EQ(RealText(0.1, room), "0.1");
  EXPECT_EQ(RealText(INFINITY, room), "Infinity");
  EXPECT_EQ(RealText(-INFINITY, room), "-Infinity");
  for (const double value : {1e300, 5e-324, 1.7976931348623157e308, 1.0 / 3, 123456789.125, 1e15}) {
    const std::string text(RealText(value, room));
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    EXPECT_NE(text.find_first_of(".e"), std::string::npos) << text;
  }
}

TEST(ExactDoubleTest, IntegersFitWhileNoBitIsLost) {
  EXPECT_TRUE(IsExactDouble(0));
  EXPECT_TRUE(IsExactDouble(std::int64_t{1} << 53));
  EXPECT_FALSE(IsExactDouble((std::int64_t{1} << 53) + 1));
  EXPECT_TRUE(IsExactDouble((std::int64_t{1} << 53) + 2));
  EXPECT_TRUE(IsExactDouble(INT64_MIN));
  EXPECT_FALSE(IsExactDouble(INT64_MAX));
  EXPECT_FALSE(IsExactDouble(INT64_MIN + 1));
}

TEST(Utf8Test, EachMaximalInvalidPartBecomesOneReplacement) {
  const auto repaired = [](std::string_view text) {
    std::string out;
    RepairUtf8(text, out);
    EXPECT_TRUE(IsUtf8(out));
    EXPECT_EQ(IsUtf8(text), out == text);
    return out;
  };
  EXPECT_EQ(repaired("plain ascii, long enough for words"), "plain ascii, long enough for words");
  EXPECT_EQ(repaired("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"),
            "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(repaired("a\xff"
                     "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(repaired("\xe2\x82"), "\xef\xbf\xbd");
  EXPECT_EQ(repaired("\xe2\x82z"), "\xef\xbf\xbdz");
  EXPECT_EQ(repaired("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
  // A surrogate: three bytes, each of which is invalid alone.
  EXPECT_EQ(repaired("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(repaired("\xf4\x90\x80\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(repaired("\xf0\x9f\x98 12345678"), "\xef\xbf\xbd 12345678");
}

TEST(BlobTextTest, WritesBlobsAsSqlDoes) {
  std::string text;
  BlobText(std::string_view("\x0a\xff\x00", 3), text);
  EXPECT_EQ(text, "x'0AFF00'");
  BlobText("", text);
  EXPECT_EQ(text, "x''");
}

TEST(DeclaredTypeTest, DeclarationDecidesTheType) {
  for (const auto& [declared, type] : {
           std::pair("INTEGER", DataType::LONG),
           std::pair("int", DataType::LONG),
           std::pair("BIGINT", DataType::LONG),
           std::pair("UNSIGNED BIG INT", DataType::LONG),
           std::pair("Boolean", DataType::BOOLEAN),
           std::pair("REAL", DataType::DOUBLE),
           std::pair("DOUBLE PRECISION", DataType::DOUBLE),
           std::pair("float", DataType::DOUBLE),
           std::pair("DECIMAL(10,2)", DataType::DECIMAL),
           std::pair("numeric", DataType::DECIMAL),
           std::pair("TEXT", DataType::STRING),
           std::pair("VARCHAR(255)", DataType::STRING),
           std::pair("NATIVE CHARACTER(70)", DataType::STRING),
           std::pair("CLOB", DataType::STRING),
           std::pair("BLOB", DataType::BINARY),
           std::pair("JSON", DataType::JSON),
           std::pair("DATE", DataType::NAIVE_DATE),
           std::pair("DATETIME", DataType::NAIVE_DATETIME),
           std::pair("timestamp", DataType::NAIVE_DATETIME),
           std::pair("TIME", DataType::STRING),
           std::pair("", DataType::UNSPECIFIED),
           std::pair("ANY", DataType::UNSPECIFIED),
           std::pair("TIMESTAMPTZ", DataType::UTC_DATETIME),
           std::pair("timestamptz(6)", DataType::UTC_DATETIME),
           std::pair("TIMESTAMP WITH TIME ZONE", DataType::UTC_DATETIME),
           std::pair("timestamp (3)  with\ttime zone", DataType::UTC_DATETIME),
           std::pair("TIMESTAMP WITHOUT TIME ZONE", DataType::NAIVE_DATETIME),
           std::pair("DATETIMEOFFSET(7)", DataType::UTC_DATETIME),
           std::pair("DATETIME2(7)", DataType::NAIVE_DATETIME),
           std::pair("SMALLDATETIME", DataType::NAIVE_DATETIME),
           std::pair("datetime(6)", DataType::NAIVE_DATETIME),
           std::pair("VARBINARY(16)", DataType::BINARY),
           std::pair("BINARY(16)", DataType::BINARY),
           std::pair("BYTEA", DataType::BINARY),
           std::pair("IMAGE", DataType::BINARY),
           std::pair("JSONB", DataType::JSON),
           std::pair("NUMBER", DataType::DECIMAL),
           std::pair("MONEY", DataType::DECIMAL),
           std::pair("GUID", DataType::STRING),
           std::pair("UUID", DataType::STRING),
           std::pair("UNIQUEIDENTIFIER", DataType::STRING),
           std::pair("POINT", DataType::BINARY),
           std::pair("MULTIPOINT", DataType::BINARY),
           std::pair("PointZ", DataType::BINARY),
           std::pair("MULTIPOLYGON ZM", DataType::BINARY),
           std::pair("GEOMETRY", DataType::BINARY),
           std::pair("LINESTRING", DataType::BINARY),
           std::pair("TIN", DataType::BINARY),
           std::pair("TINYINT(1)", DataType::LONG),
           std::pair("POINTER", DataType::LONG),
           std::pair("INTERVAL", DataType::LONG),
           std::pair("TIMESTAMP OF ARRIVAL", DataType::UNSPECIFIED),
       }) {
    fivetran_sdk::v2::Column column;
    SetType(declared, column);
    EXPECT_EQ(column.type(), type) << declared;
    EXPECT_EQ(column.has_params(), std::string(declared) == "DECIMAL(10,2)") << declared;
  }
}

TEST(DeclaredTypeTest, DecimalLimitsAreGivenWhereTheyMakeSense) {
  const auto limits = [](const char* declared) {
    fivetran_sdk::v2::Column column;
    SetType(declared, column);
    EXPECT_EQ(column.type(), DataType::DECIMAL);
    if (!column.has_params()) return std::string("none");
    return std::to_string(column.params().decimal().precision()) + "," +
           std::to_string(column.params().decimal().scale());
  };
  EXPECT_EQ(limits("DECIMAL( 12 , 4 )"), "12,4");
  EXPECT_EQ(limits("NUMERIC (7)"), "7,0");
  EXPECT_EQ(limits("NUMBER(10,4)"), "10,4");
  EXPECT_EQ(limits("decimal(8,2) unsigned"), "8,2");
  for (const char* declared : {"DECIMAL", "DECIMAL()", "DECIMAL(0)", "DECIMAL(39,2)",
                               "DECIMAL(4,5)", "DECIMAL(-1)", "DECIMAL(1,2,3)", "DECIMAL(a)"}) {
    EXPECT_EQ(limits(declared), "none") << declared;
  }
}

}  // namespace
}  // namespace tributary::sqlite
