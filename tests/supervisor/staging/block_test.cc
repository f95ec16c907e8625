#include "supervisor/staging/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "supervisor/staging/bytes.h"
#include "supervisor/staging/segment_header.h"
#include "tests/supervisor/staging/staged_stream.h"

namespace tributary {
namespace {

using ::testing::HasSubstr;

const std::string kEpochKey(32, 'k');
// Compressible.
const std::string kFirst(200, 'f');

class BlockTest : public ::testing::Test {
 protected:
  BlockTest() : cipher_(SegmentCipher::Derive(kEpochKey, std::string(32, 's'), 1, 1).value()) {
    gatherer_.Add({7, ItemKind::kBatch, kFirst});
    gatherer_.Add({8, ItemKind::kBatch, "x"});
    gatherer_.Add({9, ItemKind::kCheckpoint, "a checkpoint"});
  }

  std::string Sealed() {
    return std::string(
        sealer_
            .Seal({7, 0}, gatherer_.shape(), gatherer_.raw(), gatherer_.message_bytes(), *cipher_)
            .value());
  }
  absl::Status Opens(BlockKey key, std::string_view value) {
    const EncodedBlockKey encoded = EncodeBlockKey(key);
    absl::StatusOr<OpenedBlock> block =
        opener_.Open(std::string_view(encoded.data(), encoded.size()), value, *cipher_);
    return block.ok() ? ParseItems(*block).status() : block.status();
  }

  std::unique_ptr<SegmentCipher> cipher_;
  BlockGatherer gatherer_;
  BlockSealer sealer_;
  BlockOpener opener_;
};

TEST_F(BlockTest, ItemsComeBackAsTheyWentIn) {
  const std::string value = Sealed();
  const EncodedBlockKey key = EncodeBlockKey({7, 0});
  auto block = opener_.Open(std::string_view(key.data(), key.size()), value, *cipher_);
  ASSERT_TRUE(block.ok()) << block.status();
  EXPECT_TRUE(block->shape.compressed);
  EXPECT_EQ(block->last_position(), 9u);
  auto items = ParseItems(*block);
  ASSERT_TRUE(items.ok()) << items.status();
  ASSERT_EQ(items->items.size(), 3u);
  EXPECT_EQ(items->items[0].bytes, kFirst);
  EXPECT_EQ(items->items[1].position, 8u);
  EXPECT_EQ(items->items[1].bytes, "x");
  EXPECT_EQ(items->items[2].kind, ItemKind::kCheckpoint);
  EXPECT_EQ(items->items[2].bytes, "a checkpoint");
}

TEST_F(BlockTest, ACompactBatchComesBackAsTheBatchThatItStandsFor) {
  gatherer_.Clear();
  gatherer_.Add({7, ItemKind::kBatch, kExpandedBatch, kCompactBatch});
  gatherer_.Add({8, ItemKind::kBatch, "whole"});
  gatherer_.Add({9, ItemKind::kBatch, kExpandedBatch, kCompactBatch});
  EXPECT_EQ(gatherer_.raw().size(), 3 * kItemHeadBytes + 2 * kCompactBatch.size() + 5);
  const std::string value = Sealed();
  const EncodedBlockKey key = EncodeBlockKey({7, 0});
  auto block = opener_.Open(std::string_view(key.data(), key.size()), value, *cipher_);
  ASSERT_TRUE(block.ok()) << block.status();
  auto items = ParseItems(*block);
  ASSERT_TRUE(items.ok()) << items.status();
  ASSERT_EQ(items->items.size(), 3u);
  EXPECT_EQ(items->items[0].bytes, kExpandedBatch);
  EXPECT_EQ(items->items[1].bytes, "whole");
  EXPECT_EQ(items->items[2].bytes, kExpandedBatch);
}

TEST_F(BlockTest, ACompactBatchThatExpandsToNothingSoundIsRefused) {
  for (const std::string& compact :
       {std::string("x"), kCompactBatch.substr(0, kCompactBatch.size() - 1),
        kCompactBatch + "\x28\3"}) {
    cipher_ = SegmentCipher::Derive(kEpochKey, std::string(32, 's'), 1, 1).value();
    gatherer_.Clear();
    gatherer_.Add({7, ItemKind::kBatch, kExpandedBatch, compact});
    EXPECT_TRUE(absl::IsDataLoss(Opens({7, 0}, Sealed())));
  }
}

TEST_F(BlockTest, GatheringStopsWhereReadingBackWouldTakeTooMuchMemory) {
  const std::string large(limits::kMaxBatchBytes, 'b');
  gatherer_.Clear();
  std::uint64_t position = 7;
  for (; gatherer_.Takes({position, ItemKind::kBatch, large, kCompactBatch}); ++position) {
    gatherer_.Add({position, ItemKind::kBatch, large, kCompactBatch});
  }
  EXPECT_EQ((position - 7) * large.size(), limits::kStagingBlockMessageBytes);
  EXPECT_TRUE(gatherer_.full());
}

// A test cannot check what compressing costs, but it can check the size of the result.
TEST_F(BlockTest, CompressionKeepsToAThirdOfTheStreamWhereItCan) {
  std::mt19937_64 random(5);
  std::uint64_t position = 100;
  std::size_t kept = 0;
  std::size_t stream = 0;
  for (int block = 0; block < 400; ++block) {
    gatherer_.Clear();
    // Words and digits, as rows have them: compressing halves them at best.
    std::string text;
    while (text.size() < 100'000) {
      text +=
          "word" + std::to_string(random() % 50) + " number " + std::to_string(random() % 100'000);
    }
    gatherer_.Add({position, ItemKind::kBatch, text});
    const std::size_t message_bytes = 2 * text.size();
    const std::size_t bytes =
        sealer_.Seal({position, 0}, gatherer_.shape(), gatherer_.raw(), message_bytes, *cipher_)
            .value()
            .size();
    ++position;
    if (block < 100) continue;
    kept += bytes;
    stream += message_bytes;
  }
  EXPECT_LE(3 * kept, stream);
  // What need not be compressed to reach a third is not.
  EXPECT_GT(4 * kept, stream);
}

TEST_F(BlockTest, BytesThatDoNotShrinkAreStoredAsTheyAre) {
  std::mt19937_64 random(3);
  std::string noise(5000, ' ');
  for (char& byte : noise) byte = static_cast<char>(random());
  gatherer_.Clear();
  gatherer_.Add({1, ItemKind::kBatch, noise});
  const std::string value(
      sealer_.Seal({1, 0}, gatherer_.shape(), gatherer_.raw(), gatherer_.message_bytes(), *cipher_)
          .value());
  EXPECT_EQ(value.size(), kBlockPrefixBytes + kItemHeadBytes + noise.size() + 16);
  EXPECT_TRUE(Opens({1, 0}, value).ok());
}

TEST_F(BlockTest, EveryFlippedBitIsRefused) {
  const std::string value = Sealed();
  for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(Opens({7, 0}, damaged).code(), absl::StatusCode::kDataLoss) << "bit " << bit;
  }
}

TEST_F(BlockTest, EveryTruncationIsRefused) {
  const std::string value = Sealed();
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(Opens({7, 0}, value.substr(0, size)).code(), absl::StatusCode::kDataLoss) << size;
  }
}

TEST_F(BlockTest, BlockUnderAnotherPositionIsRefused) {
  const std::string value = Sealed();
  EXPECT_EQ(Opens({8, 0}, value).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Opens({7, 1}, value).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(Opens({7, 0}, value).ok());
}

TEST_F(BlockTest, BlockOfAnotherSegmentIsRefused) {
  const std::string value = Sealed();
  for (const auto& [epoch, segment] : {std::pair{1u, 2u}, {2u, 1u}}) {
    cipher_ = SegmentCipher::Derive(kEpochKey, std::string(32, 's'), epoch, segment).value();
    EXPECT_EQ(Opens({7, 0}, value).code(), absl::StatusCode::kDataLoss);
  }
}

TEST_F(BlockTest, ParserTakesAnyBytesWithoutHarm) {
  std::mt19937_64 random(5);
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    // Small changes to correct bytes, so that the parser accepts some parts.
    OpenedBlock block;
    block.key = {1 + random() % 3, 0};
    block.shape.compressed = random() % 4 == 0;
    block.shape.checkpoint = random() % 2 == 0;
    block.shape.count = static_cast<std::uint32_t>(1 + random() % 3);
    std::string raw;
    for (std::uint32_t item = 0; item < block.shape.count; ++item) {
      raw.push_back(static_cast<char>(random() % 3));
      raw.push_back(static_cast<char>(random() % 4));
      raw.append(3, '\0');
      raw.append(random() % 4, 'r');
    }
    block.shape.raw_bytes = static_cast<std::uint32_t>(raw.size());
    block.stored = raw;
    absl::StatusOr<StagedBlock> items = ParseItems(block);
    if (items.ok()) ++parsed;
    EXPECT_TRUE(items.ok() || absl::IsDataLoss(items.status()));
  }
  EXPECT_GT(parsed, 0);
}

using BlockDeathTest = BlockTest;

TEST_F(BlockDeathTest, NonceUsedTwiceEndsTheProcess) {
  (void)Sealed();
  EXPECT_DEATH((void)Sealed(), "last_sealed_");
}

class HeaderTest : public ::testing::Test {
 protected:
  HeaderTest() {
    header_ = SegmentHeader{0xe1, 3, {40, 2}, std::string(32, 's')};
    auto cipher = SegmentCipher::Derive(kEpochKey, header_.salt, header_.epoch, header_.segment);
    bytes_ = SealHeader(header_, **cipher).value();
  }
  SegmentHeader header_;
  std::string bytes_;
};

TEST_F(HeaderTest, SaysWhichSegmentItIs) {
  auto opened = OpenHeader(bytes_, kEpochKey);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->header.epoch, 0xe1u);
  EXPECT_EQ(opened->header.segment, 3u);
  EXPECT_EQ(opened->header.first, (BlockKey{40, 2}));
}

TEST_F(HeaderTest, WrongKeyIsToldFromDamage) {
  EXPECT_EQ(OpenHeader(bytes_, std::string(32, 'x')).status().code(),
            absl::StatusCode::kPermissionDenied);
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    std::string damaged = bytes_;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const absl::StatusCode code = OpenHeader(damaged, kEpochKey).status().code();
    // A damaged version number cannot be distinguished from that of another version.
    EXPECT_EQ(code,
              i >= 8 && i < 12 ? absl::StatusCode::kUnimplemented : absl::StatusCode::kDataLoss)
        << "byte " << i;
  }
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_EQ(OpenHeader(bytes_.substr(0, size), kEpochKey).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(HeaderTest, FutureVersionIsRefusedByItsNumber) {
  std::string future = bytes_.substr(0, 12) + "whatever a later format has here";
  StoreLittle(std::uint32_t{3}, future.data() + 8);
  const absl::Status status = OpenHeader(future, kEpochKey).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("format version 3"));
}

}  // namespace
}  // namespace tributary
