// One value of a segment: items collected, compressed and sealed, and the reverse. Knows nothing of
// LevelDB. The bytes: FORMAT.md, "Block".
//
// Items are collected because one batch compresses worse than several, and because each value has a
// fixed cost in LevelDB.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_BLOCK_H_
#define TRIBUTARY_SUPERVISOR_STAGING_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/limits.h"
#include "supervisor/staging/item.h"
#include "supervisor/staging/segment_cipher.h"

namespace tributary {

// Before each item in a block: its kind and its length.
inline constexpr std::size_t kItemHeadBytes = 5;
inline constexpr std::size_t kMaxBlockRawBytes = limits::kStagingPartBytes + kItemHeadBytes;
inline constexpr std::size_t kBlockPrefixBytes = 12;

// A block's prefix: readable on disk, and authenticated by the seal.
struct BlockShape {
  enum class Form : std::uint8_t { kItems = 1, kPart = 2 };
  Form form = Form::kItems;
  bool compressed = false;
  // The last item (kItems) or the item (kPart) is a checkpoint.
  bool checkpoint = false;
  // kPart: the item ends here.
  bool last_part = false;
  // Of the block's bytes before compression.
  std::uint32_t raw_bytes = 0;
  // kItems: how many; kPart: the bytes of the whole item.
  std::uint32_t count = 0;
};

// A block as it was collected: not yet compressed.
class BlockGatherer {
 public:
  BlockGatherer();

  bool empty() const { return count_ == 0; }
  std::uint64_t first_position() const { return first_position_; }
  std::uint32_t count() const { return count_; }
  std::string_view raw() const { return raw_; }
  // Of the items on the stream.
  std::size_t message_bytes() const { return message_bytes_; }
  // The block is full.
  bool full() const;
  // Whether the block stays near its target size with this item.
  bool Takes(const StagedItem& item) const;
  // Copies the kept form of the item. Precondition: Takes(), position contiguous.
  void Add(const StagedItem& item);
  BlockShape shape() const;
  void Clear();

 private:
  std::string raw_;
  std::uint64_t first_position_ = 0;
  std::uint32_t count_ = 0;
  std::size_t message_bytes_ = 0;
  bool checkpoint_ = false;
};

// Spends the least CPU that compresses to a third of the stream: LZ4's acceleration depends on the
// results of earlier blocks.
class BlockSealer {
 public:
  BlockSealer();

  // Compresses if that makes it smaller, and seals. The value is valid until the next call.
  // raw.size() is at most kMaxBlockRawBytes; `message_bytes` is the size of its items on the
  // stream.
  absl::StatusOr<std::string_view> Seal(BlockKey key, BlockShape shape, std::string_view raw,
                                        std::size_t message_bytes, SegmentCipher& cipher);

 private:
  void AimAtAThird(std::size_t kept_bytes, std::size_t message_bytes);

  int acceleration_;
  std::vector<char> compressor_;
  std::vector<char> value_;
};

// A decrypted block, still compressed. `stored` is valid until the opener's next call.
struct OpenedBlock {
  BlockKey key;
  BlockShape shape;
  std::string_view stored;

  // The position of its last item; for a part, of its item.
  std::uint64_t last_position() const {
    return shape.form == BlockShape::Form::kItems ? key.position + shape.count - 1 : key.position;
  }
  // The key that the next block must have.
  BlockKey next() const {
    return shape.form == BlockShape::Form::kPart && !shape.last_part
               ? BlockKey{key.position, key.part + 1}
               : BlockKey{last_position() + 1, 0};
  }
};

class BlockOpener {
 public:
  // DATA_LOSS if the value is not what was sealed under this key.
  absl::StatusOr<OpenedBlock> Open(std::string_view encoded_key, std::string_view value,
                                   SegmentCipher& cipher);

 private:
  std::vector<char> stored_;
};

// The parsers below take any bytes: DATA_LOSS if these are invalid.

absl::StatusOr<BlockShape> ParseBlockPrefix(std::string_view prefix);

// The items of a block of form kItems.
absl::StatusOr<StagedBlock> ParseItems(const OpenedBlock& block);

// Writes the shape.raw_bytes bytes of the block to `raw`.
absl::Status ExpandBlock(const BlockShape& shape, std::string_view stored, char* raw);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_BLOCK_H_
