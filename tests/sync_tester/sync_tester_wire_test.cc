// Counting without decoding, compared with protobuf's own encoding.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/sync_tester/fake_connector.h"
#include "tests/sync_tester/wire_count.h"

namespace tributary::tester {
namespace {

v2::UpdateResponse SomeRecords() {
  return Batch({MakeRecord(v2::UPSERT, "t", {{"id", Long(1)}, {"n", Text(std::string(300, 'x'))}}),
                MakeRecord(v2::TRUNCATE, "t", {}),
                MakeRecord(v2::DELETE, "t", {{"id", Long(-1)}})});
}

std::optional<WireCount> Count(const std::string& bytes) {
  const std::string_view piece(bytes);
  return CountWire({&piece, 1});
}

TEST(WireCountTest, RecordsAreCounted) {
  const auto count = Count(SomeRecords().SerializeAsString());
  ASSERT_TRUE(count.has_value());
  EXPECT_EQ(count->records, 3u);
  EXPECT_EQ(count->operation, WireOperation::kRecords);
}

TEST(WireCountTest, MessageInAnyTwoPiecesCountsTheSame) {
  const std::string bytes = SomeRecords().SerializeAsString();
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::vector<std::string_view> pieces = {std::string_view(bytes).substr(0, cut),
                                                  std::string_view(bytes).substr(cut)};
    const auto count = CountWire(pieces);
    ASSERT_TRUE(count.has_value()) << cut;
    EXPECT_EQ(count->records, 3u) << cut;
  }
}

TEST(WireCountTest, MessageCutShortIsNone) {
  const std::string bytes = SomeRecords().SerializeAsString();
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_FALSE(Count(bytes.substr(0, length)).has_value()) << length;
  }
}

TEST(WireCountTest, EachOperationIsKnownByItsField) {
  EXPECT_EQ(Count(CheckpointMessage("{}").SerializeAsString())->operation,
            WireOperation::kCheckpoint);
  EXPECT_EQ(Count(WarningMessage("w").SerializeAsString())->operation, WireOperation::kWarning);
  EXPECT_EQ(Count(TaskMessage("t").SerializeAsString())->operation, WireOperation::kTask);
  EXPECT_EQ(Count(SchemaChangeMessage({}).SerializeAsString())->operation,
            WireOperation::kSchemaChange);
  v2::UpdateResponse lone;
  lone.mutable_record()->set_table_name("t");
  EXPECT_EQ(Count(lone.SerializeAsString())->records, 1u);
  EXPECT_EQ(Count("")->operation, WireOperation::kNothing);
}

TEST(WireCountTest, BytesThatAreNoMessageAreNone) {
  for (const std::string& bytes :
       {std::string("\x08\x01"), std::string("\x3a\x00", 2), std::string("\x32\x02\x0a\x05"),
        std::string("\x32\x02\x12\x00", 4), std::string(11, '\xff'),
        std::string("\x32\x01\x0a\x00", 4)}) {
    EXPECT_FALSE(Count(bytes).has_value());
  }
}

}  // namespace
}  // namespace tributary::tester
