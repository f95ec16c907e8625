#include "supervisor/staging/epoch_writer.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

// The most that `raw_bytes` collected bytes take on disk: a block that does not shrink is stored as
// it is. Includes room for one more segment.
std::uint64_t MostBytesOnDisk(std::uint64_t raw_bytes) {
  constexpr std::uint64_t kBlockOverheadBytes = 4 * limits::kKiB;
  const std::uint64_t blocks = raw_bytes / limits::kStagingPartBytes + 1;
  return Segment::BytesFor(raw_bytes) + blocks * kBlockOverheadBytes;
}

}  // namespace

EpochWriter::EpochWriter(StagingRoom* room, RoomEpoch* epoch, const ConnectionLock* lock,
                         std::string epoch_key, std::uint64_t segment_bytes)
    : room_(room),
      epoch_(epoch),
      lock_(lock),
      epoch_key_(std::move(epoch_key)),
      segment_bytes_(segment_bytes),
      reader_(&epoch->folder, epoch_key_) {
  epoch_->held = true;
  epoch_->written = true;
  epoch_->droppable_through = 0;
}

EpochWriter::~EpochWriter() {
  epoch_->held = false;
  epoch_->written = false;
  OPENSSL_cleanse(epoch_key_.data(), epoch_key_.size());
}

absl::Status EpochWriter::CheckItem(const StagedItem& item) const {
  if (!failure_.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("staging was given up for this sync: ", failure_.message()));
  }
  if (item.position != appended_position_ + 1) {
    return absl::InvalidArgumentError(absl::StrCat("staging: position ", item.position,
                                                   " cannot follow position ", appended_position_));
  }
  if (item.bytes.empty() || item.bytes.size() > limits::kMaxMessageBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("staging: the message at position ", item.position, " has ", item.bytes.size(),
                     " bytes; the stream takes 1 to ", limits::kMaxMessageBytes));
  }
  return absl::OkStatus();
}

absl::Status EpochWriter::MakeRoom(const StagedItem& item) {
  if (item.kind == ItemKind::kCheckpoint) return absl::OkStatus();
  const std::uint64_t item_bytes = MostBytesOnDisk(item.kept().size());
  if (item_bytes + MostBytesOnDisk(limits::kStagingBlockBytes) > room_->limit_bytes()) {
    return absl::OutOfRangeError(absl::StrCat(
        "staging: a message of ", item.bytes.size(), " bytes can never fit the limit of ",
        room_->limit_bytes(), " bytes; raise --staging-limit"));
  }
  const std::uint64_t needed = item_bytes + MostBytesOnDisk(gathered_.raw().size());
  if (room_->Fits(needed)) return absl::OkStatus();
  // The segment being written may be the only one left to drop.
  if (segment_has_span_ &&
      epoch_->folder.segments().back().last_position <= epoch_->droppable_through) {
    CloseSegment();
  }
  absl::Status made = room_->Make(needed);
  const std::deque<SegmentSpan>& segments = epoch_->folder.segments();
  if (segments.empty() || reader_.open_segment() < segments.front().number) reader_.Close();
  if (made.ok() || absl::IsResourceExhausted(made)) return made;
  return Fail(made);
}

absl::Status EpochWriter::Append(const StagedItem& item) {
  absl::Status status = CheckItem(item);
  if (!status.ok()) return status;
  status = MakeRoom(item);
  if (!status.ok()) return status;
  if (!gathered_.Takes(item) || item.kept().size() > limits::kStagingPartBytes) {
    status = PutGathered();
    if (!status.ok()) return status;
  }
  if (item.kept().size() > limits::kStagingPartBytes) {
    status = AppendParts(item);
  } else {
    gathered_.Add(item);
    gathered_wire_bytes_ += item.bytes.size();
    // A checkpoint closes its block: it is on disk before it is sent, and a
    // replay ends where a block does.
    if (item.kind == ItemKind::kCheckpoint || gathered_.full()) status = PutGathered();
  }
  if (!status.ok()) return status;
  appended_position_ = item.position;
  wire_bytes_ += item.bytes.size();
  return absl::OkStatus();
}

absl::Status EpochWriter::AppendParts(const StagedItem& item) {
  BlockShape shape;
  shape.form = BlockShape::Form::kPart;
  shape.checkpoint = item.kind == ItemKind::kCheckpoint;
  shape.count = static_cast<std::uint32_t>(item.bytes.size());
  std::string_view rest = item.bytes;
  for (std::uint32_t part = 0; !rest.empty(); ++part) {
    const std::string_view raw = rest.substr(0, limits::kStagingPartBytes);
    rest.remove_prefix(raw.size());
    shape.last_part = rest.empty();
    absl::Status put = Put(BlockKey{item.position, part}, shape, raw, raw.size());
    if (!put.ok()) return put;
  }
  staged_position_ = item.position;
  staged_wire_bytes_ += item.bytes.size();
  return absl::OkStatus();
}

absl::Status EpochWriter::Flush() {
  if (!failure_.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("staging was given up for this sync: ", failure_.message()));
  }
  return PutGathered();
}

absl::Status EpochWriter::PutGathered() {
  if (gathered_.empty()) return absl::OkStatus();
  absl::Status put = Put(BlockKey{gathered_.first_position(), 0}, gathered_.shape(),
                         gathered_.raw(), gathered_.message_bytes());
  if (!put.ok()) return put;
  staged_position_ = gathered_.first_position() + gathered_.count() - 1;
  staged_wire_bytes_ += std::exchange(gathered_wire_bytes_, 0);
  gathered_.Clear();
  return absl::OkStatus();
}

absl::Status EpochWriter::Put(BlockKey key, const BlockShape& shape, std::string_view raw,
                              std::size_t message_bytes) {
  if (segment_ != nullptr &&
      segment_->bytes_written() + Segment::BytesFor(raw.size()) > segment_bytes_) {
    CloseSegment();
  }
  if (segment_ == nullptr) {
    absl::Status opened = OpenSegment(key);
    if (!opened.ok()) return Fail(opened);
  }
  absl::StatusOr<std::string_view> value =
      sealer_.Seal(key, shape, raw, message_bytes, segment_->cipher());
  if (!value.ok()) return Fail(value.status());
  absl::Status put = segment_->Put(key, *value);
  if (!put.ok()) return Fail(put);
  if (!segment_has_span_) {
    epoch_->folder.Add(SegmentSpan{segment_->number(), key, 0, 0});
    segment_has_span_ = true;
  }
  epoch_->folder.SetLastBytes(segment_->bytes_written());
  epoch_->folder.segments().back().last_position =
      shape.form == BlockShape::Form::kItems ? key.position + shape.count - 1 : key.position;
  return absl::OkStatus();
}

absl::Status EpochWriter::OpenSegment(BlockKey first) {
  absl::StatusOr<std::unique_ptr<Segment>> made =
      Segment::Create(epoch_->folder.env(), epoch_->folder.path(), epoch_->folder.epoch(),
                      last_segment_number_ + 1, first, epoch_key_);
  if (!made.ok()) return made.status();
  segment_ = *std::move(made);
  segment_has_span_ = false;
  ++last_segment_number_;
  lock_->Touch();
  return absl::OkStatus();
}

void EpochWriter::CloseSegment() {
  assert(segment_has_span_);
  const SegmentSpan& span = epoch_->folder.segments().back();
  if (BlockKey{read_back_from_, 0} >= span.first && read_back_from_ <= span.last_position) {
    reader_.Adopt(std::move(segment_));
  }
  segment_.reset();
  segment_has_span_ = false;
}

absl::Status EpochWriter::Fail(absl::Status status) {
  failure_ = status;
  return status;
}

absl::StatusOr<StagedBlock> EpochWriter::Read(std::uint64_t position) {
  if (position == 0 || position > staged_position_) {
    return absl::OutOfRangeError(absl::StrCat(
        "staging: position ", position, " is not staged; the last one is ", staged_position_));
  }
  return reader_.Read(position, segment_.get());
}

void EpochWriter::ReadBackFrom(std::uint64_t position) {
  read_back_from_ = position;
  if (position == kNoReadBack) reader_.Close();
  SetDroppable();
}

void EpochWriter::ConfirmSent(std::uint64_t position) {
  sent_position_ = std::max(sent_position_, position);
  SetDroppable();
}

void EpochWriter::SetDroppable() {
  const std::uint64_t read = read_back_from_ == 0 ? 0 : read_back_from_ - 1;
  epoch_->droppable_through = std::min({sent_position_, staged_position_, read});
}

}  // namespace tributary
