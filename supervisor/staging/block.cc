#include "supervisor/staging/block.h"

#include <lz4.h>

#include <cassert>
#include <cstring>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "supervisor/staging/bytes.h"

namespace tributary {
namespace {

// 2 takes a tenth less CPU than 1 on random text and gives up 2 % of the ratio;
// beyond it, what LZ4 saves is spent in LevelDB (tests/staging/staging_bench.cc).
constexpr int kAcceleration = 2;

constexpr std::uint8_t kCompressedFlag = 1;
constexpr std::uint8_t kCheckpointFlag = 2;
constexpr std::uint8_t kLastPartFlag = 4;
constexpr std::uint8_t kAllFlags = kCompressedFlag | kCheckpointFlag | kLastPartFlag;

constexpr std::size_t kFormAt = 0;
constexpr std::size_t kFlagsAt = 1;
constexpr std::size_t kReservedAt = 2;
constexpr std::size_t kRawBytesAt = 4;
constexpr std::size_t kCountAt = 8;

absl::Status Damaged(absl::string_view how) {
  return absl::DataLossError(absl::StrCat("staging: a block ", how));
}

void EncodePrefix(const BlockShape& shape, char* prefix) {
  prefix[kFormAt] = static_cast<char>(shape.form);
  prefix[kFlagsAt] = static_cast<char>((shape.compressed ? kCompressedFlag : 0) |
                                       (shape.checkpoint ? kCheckpointFlag : 0) |
                                       (shape.last_part ? kLastPartFlag : 0));
  StoreLittle(std::uint16_t{0}, prefix + kReservedAt);
  StoreLittle(shape.raw_bytes, prefix + kRawBytesAt);
  StoreLittle(shape.count, prefix + kCountAt);
}

}  // namespace

BlockGatherer::BlockGatherer() { raw_.reserve(limits::kStagingBlockBytes); }

bool BlockGatherer::Takes(std::size_t bytes) const {
  return empty() || raw_.size() + kItemHeadBytes + bytes <= limits::kStagingBlockBytes;
}

void BlockGatherer::Add(const StagedItem& item) {
  assert(Takes(item.bytes.size()) && item.bytes.size() <= limits::kStagingPartBytes);
  assert(empty() || item.position == first_position_ + count_);
  if (empty()) first_position_ = item.position;
  char head[kItemHeadBytes];
  head[0] = static_cast<char>(item.kind);
  StoreLittle(static_cast<std::uint32_t>(item.bytes.size()), head + 1);
  raw_.append(head, sizeof(head));
  raw_.append(item.bytes);
  ++count_;
  checkpoint_ = item.kind == ItemKind::kCheckpoint;
}

BlockShape BlockGatherer::shape() const {
  BlockShape shape;
  shape.checkpoint = checkpoint_;
  shape.raw_bytes = static_cast<std::uint32_t>(raw_.size());
  shape.count = count_;
  return shape;
}

void BlockGatherer::Clear() {
  raw_.clear();
  count_ = 0;
  checkpoint_ = false;
}

BlockSealer::BlockSealer() : compressor_(static_cast<std::size_t>(LZ4_sizeofState())) {}

absl::StatusOr<std::string_view> BlockSealer::Seal(BlockKey key, BlockShape shape,
                                                   std::string_view raw, SegmentCipher& cipher) {
  assert(raw.size() <= kMaxBlockRawBytes);
  // What LZ4 writes may not take more room than the block itself; it gives up
  // where it would.
  const std::size_t needed = kBlockPrefixBytes + raw.size() + SegmentCipher::kTagBytes;
  if (value_.size() < needed) value_.resize(needed);
  char* const sealed = value_.data() + kBlockPrefixBytes;
  const int compressed = LZ4_compress_fast_extState(
      compressor_.data(), raw.data(), sealed, static_cast<int>(raw.size()),
      static_cast<int>(raw.size()) - 1, kAcceleration);
  shape.compressed = compressed > 0;
  shape.raw_bytes = static_cast<std::uint32_t>(raw.size());
  const std::size_t stored = shape.compressed ? static_cast<std::size_t>(compressed) : raw.size();
  EncodePrefix(shape, value_.data());
  absl::Status status = cipher.Seal(key, std::string_view(value_.data(), kBlockPrefixBytes),
                                    shape.compressed ? sealed : raw.data(), stored, sealed);
  if (!status.ok()) return status;
  return std::string_view(value_.data(), kBlockPrefixBytes + stored + SegmentCipher::kTagBytes);
}

absl::StatusOr<OpenedBlock> BlockOpener::Open(std::string_view encoded_key, std::string_view value,
                                              SegmentCipher& cipher) {
  absl::StatusOr<BlockKey> key = DecodeBlockKey(encoded_key);
  if (!key.ok()) return Damaged("has a key of the wrong length");
  const std::string_view prefix = value.substr(0, kBlockPrefixBytes);
  absl::StatusOr<BlockShape> shape = ParseBlockPrefix(prefix);
  if (!shape.ok()) return shape.status();
  value.remove_prefix(prefix.size());
  if (value.size() < SegmentCipher::kTagBytes) return Damaged("has no seal");
  const std::size_t stored = value.size() - SegmentCipher::kTagBytes;
  if (stored > shape->raw_bytes) return Damaged("is larger than what is in it");
  if (stored_.size() < stored) stored_.resize(stored);
  absl::Status opened = cipher.Open(*key, prefix, value, stored_.data());
  if (!opened.ok()) return opened;
  return OpenedBlock{*key, *shape, std::string_view(stored_.data(), stored)};
}

absl::StatusOr<BlockShape> ParseBlockPrefix(std::string_view prefix) {
  if (prefix.size() != kBlockPrefixBytes) return Damaged("has no prefix");
  const auto form = static_cast<std::uint8_t>(prefix[kFormAt]);
  const auto flags = static_cast<std::uint8_t>(prefix[kFlagsAt]);
  if ((form != 1 && form != 2) || (flags & ~kAllFlags) != 0 ||
      LoadLittle<std::uint16_t>(prefix.data() + kReservedAt) != 0) {
    return Damaged("is of an unknown form");
  }
  BlockShape shape;
  shape.form = static_cast<BlockShape::Form>(form);
  shape.compressed = (flags & kCompressedFlag) != 0;
  shape.checkpoint = (flags & kCheckpointFlag) != 0;
  shape.last_part = (flags & kLastPartFlag) != 0;
  shape.raw_bytes = LoadLittle<std::uint32_t>(prefix.data() + kRawBytesAt);
  shape.count = LoadLittle<std::uint32_t>(prefix.data() + kCountAt);
  if (shape.raw_bytes == 0 || shape.raw_bytes > kMaxBlockRawBytes) {
    return Damaged("has an impossible size");
  }
  const bool items = shape.form == BlockShape::Form::kItems;
  if (items &&
      (shape.count == 0 || shape.last_part || shape.count > shape.raw_bytes / kItemHeadBytes)) {
    return Damaged("has an impossible number of items");
  }
  if (!items && (shape.count > limits::kMaxMessageBytes || shape.raw_bytes > shape.count)) {
    return Damaged("is a part of an item of impossible size");
  }
  return shape;
}

absl::Status ExpandBlock(const BlockShape& shape, std::string_view stored, char* raw) {
  if (!shape.compressed) {
    if (stored.size() != shape.raw_bytes) return Damaged("has not the size that it states");
    std::memcpy(raw, stored.data(), stored.size());
    return absl::OkStatus();
  }
  if (stored.size() > kMaxBlockRawBytes) return Damaged("has an impossible size");
  const int expanded = LZ4_decompress_safe(stored.data(), raw, static_cast<int>(stored.size()),
                                           static_cast<int>(shape.raw_bytes));
  if (expanded < 0 || static_cast<std::uint32_t>(expanded) != shape.raw_bytes) {
    return Damaged("does not decompress to the size that it states");
  }
  return absl::OkStatus();
}

absl::StatusOr<StagedBlock> ParseItems(const OpenedBlock& block) {
  const BlockShape& shape = block.shape;
  if (shape.form != BlockShape::Form::kItems || block.key.part != 0 || block.key.position == 0 ||
      block.key.position > std::numeric_limits<std::uint64_t>::max() - shape.count) {
    return Damaged("does not hold whole items");
  }
  StagedBlock parsed;
  parsed.size = shape.raw_bytes;
  parsed.bytes = std::make_unique_for_overwrite<char[]>(parsed.size);
  absl::Status expanded = ExpandBlock(shape, block.stored, parsed.bytes.get());
  if (!expanded.ok()) return expanded;

  std::string_view rest(parsed.bytes.get(), parsed.size);
  parsed.items.reserve(shape.count);
  for (std::uint32_t i = 0; i < shape.count; ++i) {
    if (rest.size() < kItemHeadBytes) return Damaged("ends in the middle of an item");
    const auto kind = static_cast<std::uint8_t>(rest[0]);
    const auto size = LoadLittle<std::uint32_t>(rest.data() + 1);
    rest.remove_prefix(kItemHeadBytes);
    if (size > rest.size()) return Damaged("ends in the middle of an item");
    const bool last = i + 1 == shape.count;
    if (kind != static_cast<std::uint8_t>(last && shape.checkpoint ? ItemKind::kCheckpoint
                                                                   : ItemKind::kBatch)) {
      return Damaged("holds an item of a kind that cannot stand there");
    }
    parsed.items.push_back(
        StagedItem{block.key.position + i, static_cast<ItemKind>(kind), rest.substr(0, size)});
    rest.remove_prefix(size);
  }
  if (!rest.empty()) return Damaged("has bytes behind its last item");
  return parsed;
}

}  // namespace tributary
