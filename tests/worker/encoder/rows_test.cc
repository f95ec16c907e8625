// Rows, batches and marks: when a batch ends, rows larger than a frame, rows that are taken back,
// and random tables that are decoded correctly.
#include <gtest/gtest.h>

#include <random>

#include "tests/worker/encoder/ring_reading.h"

namespace tributary {
namespace {

using fivetran_sdk::v2::Record;

void WriteText(TableWriter& writer, const std::string& text) {
  writer.BeginRow();
  writer.String(0, text);
  writer.EndRow();
}

const std::string& TextOf(const Record& record) { return record.data().at("c").string(); }

TEST(BatchTest, ClosesAtAHundredRecords) {
  const RingReading reading("s", "t", {"c"}, [](TableWriter& writer) {
    for (int i = 0; i < 250; ++i) WriteText(writer, std::to_string(i));
  });
  ASSERT_EQ(reading.messages().size(), 3U);
  EXPECT_EQ(reading.messages()[0].records, 100U);
  EXPECT_EQ(reading.messages()[1].records, 100U);
  EXPECT_EQ(reading.messages()[2].records, 50U);
  for (int i = 0; i < 250; ++i) {
    EXPECT_EQ(TextOf(reading.Records()[static_cast<std::size_t>(i)]), std::to_string(i));
  }
}

TEST(BatchTest, ClosesBeforeTheRowThatWouldTakeItOverItsSize) {
  const RingReading reading("s", "t", {"c"}, [](TableWriter& writer) {
    for (int i = 0; i < 50; ++i) WriteText(writer, std::string(60'000, 'a'));
  });
  EXPECT_EQ(reading.Records().size(), 50U);
  EXPECT_GT(reading.messages().size(), 2U);
  for (const Message& message : reading.messages()) {
    EXPECT_LE(message.bytes.size(), limits::kMaxBatchBytes);
    EXPECT_EQ(message.records,
              static_cast<std::uint32_t>(message.response.records().records_size()));
  }
}

TEST(BatchTest, ALargeRowTravelsAlone) {
  const RingReading reading("s", "t", {"c"}, [](TableWriter& writer) {
    for (const std::size_t bytes :
         {10UL, limits::kMaxBatchBytes, 10UL, limits::kMaxBatchBytes - 50, 10UL,
          limits::kMaxFramePayloadBytes, 10UL, 10'000'000UL, 10UL}) {
      WriteText(writer, std::string(bytes, 'b'));
    }
  });
  ASSERT_EQ(reading.Records().size(), 9U);
  for (const Message& message : reading.messages()) {
    if (message.bytes.size() > limits::kMaxBatchBytes) {
      EXPECT_EQ(message.records, 1U);
    }
  }
  EXPECT_EQ(TextOf(reading.Records()[7]).size(), 10'000'000U);
}

TEST(BatchTest, RowsThatNoMessageCanHoldAreCountedAndNothingOfThemIsSent) {
  const RingReading reading("s", "t", {"c", "d"}, [](TableWriter& writer) {
    const std::string half(limits::kMaxMessageBytes / 2 + 1, 'c');
    const std::string whole(limits::kMaxMessageBytes, 'c');
    WriteText(writer, "before");
    writer.BeginRow();  // Too large because of its second value.
    writer.String(0, half);
    writer.String(1, half);
    writer.EndRow();
    WriteText(writer, "between");
    writer.BeginRow();  // Too large because of its first value.
    writer.String(0, whole);
    writer.Long(1, 1);
    writer.EndRow();
    WriteText(writer, "behind");
  });
  EXPECT_EQ(reading.oversized_rows(), 2U);
  ASSERT_EQ(reading.Records().size(), 3U);
  EXPECT_EQ(TextOf(reading.Records()[0]), "before");
  EXPECT_EQ(TextOf(reading.Records()[1]), "between");
  EXPECT_EQ(TextOf(reading.Records()[2]), "behind");
}

TEST(BatchTest, TheLargestMessageArrivesWhole) {
  const RingReading reading("s", "t", {"c"}, [](TableWriter& writer) {
    WriteText(writer, std::string(limits::kMaxMessageBytes - 100, 'd'));
  });
  EXPECT_EQ(reading.oversized_rows(), 0U);
  ASSERT_EQ(reading.messages().size(), 1U);
  EXPECT_LE(reading.messages()[0].bytes.size(), limits::kMaxMessageBytes);
  EXPECT_EQ(TextOf(reading.Records()[0]).size(), limits::kMaxMessageBytes - 100);
}

TEST(BatchTest, ARowThatIsTakenBackLeavesNoTrace) {
  for (const std::size_t bytes : {10UL, 2'000'000UL, limits::kMaxMessageBytes}) {
    const RingReading reading("s", "t", {"c"}, [bytes](TableWriter& writer) {
      const std::string text(bytes, 'e');
      for (int i = 0; i < 3; ++i) {
        writer.BeginRow();
        writer.String(0, text);
        writer.DropRow();
        WriteText(writer, "kept");
      }
    });
    ASSERT_EQ(reading.Records().size(), 3U);
    EXPECT_EQ(reading.rows_counted(), 3U);
    for (const Record& record : reading.Records()) EXPECT_EQ(TextOf(record), "kept");
  }
}

TEST(MarkTest, ComesBehindAllRowsBeforeIt) {
  const RingReading reading("s", "t", {"c"}, [](TableWriter& writer) {
    writer.Mark("nothing yet", "version");
    WriteText(writer, "1");
    writer.Mark("one", "version");
    writer.Mark("still one", "version");
  });
  EXPECT_EQ(reading.marks(), (std::vector<std::string>{"nothing yet", "one", "still one", "end"}));
  EXPECT_EQ(reading.Records().size(), 1U);
}

TEST(MarkTest, IsDueAgainAfterEnoughBytes) {
  std::size_t due = 0;
  const RingReading reading("s", "t", {"c"}, [&due](TableWriter& writer) {
    for (int i = 0; i < 1000; ++i) {
      WriteText(writer, std::string(10'000, 'f'));
      if (!writer.MarkDue()) continue;
      ++due;
      writer.Mark(std::to_string(i), "version");
    }
  });
  EXPECT_GE(due, 4U);
  EXPECT_LE(due, 20U);
}

TEST(RowTest, NamesOfAnyLengthAndTablesOfAnyWidth) {
  for (const std::size_t width : {0UL, 1UL, 100UL, 2000UL}) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < width; ++i) {
      columns.push_back(std::string(i % 300, 'n') + std::to_string(i));
    }
    const std::string schema(200, 's');
    const std::string table(70'000, 't');
    const RingReading reading(schema, table, columns, [width](TableWriter& writer) {
      for (std::int64_t row = 0; row < 3; ++row) {
        writer.BeginRow();
        for (std::size_t i = width; i > 0; --i) writer.Long(i - 1, row);
        writer.EndRow();
      }
    });
    ASSERT_EQ(reading.Records().size(), 3U);
    for (const Record& record : reading.Records()) {
      EXPECT_EQ(record.schema_name(), schema);
      EXPECT_EQ(record.table_name(), table);
      EXPECT_EQ(record.data().size(), width);
    }
  }
}

// Rows whose length takes one byte more or less than that of the row before.
TEST(RowTest, LengthsThatChangeTheirSizeFromRowToRow) {
  std::vector<std::size_t> lengths;
  for (const std::size_t boundary : {127UL, 16'383UL, 2'097'151UL}) {
    for (std::size_t below = 40; below > 0; --below) {
      lengths.push_back(boundary - below);
      lengths.push_back(3);
    }
  }
  const RingReading reading("s", "t", {"c"}, [&lengths](TableWriter& writer) {
    for (const std::size_t length : lengths) WriteText(writer, std::string(length, 'g'));
  });
  const auto records = reading.Records();
  ASSERT_EQ(records.size(), lengths.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    EXPECT_EQ(TextOf(records[i]).size(), lengths[i]);
  }
  for (const Message& message : reading.messages()) {
    EXPECT_EQ(message.response.ByteSizeLong(), message.bytes.size()) << "a length is not minimal";
  }
}

TEST(RowTest, RandomTablesComeOutAsTheyWentIn) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    const std::size_t width = 1 + random() % 30;
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < width; ++i) {
      columns.push_back(std::string(random() % 20, 'n') + std::to_string(i));
    }
    std::vector<Record> expected;
    const RingReading reading("main", "random", columns, [&](TableWriter& writer) {
      const std::size_t rows = random() % 2000;
      for (std::size_t row = 0; row < rows; ++row) {
        Record& record = expected.emplace_back();
        record.set_schema_name("main");
        record.set_table_name("random");
        writer.BeginRow();
        for (std::size_t i = 0; i < width; ++i) {
          auto& value = (*record.mutable_data())[columns[i]];
          const std::uint64_t bits = random() >> (random() % 64);
          if (random() % 3 == 0) {
            value.set_long_(static_cast<std::int64_t>(bits));
            writer.Long(i, static_cast<std::int64_t>(bits));
          } else {
            const std::string text(random() % 1000 == 0 ? bits % 2'000'000 : bits % 50, 'x');
            value.set_string(text);
            writer.String(i, text);
          }
        }
        writer.EndRow();
      }
    });
    const auto records = reading.Records();
    ASSERT_EQ(records.size(), expected.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(records[i].SerializeAsString().size(), expected[i].SerializeAsString().size());
      for (const auto& [name, value] : expected[i].data()) {
        ASSERT_EQ(records[i].data().at(name).SerializeAsString(), value.SerializeAsString());
      }
    }
  }
}

}  // namespace
}  // namespace tributary
