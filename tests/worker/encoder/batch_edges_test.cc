// When batches end, and the effects of marks and dropped rows.
#include <gtest/gtest.h>

#include "tests/worker/encoder/encoded_stream.h"

namespace tributary {
namespace {

class BatchEdgeTest : public ::testing::Test {
 protected:
  // A row whose record has `bytes` bytes.
  void AddRow(std::size_t bytes) {
    writer_.BeginRow();
    writer_.Binary(0, std::string(PayloadFor(bytes), 'x'));
    writer_.EndRow();
  }
  // The size of the value with which the record has `bytes` bytes, or the next smaller possible
  // number.
  static std::size_t PayloadFor(std::size_t bytes) {
    std::size_t payload = bytes < 40 ? 0 : bytes - 40;
    while (RecordBytes(payload + 1) <= bytes) ++payload;
    return payload;
  }
  static std::size_t RecordBytes(std::size_t payload) {
    Record record;
    record.set_schema_name("main");
    record.set_table_name("t");
    (*record.mutable_data())["c"].set_binary(std::string(payload, 'x'));
    return record.ByteSizeLong();
  }

  std::vector<std::uint32_t> BatchSizes() {
    std::vector<std::uint32_t> sizes;
    const auto pieces = stream_.Take();
    RecordsOf(pieces);
    for (const auto& piece : pieces) {
      if (piece.type == FrameType::kBatch) sizes.push_back(piece.records);
    }
    return sizes;
  }

  EncodedStream stream_;
  TableWriter writer_{stream_.producer(), 3, "main", "t", {"c"}};
};

using Sizes = std::vector<std::uint32_t>;

TEST_F(BatchEdgeTest, ClosesAtAHundredRecords) {
  for (int row = 0; row < 250; ++row) AddRow(50);
  EXPECT_EQ(BatchSizes(), (Sizes{100, 100}));
  writer_.Mark("", "");
  EXPECT_EQ(BatchSizes(), (Sizes{50}));
  EXPECT_EQ(writer_.rows(), 250u);
}

TEST_F(BatchEdgeTest, ClosesBeforeTheRowThatWouldTakeItOverItsBytes) {
  for (int row = 0; row < 11; ++row) AddRow(limits::kMaxBatchBytes / 4);
  writer_.Mark("", "");
  EXPECT_EQ(BatchSizes(), (Sizes{3, 3, 3, 2}));
}

TEST_F(BatchEdgeTest, RowsOfEveryLengthAroundALongerVarintAreWhole) {
  for (const std::size_t boundary : {std::size_t{128}, std::size_t{16'384}, std::size_t{1} << 21}) {
    for (std::size_t bytes = boundary - 9; bytes <= boundary + 9; ++bytes) {
      // Each size after a short and after a long row, since the row before determines how its
      // length is guessed.
      for (const std::size_t before : {std::size_t{40}, std::size_t{20'000}}) {
        AddRow(before);
        AddRow(bytes);
        const auto pieces_before = stream_.Take();
        writer_.Mark("", "");
        auto pieces = pieces_before;
        for (auto& piece : stream_.Take()) pieces.push_back(std::move(piece));
        const auto records = RecordsOf(pieces);
        ASSERT_EQ(records.size(), 2u);
        EXPECT_EQ(records[0].ByteSizeLong(), before);
        ASSERT_LE(records[1].ByteSizeLong(), bytes);
        ASSERT_GE(records[1].ByteSizeLong() + 4, bytes);
      }
    }
  }
}

TEST_F(BatchEdgeTest, ARowJustBelowOrAboveAFrameIsWhole) {
  for (std::size_t bytes = limits::kMaxFramePayloadBytes - 90;
       bytes <= limits::kMaxFramePayloadBytes + 20; ++bytes) {
    AddRow(60);
    AddRow(bytes);
    AddRow(60);
    writer_.Mark("", "");
    const auto records = RecordsOf(stream_.Take());
    ASSERT_EQ(records.size(), 3u);
    ASSERT_GE(records[1].ByteSizeLong() + 4, bytes);
    ASSERT_EQ(records[2].ByteSizeLong(), 60u);
  }
}

TEST_F(BatchEdgeTest, ARowOverABatchButNotOverAFrameTravelsAlone) {
  AddRow(60);
  AddRow(limits::kMaxBatchBytes + 1000);
  AddRow(60);
  writer_.Mark("", "");
  EXPECT_EQ(BatchSizes(), (Sizes{1, 1, 1}));
}

TEST_F(BatchEdgeTest, DroppedRowsLeaveNothingBehind) {
  const auto drop = [this](std::size_t payload) {
    writer_.BeginRow();
    writer_.Binary(0, std::string(payload, 'd'));
    writer_.DropRow();
  };
  for (const std::size_t payload :
       {std::size_t{0}, std::size_t{500}, limits::kMaxFramePayloadBytes + 5, 6 * limits::kMiB}) {
    drop(payload);
    AddRow(100);
    drop(payload);
    drop(payload);
    AddRow(200);
    drop(payload);
    writer_.Mark("", "");
    const auto records = RecordsOf(stream_.Take());
    ASSERT_EQ(records.size(), 2u);
    EXPECT_EQ(records[0].ByteSizeLong(), 100u);
    EXPECT_EQ(records[1].ByteSizeLong(), 200u);
  }
  // Exactly where a batch has ended.
  for (int row = 0; row < 100; ++row) AddRow(50);
  drop(10);
  writer_.Mark("", "");
  EXPECT_EQ(BatchSizes(), (Sizes{100}));
  EXPECT_EQ(writer_.rows(), 108u);
}

TEST_F(BatchEdgeTest, AnUnfinishedBatchIsNotSentWithoutAMark) {
  AddRow(100);
  stream_.producer().Send(FrameType::kEnd, 3, "end");
  const auto pieces = stream_.Take();
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].type, FrameType::kEnd);
}

TEST_F(BatchEdgeTest, AMarkComesBehindItsRowsAndSaysWhatItWasTold) {
  AddRow(100);
  writer_.Mark("bound", "version");
  writer_.Mark("next", "version");
  const auto pieces = stream_.Take();
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].type, FrameType::kBatch);
  EXPECT_EQ(pieces[1].type, FrameType::kMark);
  EXPECT_EQ(pieces[1].assignment, 3u);
  Mark mark;
  ASSERT_TRUE(mark.ParseFromString(pieces[1].payload));
  EXPECT_EQ(mark.at(), "bound");
  EXPECT_EQ(pieces[2].type, FrameType::kMark);
}

TEST_F(BatchEdgeTest, AMarkIsDueAfterAMebibyte) {
  EXPECT_FALSE(writer_.MarkDue());
  while (!writer_.MarkDue()) AddRow(20'000);
  std::size_t bytes = 0;
  for (const auto& piece : stream_.Take()) bytes += piece.payload.size();
  EXPECT_GE(bytes, limits::kMiB);
  EXPECT_LE(bytes, 3 * limits::kMiB);
  writer_.Mark("", "");
  EXPECT_FALSE(writer_.MarkDue());
}

TEST_F(BatchEdgeTest, TheSupervisorsPauseIsSeenForThisAssignmentAndEarlierOnes) {
  EXPECT_FALSE(writer_.PauseWanted());
  stream_.consumer().PauseThrough(2);
  EXPECT_FALSE(writer_.PauseWanted());
  stream_.consumer().PauseThrough(3);
  EXPECT_TRUE(writer_.PauseWanted());
  stream_.consumer().PauseThrough(1);
  EXPECT_TRUE(writer_.PauseWanted());
}

}  // namespace
}  // namespace tributary
