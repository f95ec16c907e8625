#include "supervisor/staging/block.h"

#include <lz4.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/batch/compact_expansion.h"
#include "supervisor/staging/bytes.h"

namespace tributary {
namespace {

// With acceleration 1 LZ4 looks at every position; with more it skips more of them. Higher values
// than the most gain nothing (tests/supervisor/staging/staging_bench.cc).
constexpr int kFirstAcceleration = 8;
constexpr int kLeastAcceleration = 1;
constexpr int kMostAcceleration = 64;
// A twentieth less than a third, as a margin, since blocks differ.
constexpr std::size_t kSpareOf = 20;

// An item's kind on disk, in addition to those of ItemKind: a batch in its compact form.
constexpr char kCompactBatch = 3;

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

// Restores the batches that are kept in their compact form.
absl::Status ExpandCompactItems(StagedBlock& block) {
  std::size_t total = 0;
  for (const StagedItem& item : block.items) {
    if (item.compact.empty()) continue;
    const absl::StatusOr<std::size_t> size = ExpandedBytes(item.compact);
    if (!size.ok()) return size.status();
    total += *size;
  }
  if (total == 0) return absl::OkStatus();
  // A single batch may be larger than a block's target size.
  if (total > limits::kStagingBlockMessageBytes + limits::kMaxFramePayloadBytes) {
    return Damaged("expands to an impossible size");
  }
  block.expanded = std::make_unique_for_overwrite<char[]>(total);
  char* at = block.expanded.get();
  for (StagedItem& item : block.items) {
    if (item.compact.empty()) continue;
    const std::size_t size = *ExpandedBytes(item.compact);
    absl::Status expanded = ExpandCompactBatch(item.compact, at);
    if (!expanded.ok()) return expanded;
    item.bytes = std::string_view(at, size);
    item.compact = {};
    at += size;
  }
  return absl::OkStatus();
}

}  // namespace

BlockGatherer::BlockGatherer() { raw_.reserve(limits::kStagingBlockBytes); }

bool BlockGatherer::full() const {
  return raw_.size() + kItemHeadBytes > limits::kStagingBlockBytes ||
         message_bytes_ >= limits::kStagingBlockMessageBytes;
}

bool BlockGatherer::Takes(const StagedItem& item) const {
  return empty() ||
         (raw_.size() + kItemHeadBytes + item.kept().size() <= limits::kStagingBlockBytes &&
          message_bytes_ + item.bytes.size() <= limits::kStagingBlockMessageBytes);
}

void BlockGatherer::Add(const StagedItem& item) {
  const std::string_view kept = item.kept();
  assert(Takes(item) && kept.size() <= limits::kStagingPartBytes);
  assert(empty() || item.position == first_position_ + count_);
  if (empty()) first_position_ = item.position;
  char head[kItemHeadBytes];
  head[0] = item.compact.empty() ? static_cast<char>(item.kind) : kCompactBatch;
  StoreLittle(static_cast<std::uint32_t>(kept.size()), head + 1);
  raw_.append(head, sizeof(head));
  raw_.append(kept);
  message_bytes_ += item.bytes.size();
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
  message_bytes_ = 0;
  checkpoint_ = false;
}

BlockSealer::BlockSealer()
    : acceleration_(kFirstAcceleration), compressor_(static_cast<std::size_t>(LZ4_sizeofState())) {}

void BlockSealer::AimAtAThird(std::size_t kept_bytes, std::size_t message_bytes) {
  if (3 * kept_bytes > message_bytes) {
    acceleration_ = std::max(acceleration_ / 2, kLeastAcceleration);
  } else if (kSpareOf * 3 * kept_bytes < (kSpareOf - 1) * message_bytes) {
    acceleration_ = std::min(acceleration_ + 1, kMostAcceleration);
  }
}

absl::StatusOr<std::string_view> BlockSealer::Seal(BlockKey key, BlockShape shape,
                                                   std::string_view raw, std::size_t message_bytes,
                                                   SegmentCipher& cipher) {
  assert(raw.size() <= kMaxBlockRawBytes);
  // LZ4's output may not be larger than the block itself; LZ4 gives up if it would be.
  const std::size_t needed = kBlockPrefixBytes + raw.size() + SegmentCipher::kTagBytes;
  if (value_.size() < needed) value_.resize(needed);
  char* const sealed = value_.data() + kBlockPrefixBytes;
  const int compressed = LZ4_compress_fast_extState(
      compressor_.data(), raw.data(), sealed, static_cast<int>(raw.size()),
      static_cast<int>(raw.size()) - 1, acceleration_);
  shape.compressed = compressed > 0;
  shape.raw_bytes = static_cast<std::uint32_t>(raw.size());
  const std::size_t stored = shape.compressed ? static_cast<std::size_t>(compressed) : raw.size();
  AimAtAThird(stored, message_bytes);
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
  if (stored > shape->raw_bytes) return Damaged("is larger than its content");
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
    if (stored.size() != shape.raw_bytes) return Damaged("does not have the size that it states");
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
    const char kind = rest[0];
    const auto size = LoadLittle<std::uint32_t>(rest.data() + 1);
    rest.remove_prefix(kItemHeadBytes);
    if (size > rest.size()) return Damaged("ends in the middle of an item");
    const bool last = i + 1 == shape.count;
    const ItemKind due = last && shape.checkpoint ? ItemKind::kCheckpoint : ItemKind::kBatch;
    StagedItem& item = parsed.items.emplace_back();
    item.position = block.key.position + i;
    item.kind = due;
    if (kind == static_cast<char>(due)) {
      item.bytes = rest.substr(0, size);
    } else if (kind == kCompactBatch && due == ItemKind::kBatch) {
      item.compact = rest.substr(0, size);
    } else {
      return Damaged("holds an item of a kind that cannot be there");
    }
    rest.remove_prefix(size);
  }
  if (!rest.empty()) return Damaged("has bytes after its last item");
  absl::Status whole = ExpandCompactItems(parsed);
  if (!whole.ok()) return whole;
  return parsed;
}

}  // namespace tributary
