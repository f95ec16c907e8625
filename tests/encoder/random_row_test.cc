// Random tables and rows, written by the encoder and built with protobuf beside it.
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>

#include "tests/encoder/encoded_stream.h"

namespace tributary {
namespace {

constexpr int kTables = 60;

class RandomTable {
 public:
  explicit RandomTable(std::uint64_t seed) : random_(seed) {
    const std::size_t columns = Below(4) == 0 ? Below(300) : Below(12);
    for (std::size_t i = 0; i < columns; ++i) {
      names_.push_back(Text(Below(8) == 0 ? 200 : 12) + std::to_string(i));
    }
  }

  void Run() {
    EncodedStream stream;
    SliceWriter writer(stream.producer(), 5, "main", "table", names_);
    for (std::size_t rows = Below(260); rows > 0; --rows) {
      AddRow(writer);
      if (Below(40) == 0) writer.Mark("x", "v");
      if (Below(20) == 0) Check(stream);
    }
    writer.Mark("", "");
    Check(stream);
    EXPECT_EQ(expected_.size(), checked_);
    EXPECT_EQ(writer.rows(), expected_.size());
  }

 private:
  std::size_t Below(std::size_t end) { return static_cast<std::size_t>(random_() % end); }
  std::string Text(std::size_t up_to) {
    std::string text(Below(up_to + 1), '\0');
    for (char& c : text) c = static_cast<char>(' ' + Below(95));
    return text;
  }
  std::string LongText() {
    static constexpr std::size_t kLengths[] = {0, 10, 10, 10, 100, 130, 17'000, 1'300'000};
    return Text(kLengths[Below(Below(10) == 0 ? 8 : 6)]);
  }
  std::int64_t Number() {
    return static_cast<std::int64_t>(random_() >> Below(64)) * (Below(2) == 0 ? 1 : -1);
  }

  void AddRow(SliceWriter& writer) {
    Record record;
    record.set_schema_name("main");
    record.set_table_name("table");
    std::vector<std::size_t> order(names_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (Below(2) == 0) std::shuffle(order.begin(), order.end(), random_);
    writer.BeginRow();
    for (const std::size_t column : order) {
      AddValue(writer, column, (*record.mutable_data())[names_[column]]);
    }
    if (Below(10) == 0) {
      writer.DropRow();
      return;
    }
    writer.EndRow();
    expected_.push_back(std::move(record));
  }

  void AddValue(SliceWriter& writer, std::size_t column, ValueType& value);

  void Check(EncodedStream& stream) {
    for (const Record& record : RecordsOf(stream.Take())) {
      ASSERT_LT(checked_, expected_.size());
      ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(record, expected_[checked_]))
          << "record " << checked_;
      ++checked_;
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string> names_;
  std::vector<Record> expected_;
  std::size_t checked_ = 0;
};

void RandomTable::AddValue(SliceWriter& writer, std::size_t column, ValueType& value) {
  const std::int64_t number = Number();
  const auto small = static_cast<std::int32_t>(number);
  const auto nanos = static_cast<std::int32_t>(Below(1'000'000'000));
  const auto set_time = [number](google::protobuf::Timestamp& time, std::int32_t of_nanos) {
    time.set_seconds(number);
    time.set_nanos(of_nanos);
  };
  std::string text;
  switch (Below(15)) {
    case 0:
      value.set_null(true);
      return writer.Null(column);
    case 1:
      value.set_bool_(number > 0);
      return writer.Bool(column, number > 0);
    case 2:
      value.set_short_(small);
      return writer.Short(column, small);
    case 3:
      value.set_int_(small);
      return writer.Int(column, small);
    case 4:
      value.set_long_(number);
      return writer.Long(column, number);
    case 5:
      value.set_float_(static_cast<float>(number));
      return writer.Float(column, static_cast<float>(number));
    case 6:
      value.set_double_(static_cast<double>(number) / 3);
      return writer.Double(column, static_cast<double>(number) / 3);
    case 7:
      set_time(*value.mutable_naive_date(), 0);
      return writer.NaiveDate(column, number);
    case 8:
      set_time(*value.mutable_naive_datetime(), nanos);
      return writer.NaiveDatetime(column, number, nanos);
    case 9:
      set_time(*value.mutable_utc_datetime(), nanos);
      return writer.UtcDatetime(column, number, nanos);
    case 10:
      value.set_decimal(text = Text(40));
      return writer.Decimal(column, text);
    case 11:
      value.set_binary(text = LongText());
      return writer.Binary(column, text);
    case 12:
      value.set_json(text = Text(100));
      return writer.Json(column, text);
    case 13:
      value.set_xml(text = Text(100));
      return writer.Xml(column, text);
    default:
      value.set_string(text = LongText());
      return writer.String(column, text);
  }
}

TEST(RandomRowTest, WhatIsWrittenIsWhatProtobufReads) {
  for (std::uint64_t seed = 1; seed <= kTables; ++seed) {
    SCOPED_TRACE(seed);
    RandomTable(seed).Run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tributary
