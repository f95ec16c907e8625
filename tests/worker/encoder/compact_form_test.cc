// The compact form that staging stores in place of a batch: which batches have one, and that it
// expands to exactly the batch, which EncodedStream checks for all batches.
#include <gtest/gtest.h>

#include <functional>

#include "tests/worker/encoder/encoded_stream.h"

namespace tributary {
namespace {

const std::vector<std::string> kColumns = {"identifier", "description", "price", "created_at"};

void WriteRow(TableWriter& writer, std::int64_t id, const std::string& text) {
  writer.BeginRow();
  writer.Long(0, id);
  writer.String(1, text);
  writer.Double(2, static_cast<double>(id) / 3);
  writer.NaiveDatetime(3, 1'700'000'000 + id, 5);
  writer.EndRow();
}

std::vector<EncodedStream::Piece> Batches(EncodedStream& stream,
                                          const std::function<void(TableWriter&)>& write,
                                          const std::vector<std::string>& columns = kColumns) {
  TableWriter writer(stream.producer(), 1, "main", "orders", columns);
  write(writer);
  writer.Mark("end", "version");
  std::vector<EncodedStream::Piece> pieces = stream.Take();
  std::erase_if(pieces, [](const auto& piece) { return piece.type == FrameType::kMark; });
  return pieces;
}

TEST(CompactFormTest, OrdinaryBatchesHaveOneThatIsLessThanHalfOfThem) {
  EncodedStream stream;
  const auto batches = Batches(stream, [](TableWriter& writer) {
    for (int row = 0; row < 250; ++row) WriteRow(writer, row, "a text");
  });
  ASSERT_EQ(batches.size(), 3u);
  for (const auto& batch : batches) {
    EXPECT_GT(batch.compact.size(), 0u);
    EXPECT_LT(batch.compact.size() * 2, batch.payload.size());
  }
}

TEST(CompactFormTest, EveryTypeAndLengthExpands) {
  EncodedStream stream;
  const auto batches = Batches(
      stream,
      [](TableWriter& writer) {
        for (std::size_t bytes = 0; bytes < 300; ++bytes) {
          writer.BeginRow();
          writer.Null(0);
          writer.Bool(1, bytes % 2 == 0);
          writer.Short(2, -static_cast<std::int32_t>(bytes));
          writer.Long(3, std::int64_t{1} << (bytes % 63));
          writer.Float(4, 1.5F);
          writer.NaiveDate(5, 0);
          writer.UtcDatetime(6, -1, 999'999'999);
          writer.Decimal(7, "12.50");
          writer.Binary(8, std::string(bytes, '\0'));
          writer.EndRow();
        }
      },
      {"null", "bool", "short", "long", "float", "date", "utc", "decimal", std::string(200, 'n')});
  ASSERT_EQ(batches.size(), 3u);
  for (const auto& batch : batches) EXPECT_GT(batch.compact.size(), 0u);
}

TEST(CompactFormTest, ARowThatMovesToTheNextBatchIsInThatOnesForm) {
  EncodedStream stream;
  const std::string text(1500, 'x');
  const std::vector<std::string> columns(15, std::string(900, 'c'));
  const auto batches = Batches(
      stream,
      [&](TableWriter& writer) {
        for (int row = 0; row < 90; ++row) {
          writer.BeginRow();
          for (std::size_t column = 0; column < columns.size(); ++column) {
            writer.String(column, text.substr(0, static_cast<std::size_t>(row * 5)));
          }
          writer.EndRow();
        }
      },
      columns);
  ASSERT_GT(batches.size(), 1u);
  for (const auto& batch : batches) EXPECT_GT(batch.compact.size(), 0u);
}

TEST(CompactFormTest, ARowTakenBackOrSentAloneLeavesNothingInIt) {
  EncodedStream stream;
  const auto batches = Batches(stream, [](TableWriter& writer) {
    WriteRow(writer, 1, "before");
    writer.BeginRow();
    writer.Long(0, 2);
    writer.String(1, "taken back");
    writer.DropRow();
    WriteRow(writer, 3, "between");
    WriteRow(writer, 4, std::string(limits::kMaxFramePayloadBytes, 'l'));
    for (int row = 5; row < 10; ++row) WriteRow(writer, row, "behind");
  });
  ASSERT_GE(batches.size(), 3u);
  EXPECT_GT(batches.front().compact.size(), 0u);
  EXPECT_GT(batches.back().compact.size(), 0u);
}

TEST(CompactFormTest, BatchesThatItDoesNotServeHaveNone) {
  struct Case {
    const char* what;
    std::function<void(TableWriter&)> write;
  };
  const Case cases[] = {
      {"long values", [](TableWriter& w) { WriteRow(w, 1, std::string(100'000, 't')); }},
      {"values much longer than the names",
       [](TableWriter& w) { WriteRow(w, 1, std::string(1'000, 't')); }},
      {"columns in another order",
       [](TableWriter& w) {
         w.BeginRow();
         for (const std::size_t column : {1u, 0u, 2u, 3u}) w.Null(column);
         w.EndRow();
       }},
      {"a row that lacks a column",
       [](TableWriter& w) {
         WriteRow(w, 1, "whole");
         w.BeginRow();
         for (const std::size_t column : {0u, 1u, 2u}) w.Null(column);
         w.EndRow();
         WriteRow(w, 3, "whole");
       }},
  };
  for (const Case& one : cases) {
    EncodedStream stream;
    const auto batches = Batches(stream, one.write);
    ASSERT_EQ(batches.size(), 1u) << one.what;
    EXPECT_EQ(batches[0].compact, "") << one.what;
  }
}

}  // namespace
}  // namespace tributary
