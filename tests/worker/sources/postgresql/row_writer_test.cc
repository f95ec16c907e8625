// Rows of a copy and values of the log before they are encoded: what is sent, what is sent as null
// and counted, and what fails.
#include "worker/sources/postgresql/row_writer.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/worker/sources/postgresql/golden.h"
#include "tests/worker/sources/postgresql/recorded_values.h"

namespace tributary::postgresql {
namespace {

using Result = RowWriter::Result;
using Form = TupleColumn::Form;

// A table with one column.
class OneColumn {
 public:
  explicit OneColumn(const ColumnType& type) : writer_("s.t", {{.name = "c", .type = type}}) {}
  OneColumn(std::uint32_t oid, int money_digits = 2) : OneColumn(TypeOf(oid, money_digits)) {}

  std::string Copy(std::string_view bytes) {
    values_.Clear();
    result = writer_.WriteCopied(0, bytes, values_);
    return values_[0];
  }
  std::string Log(Form form, std::string_view bytes) {
    values_.Clear();
    result = writer_.WriteLogged(0, {.form = form, .value = bytes}, values_);
    return values_[0];
  }
  RowWriter& writer() { return writer_; }

  Result result = Result::kFailed;

 private:
  static ColumnType TypeOf(std::uint32_t oid, int money_digits) {
    TypeCatalog catalog = GoldenCatalog(money_digits);
    const auto column = catalog.Column(oid, -1);
    EXPECT_TRUE(column.ok()) << column.status();
    return *column;
  }

  RowWriter writer_;
  RecordedValues values_{1};
};

// The bytes of a value in values.txt.
std::string Bytes(std::string_view type, std::string_view text) {
  for (const GoldenValue& value : GoldenValues()) {
    if (value.type == type && value.text == text) return value.bytes;
  }
  ADD_FAILURE() << type << " " << text;
  return "";
}

TEST(RowWriterTest, EveryTypeIsSentAsItsFivetranValue) {
  struct Case {
    const char* type;
    const char* text;
    const char* sent;
  };
  const Case cases[] = {
      {"boolean", "t", "Bool true"},
      {"smallint", "-32768", "Short -32768"},
      {"integer", "-2147483648", "Int -2147483648"},
      {"bigint", "9223372036854775807", "Long 9223372036854775807"},
      {"oid", "4294967295", "Long 4294967295"},
      {"real", "0.1", "Float 0.100000"},
      {"real", "NaN", "Float nan"},
      {"double precision", "-Infinity", "Double -inf"},
      {"numeric", "0.00010000", "Decimal 0.00010000"},
      {"numeric(12,2)", "123.40", "Decimal 123.40"},
      {"numeric(3,-2)", "12300", "Decimal 12300"},
      {"money", "-$1,234,567.80", "Decimal -1234567.80"},
      {"date", "2024-02-29", "NaiveDate 1709164800"},
      {"date", "0001-01-01", "NaiveDate -62135596800"},
      {"date", "9999-12-31", "NaiveDate 253402214400"},
      {"timestamp", "1999-12-31 23:59:59.999999", "NaiveDatetime 946684799 999999000"},
      {"timestamp", "0001-01-01 00:00:00", "NaiveDatetime -62135596800 0"},
      {"timestamp", "9999-12-31 23:59:59.999999", "NaiveDatetime 253402300799 999999000"},
      {"timestamptz", "1900-01-01 00:00:00.000001+00", "UtcDatetime -2208988800 1000"},
      {"time", "24:00:00", "String 24:00:00"},
      {"interval", "-1 mons +2 days -00:00:03.5", "String -1 mons +2 days -00:00:03.5"},
      {"uuid", "550e8400-e29b-41d4-a716-446655440000",
       "String 550e8400-e29b-41d4-a716-446655440000"},
      {"char(5)", "ab   ", "String ab   "},
      {"mood", "ok", "String ok"},
      {"bytea", "\\x00ff10", nullptr},
      {"xml", "<a b=\"c\">&amp;</a>", "Xml <a b=\"c\">&amp;</a>"},
      // As stored, and as jsonb normalizes it.
      {"json", "{\"b\": 1,\"a\":2, \"b\": [1,2]}", "Json {\"b\": 1,\"a\":2, \"b\": [1,2]}"},
      {"jsonb", "{\"a\": 2.50, \"b\": 1}", "Json {\"a\": 2.50, \"b\": 1}"},
      {"integer[]", "[2:3]={1,NULL}", "Json [1, null]"},
      {"pair", "(,,)", "Json {\"a\": null, \"b\": null, \"Long Name\": null}"},
      {"int4range", "[1,5)", "Json \"[1,5)\""},
      {"int4multirange", "{[1,3),[5,7)}", "Json \"{[1,3),[5,7)}\""},
      {"hstore", "\"a\"=>\"1\", \"b\"=>NULL", "Json {\"a\": \"1\", \"b\": null}"},
      {"small", "3.10", "Decimal 3.10"},
      {"numbers", "{1,2}", "Json [1, 2]"},
  };
  for (const Case& one : cases) {
    for (const GoldenValue& value : GoldenValues()) {
      if (value.type != one.type || value.text != one.text) continue;
      const std::string sent = one.sent == nullptr ? "Binary " + value.bytes : one.sent;
      OneColumn column(value.oid);
      EXPECT_EQ(column.Copy(value.bytes), sent) << one.type;
      EXPECT_EQ(column.result, Result::kWritten);
      // The log's bytes are the same, and so is the value that is sent.
      EXPECT_EQ(column.Log(Form::kBinary, value.bytes), sent) << one.type;
      EXPECT_TRUE(column.writer().TakeRemarks().empty());
    }
    EXPECT_NE(Bytes(one.type, one.text), "none");
  }
}

TEST(RowWriterTest, MoneyHasTheDigitsOfTheServersCurrency) {
  const std::string bytes = Bytes("money", "$12.34");
  EXPECT_EQ(OneColumn(790, 0).Copy(bytes), "Decimal 1234");
  EXPECT_EQ(OneColumn(790, 2).Copy(bytes), "Decimal 12.34");
  EXPECT_EQ(OneColumn(790, 6).Copy(bytes), "Decimal 0.001234");
}

TEST(RowWriterTest, ValuesWithoutACounterpartAreNullAndCounted) {
  struct Case {
    const char* type;
    const char* text;
    Decoded why;
  };
  const Case cases[] = {
      {"numeric", "NaN", Decoded::kNotANumber},
      {"numeric", "Infinity", Decoded::kInfinite},
      {"numeric", "-Infinity", Decoded::kInfinite},
      {"date", "infinity", Decoded::kInfinite},
      {"date", "-infinity", Decoded::kInfinite},
      {"date", "10000-01-01", Decoded::kOutOfRange},
      {"date", "0001-12-31 BC", Decoded::kOutOfRange},
      {"timestamp", "infinity", Decoded::kInfinite},
      {"timestamp", "-infinity", Decoded::kInfinite},
      {"timestamp", "10000-01-01 00:00:00", Decoded::kOutOfRange},
      {"timestamp", "0001-12-31 23:59:59 BC", Decoded::kOutOfRange},
      {"timestamptz", "0044-03-15 12:00:00+00 BC", Decoded::kOutOfRange},
  };
  for (const Case& one : cases) {
    for (const GoldenValue& value : GoldenValues()) {
      if (value.type != one.type || value.text != one.text) continue;
      OneColumn column(value.oid);
      EXPECT_EQ(column.Copy(value.bytes), "Null") << one.type << " " << one.text;
      EXPECT_EQ(column.result, Result::kWritten);
      column.Log(Form::kBinary, value.bytes);
      const auto remarks = column.writer().TakeRemarks();
      ASSERT_EQ(remarks.size(), 1u);
      EXPECT_EQ(remarks[0].what, one.why) << one.type << " " << one.text;
      EXPECT_EQ(remarks[0].column, 0u);
      EXPECT_EQ(remarks[0].values, 2u);
      EXPECT_TRUE(column.writer().TakeRemarks().empty());
    }
    EXPECT_NE(Bytes(one.type, one.text), "none");
  }
}

TEST(RowWriterTest, TextThatIsNotUtf8IsRepairedAndCounted) {
  OneColumn text(25);
  EXPECT_EQ(text.Copy("a\xff z"), "String a\xef\xbf\xbd z");
  EXPECT_EQ(text.result, Result::kWritten);
  ASSERT_EQ(text.writer().TakeRemarks().size(), 1u);
  // Also within a string of JSON.
  OneColumn array(1009);
  EXPECT_EQ(array.Copy(FromHex("00000001000000000000001900000001000000010000000261ff")),
            "Json [\"a\xef\xbf\xbd\"]");
  const auto remarks = array.writer().TakeRemarks();
  ASSERT_EQ(remarks.size(), 1u);
  EXPECT_EQ(remarks[0].what, Decoded::kRepaired);
}

TEST(RowWriterTest, BytesThatAreNoValueNameTableColumnAndType) {
  // Any bytes are a valid value of one of these kinds.
  const std::set<Kind> texts = {Kind::kText, Kind::kVersionedText, Kind::kXml,
                                Kind::kJson, Kind::kJsonb,         Kind::kBytea};
  TypeCatalog catalog = GoldenCatalog();
  for (const GoldenValue& value : GoldenValues()) {
    const auto type = catalog.Column(value.oid, -1);
    ASSERT_TRUE(type.ok());
    if (texts.contains(type->copied->kind)) continue;
    OneColumn column(*type);
    EXPECT_EQ(column.Copy(value.bytes + "x"), "") << value.type << " " << value.text;
    EXPECT_EQ(column.result, Result::kFailed);
    EXPECT_EQ(column.writer().failure().code(), absl::StatusCode::kDataLoss);
    EXPECT_NE(column.writer().failure().message().find("table s.t, column c of type "),
              std::string::npos);
  }
  // An unknown version of the binary form.
  for (const std::uint32_t oid : {3802u, 4072u}) {
    OneColumn column(oid);
    EXPECT_EQ(column.Copy("\2{}"), "");
    EXPECT_EQ(column.result, Result::kFailed);
  }
}

TEST(RowWriterTest, ACompositeOfOtherFieldsThanPlannedIsLookedUpAgain) {
  TypeFacts facts = GoldenType("pair");
  const std::string bytes = Bytes("pair", "(,,)");
  facts.fields.pop_back();
  TypeCatalog shorter = GoldenCatalog();
  shorter.Add(facts);
  facts.fields.push_back({.name = "Long Name", .type = 25});
  TypeCatalog other = GoldenCatalog();
  other.Add(facts);
  for (TypeCatalog* const catalog : {&shorter, &other}) {
    for (const char* const type : {"pair", "pairs"}) {
      const auto column_type = catalog->Column(GoldenType(type).oid, -1);
      ASSERT_TRUE(column_type.ok());
      OneColumn column(*column_type);
      EXPECT_EQ(column.Copy(bytes), "");
      EXPECT_EQ(column.result, Result::kFailed);
      EXPECT_EQ(column.writer().failure().code(), absl::StatusCode::kNotFound);
    }
  }
}

TEST(RowWriterTest, ValuesLargerThanAMessageAreTooLarge) {
  // An array with many copies of one numeric that has the largest possible number of digits.
  const std::string element = FromHex("0000000A00017FFF000000000001");
  std::string bytes = FromHex("0000000100000000000006a40000040100000001");
  for (int i = 0; i < 0x401; ++i) bytes += element;
  OneColumn numerics(1231);
  EXPECT_EQ(numerics.Copy(bytes), "");
  EXPECT_EQ(numerics.result, Result::kTooLarge);
  // A bit string with one bit more than a message can have bytes.
  OneColumn bits(1562);
  std::string many(4 + limits::kMaxMessageBytes / 8 + 1, '\0');
  const std::uint32_t count = limits::kMaxMessageBytes + 1;
  for (int at = 0; at < 4; ++at) {
    many[static_cast<std::size_t>(at)] = static_cast<char>(count >> (24 - 8 * at));
  }
  EXPECT_EQ(bits.Copy(many), "");
  EXPECT_EQ(bits.result, Result::kTooLarge);
}

TEST(RowWriterTest, ValuesThatTheLogLeavesOutAreMissing) {
  OneColumn text(25);
  EXPECT_EQ(text.Log(Form::kUnchanged, ""), "");
  EXPECT_EQ(text.result, Result::kMissing);
  EXPECT_EQ(text.Log(Form::kNull, ""), "Null");
  EXPECT_EQ(text.result, Result::kWritten);
  // Its binary form is unknown; the copy sends the server's text.
  OneColumn odd(GoldenType("odd").oid);
  EXPECT_EQ(odd.Log(Form::kBinary, FromHex("00000005")), "");
  EXPECT_EQ(odd.result, Result::kMissing);
  EXPECT_EQ(odd.Copy("5"), "String 5");
}

TEST(RowWriterTest, ATypeWithoutABinaryFormIsTheSameTextFromCopyAndLog) {
  OneColumn acl(1033);
  EXPECT_EQ(acl.Copy("postgres=r/postgres"), "String postgres=r/postgres");
  EXPECT_EQ(acl.Log(Form::kText, "postgres=r/postgres"), "String postgres=r/postgres");
  // A type with a binary form is not read from its text.
  OneColumn integer(23);
  EXPECT_EQ(integer.Log(Form::kText, "5"), "");
  EXPECT_EQ(integer.result, Result::kFailed);
  EXPECT_EQ(integer.writer().failure().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tributary::postgresql
