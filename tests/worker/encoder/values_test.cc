// All types of values, encoded by the encoder and parsed by protobuf's own parser.
#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

#include "tests/worker/encoder/ring_reading.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::ValueType;

// Compares a value that was written with the expected one.
void ExpectValue(const std::function<void(TableWriter&)>& write,
                 const std::function<void(ValueType&)>& expect) {
  const RingReading reading("main", "t", {"column"}, [&write](TableWriter& writer) {
    writer.BeginRow();
    write(writer);
    writer.EndRow();
  });
  ASSERT_EQ(reading.messages().size(), 1U);
  fivetran_sdk::v2::UpdateResponse expected;
  auto& record = *expected.mutable_records()->add_records();
  record.set_schema_name("main");
  record.set_table_name("t");
  expect((*record.mutable_data())["column"]);
  const Message& message = reading.messages().front();
  EXPECT_EQ(message.response.DebugString(), expected.DebugString());
  // A record with one column has only one encoding, so the bytes are those of protobuf.
  EXPECT_EQ(message.bytes, expected.SerializeAsString());
}

TEST(ValueTest, NullIsSaidAndNotLeftOut) {
  ExpectValue([](TableWriter& w) { w.Null(0); }, [](ValueType& v) { v.set_null(true); });
}

TEST(ValueTest, BooleansOfBothKinds) {
  for (const bool value : {false, true}) {
    ExpectValue([=](TableWriter& w) { w.Bool(0, value); },
                [=](ValueType& v) { v.set_bool_(value); });
  }
}

TEST(ValueTest, IntegersFromEndToEnd) {
  for (const std::int32_t value : {0, 1, -1, 127, 128, -128, 32767, -32768}) {
    ExpectValue([=](TableWriter& w) { w.Short(0, value); },
                [=](ValueType& v) { v.set_short_(value); });
  }
  for (const std::int32_t value : {0, -1, std::numeric_limits<std::int32_t>::min(),
                                   std::numeric_limits<std::int32_t>::max()}) {
    ExpectValue([=](TableWriter& w) { w.Int(0, value); }, [=](ValueType& v) { v.set_int_(value); });
  }
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::int64_t near : {-1, 0, 1}) {
      const auto value =
          static_cast<std::int64_t>((std::uint64_t{1} << bit) + static_cast<std::uint64_t>(near));
      ExpectValue([=](TableWriter& w) { w.Long(0, value); },
                  [=](ValueType& v) { v.set_long_(value); });
    }
  }
}

TEST(ValueTest, FloatsAndDoublesBitForBit) {
  for (const double value :
       {0.0, -0.0, 1.5, -1e300, 5e-324, std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    ExpectValue([=](TableWriter& w) { w.Double(0, value); },
                [=](ValueType& v) { v.set_double_(value); });
    const auto narrow = static_cast<float>(value);
    ExpectValue([=](TableWriter& w) { w.Float(0, narrow); },
                [=](ValueType& v) { v.set_float_(narrow); });
  }
}

TEST(ValueTest, TimesBeforeAndAfterTheEpoch) {
  // 0001-01-01 and 9999-12-31 are the limits of the types.
  for (const std::int64_t seconds : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1},
                                     std::int64_t{-62135596800}, std::int64_t{253402300799}}) {
    ExpectValue([=](TableWriter& w) { w.NaiveDate(0, seconds); },
                [=](ValueType& v) { v.mutable_naive_date()->set_seconds(seconds); });
    for (const std::int32_t nanos : {0, 1, 500'000'000, 999'999'999}) {
      ExpectValue([=](TableWriter& w) { w.NaiveDatetime(0, seconds, nanos); },
                  [=](ValueType& v) {
                    v.mutable_naive_datetime()->set_seconds(seconds);
                    v.mutable_naive_datetime()->set_nanos(nanos);
                  });
      ExpectValue([=](TableWriter& w) { w.UtcDatetime(0, seconds, nanos); },
                  [=](ValueType& v) {
                    v.mutable_utc_datetime()->set_seconds(seconds);
                    v.mutable_utc_datetime()->set_nanos(nanos);
                  });
    }
  }
}

TEST(ValueTest, TextsAndBytesOfLengthsAroundEachBoundary) {
  for (const std::size_t length : std::initializer_list<std::size_t>{
           0, 1, 100, 113, 126, 127, 128, 129, 16'370, 16'383, 16'384, 16'385, 1'048'560, 1'048'576,
           1'200'000, 2'097'152}) {
    const std::string text(length, 'x');
    ExpectValue([&](TableWriter& w) { w.String(0, text); },
                [&](ValueType& v) { v.set_string(text); });
    ExpectValue([&](TableWriter& w) { w.Binary(0, text); },
                [&](ValueType& v) { v.set_binary(text); });
  }
  const std::string odd("\0\xc3\xa9\0", 4);
  ExpectValue([&](TableWriter& w) { w.Json(0, "{}"); }, [](ValueType& v) { v.set_json("{}"); });
  ExpectValue([&](TableWriter& w) { w.Xml(0, "<a/>"); }, [](ValueType& v) { v.set_xml("<a/>"); });
  ExpectValue([&](TableWriter& w) { w.Decimal(0, "-12.50"); },
              [](ValueType& v) { v.set_decimal("-12.50"); });
  ExpectValue([&](TableWriter& w) { w.String(0, odd); }, [&](ValueType& v) { v.set_string(odd); });
}

}  // namespace
}  // namespace tributary
