// Rows that do not fit into a frame, and rows that are larger than the contract allows.
#include <gtest/gtest.h>

#include <functional>

#include "tests/worker/encoder/encoded_stream.h"

namespace tributary {
namespace {

TEST(LargeRowTest, ComesInPartsAndIsWhole) {
  EncodedStream stream;
  TableWriter writer(stream.producer(), 1, "main", "t", {"id", "body", "tail"});
  for (const std::size_t bytes : {10 * limits::kMiB, 127 * limits::kMiB}) {
    std::string body(bytes, 'b');
    for (std::size_t i = 0; i < body.size(); i += 4096) body[i] = static_cast<char>('a' + i % 26);
    const auto pieces = TakeBeside(stream, [&] {
      for (int row = 0; row < 3; ++row) {
        writer.BeginRow();
        writer.Long(0, row);
        if (row == 1) writer.Binary(1, body);
        if (row != 1) writer.Null(1);
        writer.String(2, "tail");
        writer.EndRow();
      }
      writer.Mark("", "");
    });
    const auto records = RecordsOf(pieces);
    ASSERT_EQ(records.size(), 3u);
    EXPECT_EQ(records[1].data().at("id").long_(), 1);
    EXPECT_TRUE(records[1].data().at("body").binary() == body);
    EXPECT_EQ(records[1].data().at("tail").string(), "tail");
    EXPECT_EQ(records[2].data().at("id").long_(), 2);
  }
  EXPECT_EQ(writer.oversized_rows(), 0u);
  EXPECT_EQ(writer.rows(), 6u);
}

TEST(LargeRowTest, GrownFromManyValuesIsWhole) {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("c" + std::to_string(i));
  EncodedStream stream;
  TableWriter writer(stream.producer(), 1, "main", "t", names);
  const std::string piece(limits::kMiB / 3, 'p');
  const auto pieces = TakeBeside(stream, [&] {
    writer.BeginRow();
    for (std::size_t i = 0; i < names.size(); ++i) writer.String(i, piece);
    writer.EndRow();
    writer.Mark("", "");
  });
  const auto records = RecordsOf(pieces);
  ASSERT_EQ(records.size(), 1u);
  ASSERT_EQ(records[0].data_size(), 40);
  for (const std::string& name : names) EXPECT_TRUE(records[0].data().at(name).string() == piece);
}

class OversizedRowTest : public ::testing::Test {
 protected:
  void AddSmallRow(std::int64_t id) {
    writer_.BeginRow();
    writer_.Long(0, id);
    writer_.Null(1);
    writer_.Null(2);
    writer_.EndRow();
  }
  // The records of a small row, this row and another small row.
  std::vector<Record> Around(const std::function<void()>& add_row) {
    const auto pieces = TakeBeside(stream_, [&] {
      AddSmallRow(1);
      add_row();
      AddSmallRow(2);
      writer_.Mark("", "");
    });
    return RecordsOf(pieces);
  }
  void ExpectOnlyTheSmallOnes(const std::vector<Record>& records) {
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].data().at("id").long_(), 1);
    EXPECT_EQ(records[1].data().at("id").long_(), 2);
    EXPECT_EQ(writer_.oversized_rows(), 1u);
    EXPECT_EQ(writer_.rows(), 2u);
  }

  EncodedStream stream_;
  TableWriter writer_{stream_.producer(), 1, "main", "t", {"id", "body", "more"}};
  const std::string body_ = std::string(limits::kMaxMessageBytes + 1, 'b');
  const std::string half_ = std::string(limits::kMaxMessageBytes / 2, 'h');
};

TEST_F(OversizedRowTest, ByItsFirstValueIsCountedAndNothingOfItIsSent) {
  ExpectOnlyTheSmallOnes(Around([this] {
    writer_.BeginRow();
    writer_.Binary(1, body_);
    writer_.Long(0, 9);
    writer_.Null(2);
    writer_.EndRow();
  }));
}

TEST_F(OversizedRowTest, ByAllItsValuesIsCountedAndNothingOfItIsSent) {
  ExpectOnlyTheSmallOnes(Around([this] {
    writer_.BeginRow();
    writer_.Long(0, 9);
    writer_.Binary(1, half_);
    writer_.Binary(2, half_);
    writer_.EndRow();
  }));
}

TEST_F(OversizedRowTest, ThatIsDroppedIsNotCounted) {
  const auto records = Around([this] {
    writer_.BeginRow();
    writer_.Binary(1, body_);
    writer_.DropRow();
  });
  EXPECT_EQ(records.size(), 2u);
  EXPECT_EQ(writer_.oversized_rows(), 0u);
}

}  // namespace
}  // namespace tributary
