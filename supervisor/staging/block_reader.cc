#include "supervisor/staging/block_reader.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

absl::Status NotHeld(std::uint64_t position) {
  return absl::NotFoundError(absl::StrCat("staging: position ", position, " is no longer held"));
}

absl::Status Missing(std::uint64_t position) {
  return absl::DataLossError(
      absl::StrCat("staging: the block of position ", position, " is missing or damaged"));
}

std::unique_ptr<leveldb::Iterator> SeekTo(const Segment& segment, BlockKey key) {
  std::unique_ptr<leveldb::Iterator> at = segment.NewIterator();
  const EncodedBlockKey encoded = EncodeBlockKey(key);
  const leveldb::Slice wanted(encoded.data(), encoded.size());
  at->Seek(wanted);
  if (!at->Valid()) {
    at->SeekToLast();
  } else if (at->key() != wanted) {
    at->Prev();
  }
  return at;
}

}  // namespace

BlockReader::BlockReader(const EpochFolder* folder, std::string epoch_key)
    : folder_(folder), epoch_key_(std::move(epoch_key)) {}

BlockReader::~BlockReader() { OPENSSL_cleanse(epoch_key_.data(), epoch_key_.size()); }

absl::StatusOr<const Segment*> BlockReader::Use(std::uint64_t number, const Segment* written) {
  if (written != nullptr && written->number() == number) return written;
  if (open_ == nullptr || open_->number() != number) {
    open_.reset();
    absl::StatusOr<std::unique_ptr<Segment>> opened =
        Segment::Open(folder_->env(), folder_->path(), folder_->epoch(), number, epoch_key_);
    if (absl::IsNotFound(opened.status())) return absl::DataLossError(opened.status().message());
    if (!opened.ok()) return opened.status();
    open_ = *std::move(opened);
  }
  return open_.get();
}

absl::StatusOr<OpenedBlock> BlockReader::OpenAt(const leveldb::Iterator& at,
                                                const Segment& segment) {
  const leveldb::Slice key = at.key();
  const leveldb::Slice value = at.value();
  return opener_.Open(std::string_view(key.data(), key.size()),
                      std::string_view(value.data(), value.size()), segment.cipher());
}

absl::StatusOr<StagedBlock> BlockReader::Read(std::uint64_t position, const Segment* written) {
  const std::deque<SegmentSpan>& spans = folder_->segments();
  // A large item may lie in several segments; it begins in the first of them.
  const auto span = std::partition_point(
      spans.begin(), spans.end(),
      [position](const SegmentSpan& each) { return each.last_position < position; });
  const BlockKey wanted{position, 0};
  if (span == spans.end() || wanted < span->first) return NotHeld(position);
  absl::StatusOr<const Segment*> segment = Use(span->number, written);
  if (!segment.ok()) return segment.status();
  std::unique_ptr<leveldb::Iterator> at = SeekTo(**segment, wanted);
  if (!at->Valid()) return Missing(position);
  absl::StatusOr<OpenedBlock> block = OpenAt(*at, **segment);
  if (!block.ok()) return block.status();
  if (block->last_position() < position) return Missing(position);
  if (block->shape.form == BlockShape::Form::kPart) {
    if (block->key != wanted) return Missing(position);
    at.reset();  // the parts may lie in other segments, and only one is open
    return ReadParts(static_cast<std::size_t>(span - spans.begin()), *block, written);
  }
  absl::StatusOr<StagedBlock> parsed = ParseItems(*block);
  if (!parsed.ok()) return parsed.status();
  const auto before = static_cast<std::ptrdiff_t>(position - parsed->items.front().position);
  parsed->items.erase(parsed->items.begin(), parsed->items.begin() + before);
  return parsed;
}

absl::StatusOr<StagedBlock> BlockReader::ReadParts(std::size_t index, const OpenedBlock& first_part,
                                                   const Segment* written) {
  const std::uint64_t position = first_part.key.position;
  const BlockShape whole = first_part.shape;
  StagedBlock item;
  item.size = whole.count;
  item.bytes = std::make_unique_for_overwrite<char[]>(item.size);

  std::size_t filled = 0;
  BlockKey wanted{position, 0};
  std::unique_ptr<leveldb::Iterator> at;
  for (;;) {
    const std::deque<SegmentSpan>& spans = folder_->segments();
    if (index == spans.size()) return Missing(position);
    absl::StatusOr<const Segment*> segment = Use(spans[index].number, written);
    if (!segment.ok()) return segment.status();
    at = SeekTo(**segment, wanted);
    bool last = false;
    for (; at->Valid(); at->Next()) {
      absl::StatusOr<OpenedBlock> part = OpenAt(*at, **segment);
      if (!part.ok()) return part.status();
      const BlockShape& shape = part->shape;
      if (part->key != wanted || shape.form != BlockShape::Form::kPart ||
          shape.count != whole.count || shape.raw_bytes > item.size - filled) {
        return Missing(position);
      }
      absl::Status expanded = ExpandBlock(shape, part->stored, item.bytes.get() + filled);
      if (!expanded.ok()) return expanded;
      filled += shape.raw_bytes;
      ++wanted.part;
      last = shape.last_part;
      if (last) break;
    }
    at.reset();  // before its segment is closed
    if (last) break;
    ++index;
  }
  if (filled != item.size) return Missing(position);
  item.items.push_back(StagedItem{position,
                                  whole.checkpoint ? ItemKind::kCheckpoint : ItemKind::kBatch,
                                  std::string_view(item.bytes.get(), item.size)});
  return item;
}

}  // namespace tributary
