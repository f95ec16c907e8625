// Every value type, at its ends.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>

#include "tests/encoder/encoded_stream.h"

namespace tributary {
namespace {

using Write = std::function<void(SliceWriter&)>;

// One row of one column.
ValueType Encoded(const Write& write) {
  EncodedStream stream;
  SliceWriter writer(stream.producer(), 7, "main", "orders", {"column"});
  writer.BeginRow();
  write(writer);
  writer.EndRow();
  writer.Mark("", "");
  const auto records = RecordsOf(stream.Take());
  EXPECT_EQ(records.size(), 1u);
  if (records.size() != 1) return {};
  EXPECT_EQ(records[0].type(), fivetran_sdk::v2::UPSERT);
  EXPECT_EQ(records[0].data_size(), 1);
  return records[0].data().at("column");
}

TEST(EncodedValueTest, NullIsANullThatIsSet) {
  const ValueType value = Encoded([](SliceWriter& writer) { writer.Null(0); });
  EXPECT_EQ(value.inner_case(), ValueType::kNull);
  EXPECT_TRUE(value.null());
}

TEST(EncodedValueTest, FalseIsToldFromNothing) {
  for (const bool is : {false, true}) {
    const ValueType value = Encoded([is](SliceWriter& writer) { writer.Bool(0, is); });
    ASSERT_EQ(value.inner_case(), ValueType::kBool);
    EXPECT_EQ(value.bool_(), is);
  }
}

TEST(EncodedValueTest, WholeNumbersKeepTheirValueAndSign) {
  using Limits = std::numeric_limits<std::int32_t>;
  for (const std::int32_t is : {0, 1, -1, 127, 128, -128, 32767, -32768, Limits::max(),
                                Limits::min()}) {
    const ValueType small = Encoded([is](SliceWriter& writer) { writer.Short(0, is); });
    ASSERT_EQ(small.inner_case(), ValueType::kShort);
    EXPECT_EQ(small.short_(), is);
    const ValueType whole = Encoded([is](SliceWriter& writer) { writer.Int(0, is); });
    ASSERT_EQ(whole.inner_case(), ValueType::kInt);
    EXPECT_EQ(whole.int_(), is);
  }
  std::vector<std::int64_t> longs = {0, -1, std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max()};
  for (int bits = 7; bits < 63; bits += 7) {
    const std::int64_t boundary = std::int64_t{1} << bits;
    longs.insert(longs.end(), {boundary - 1, boundary, -boundary, -boundary - 1});
  }
  for (const std::int64_t is : longs) {
    const ValueType value = Encoded([is](SliceWriter& writer) { writer.Long(0, is); });
    ASSERT_EQ(value.inner_case(), ValueType::kLong);
    EXPECT_EQ(value.long_(), is);
  }
}

TEST(EncodedValueTest, FloatsKeepEveryBit) {
  for (const float is : {0.0F, -0.0F, 1.5F, std::numeric_limits<float>::denorm_min(),
                         std::numeric_limits<float>::max(),
                         -std::numeric_limits<float>::infinity(),
                         std::numeric_limits<float>::quiet_NaN()}) {
    const ValueType value = Encoded([is](SliceWriter& writer) { writer.Float(0, is); });
    ASSERT_EQ(value.inner_case(), ValueType::kFloat);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(value.float_()), std::bit_cast<std::uint32_t>(is));
  }
  for (const double is : {0.0, -0.0, 0.1, std::numeric_limits<double>::denorm_min(),
                          std::numeric_limits<double>::max(),
                          std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()}) {
    const ValueType value = Encoded([is](SliceWriter& writer) { writer.Double(0, is); });
    ASSERT_EQ(value.inner_case(), ValueType::kDouble);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(value.double_()), std::bit_cast<std::uint64_t>(is));
  }
}

TEST(EncodedValueTest, TimesBeforeTheEpochAndAtTheEndsOfTheCalendar) {
  // 0001-01-01 and 9999-12-31, which a Timestamp may hold.
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1},
                                     std::int64_t{-62'135'596'800}, std::int64_t{253'402'300'799},
                                     std::int64_t{127}, std::int64_t{128}}) {
    const ValueType date = Encoded([&](SliceWriter& writer) { writer.NaiveDate(0, seconds); });
    ASSERT_EQ(date.inner_case(), ValueType::kNaiveDate);
    EXPECT_EQ(date.naive_date().seconds(), seconds);
    EXPECT_EQ(date.naive_date().nanos(), 0);
    for (const std::int32_t nanos : {0, 1, 127, 128, 999'999'999}) {
      const ValueType naive =
          Encoded([&](SliceWriter& writer) { writer.NaiveDatetime(0, seconds, nanos); });
      ASSERT_EQ(naive.inner_case(), ValueType::kNaiveDatetime);
      EXPECT_EQ(naive.naive_datetime().seconds(), seconds);
      EXPECT_EQ(naive.naive_datetime().nanos(), nanos);
      const ValueType utc =
          Encoded([&](SliceWriter& writer) { writer.UtcDatetime(0, seconds, nanos); });
      ASSERT_EQ(utc.inner_case(), ValueType::kUtcDatetime);
      EXPECT_EQ(utc.utc_datetime().seconds(), seconds);
      EXPECT_EQ(utc.utc_datetime().nanos(), nanos);
    }
  }
}

TEST(EncodedValueTest, TextsAndBytesAreAsTheyWere) {
  for (const std::string& text :
       {std::string(), std::string("1"), std::string("nul\0nul", 7), std::string("naïve 😀"),
        std::string(127, 'x'), std::string(128, 'x'), std::string(16'383, 'x'),
        std::string(16'384, 'x'), std::string(70'000, 'x')}) {
    const ValueType decimal = Encoded([&](SliceWriter& writer) { writer.Decimal(0, text); });
    ASSERT_EQ(decimal.inner_case(), ValueType::kDecimal);
    EXPECT_EQ(decimal.decimal(), text);
    const ValueType string = Encoded([&](SliceWriter& writer) { writer.String(0, text); });
    ASSERT_EQ(string.inner_case(), ValueType::kString);
    EXPECT_EQ(string.string(), text);
    const ValueType json = Encoded([&](SliceWriter& writer) { writer.Json(0, text); });
    ASSERT_EQ(json.inner_case(), ValueType::kJson);
    EXPECT_EQ(json.json(), text);
    const ValueType xml = Encoded([&](SliceWriter& writer) { writer.Xml(0, text); });
    ASSERT_EQ(xml.inner_case(), ValueType::kXml);
    EXPECT_EQ(xml.xml(), text);
    const std::string bytes = text + "\xff\x80";
    const ValueType binary = Encoded([&](SliceWriter& writer) { writer.Binary(0, bytes); });
    ASSERT_EQ(binary.inner_case(), ValueType::kBinary);
    EXPECT_EQ(binary.binary(), bytes);
  }
}

TEST(EncodedRowTest, NamesOfAnyLengthAreAsTheyWere) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{127}, std::size_t{128},
                                  std::size_t{20'000}}) {
    const std::string name(bytes, 'n');
    EncodedStream stream;
    SliceWriter writer(stream.producer(), 1, "s" + name, "t" + name, {name, ""});
    for (int row = 0; row < 3; ++row) {
      writer.BeginRow();
      writer.Long(1, row);
      writer.Null(0);
      writer.EndRow();
    }
    writer.Mark("", "");
    const auto records = RecordsOf(stream.Take());
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[2].schema_name(), "s" + name);
    EXPECT_EQ(records[2].table_name(), "t" + name);
    EXPECT_TRUE(records[2].data().at(name).null());
    EXPECT_EQ(records[2].data().at("").long_(), 2);
  }
}

TEST(EncodedRowTest, ASchemaWithoutANameIsSetAllTheSame) {
  EncodedStream stream;
  SliceWriter writer(stream.producer(), 1, "", "t", {});
  writer.BeginRow();
  writer.EndRow();
  writer.Mark("", "");
  const auto records = RecordsOf(stream.Take());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_TRUE(records[0].has_schema_name());
  EXPECT_EQ(records[0].data_size(), 0);
}

TEST(EncodedRowTest, TwoThousandColumnsAreAllThere) {
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("column_" + std::to_string(i));
  EncodedStream stream;
  SliceWriter writer(stream.producer(), 1, "main", "wide", names);
  for (int row = 0; row < 30; ++row) {
    writer.BeginRow();
    for (std::size_t i = 0; i < names.size(); ++i) {
      writer.Long(i, row * static_cast<std::int64_t>(i));
    }
    writer.EndRow();
  }
  writer.Mark("", "");
  const auto records = RecordsOf(stream.Take());
  ASSERT_EQ(records.size(), 30u);
  for (int row = 0; row < 30; ++row) {
    ASSERT_EQ(records[static_cast<std::size_t>(row)].data_size(), 2000);
    for (int i = 0; i < 2000; ++i) {
      ASSERT_EQ(records[static_cast<std::size_t>(row)]
                    .data()
                    .at(names[static_cast<std::size_t>(i)])
                    .long_(),
                row * i);
    }
  }
}

}  // namespace
}  // namespace tributary
