#include "worker/encoder/batch_writer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tributary {
namespace {

namespace sdk = fivetran_sdk::v2;

// Heap capacity that may be kept between large rows.
constexpr std::size_t kKeptHeapBytes = 4 * limits::kMiB;

void AppendField(std::string& out, char tag, std::size_t content_bytes) {
  char length[wire::kMaxVarintBytes];
  out.push_back(tag);
  out.append(length, wire::PutVarint(length, content_bytes));
}

}  // namespace

void BatchWriter::BeginRow(const TableShape& shape, RecordType operation) {
  if (batch_ == nullptr) OpenBatch();
  prefixes_ = shape.prefixes();
  shape_ = &shape;
  if (operation == sdk::UPSERT) {
    compact_.BeginRow(shape.compact_template());
  } else {
    compact_.BeginForeignRow();
  }
  on_heap_ = false;
  oversized_ = false;
  row_ = at_ = rows_end_ + 1 + length_bytes_;
  limit_ = batch_ + limits::kMaxFramePayloadBytes;
  const std::string_view head = shape.head(operation);
  if (limit_ - at_ < static_cast<std::ptrdiff_t>(head.size() + kEntryOverheadBytes)) {
    Grow(head.size() + kEntryOverheadBytes);
  }
  std::memcpy(at_, head.data(), head.size());
  at_ += head.size();
  judged_from_ = judge_ != nullptr && operation == sdk::UPSERT ? head.size() : 0;
}

void BatchWriter::DropRow() {
  if (on_heap_ && heap_.size() > kKeptHeapBytes) std::string().swap(heap_);
  on_heap_ = false;
}

bool BatchWriter::TooLarge() const {
  const auto record_bytes = static_cast<std::size_t>(at_ - row_);
  const std::size_t framed_bytes = 1 + wire::VarintBytes(record_bytes) + record_bytes;
  return oversized_ || framed_bytes + kBatchHeadBytes > limits::kMaxMessageBytes;
}

bool BatchWriter::KeepsRow() {
  if (judged_from_ == 0 || TooLarge()) return true;
  const char* const entries = row_ + judged_from_;
  return judge_->Keep(*shape_, {entries, static_cast<std::size_t>(at_ - entries)});
}

void BatchWriter::EndRow() {
  kept_row_ = KeepsRow();
  if (!kept_row_) {
    DropRow();
    return;
  }
  // A value may be too large before any part of the row is on the heap.
  if (on_heap_ || oversized_) {
    AddHeapRow();
    DropRow();
    return;
  }
  const auto record_bytes = static_cast<std::size_t>(at_ - row_);
  const std::size_t length_bytes = wire::VarintBytes(record_bytes);
  if (length_bytes != length_bytes_) {
    // The guessed length was wrong; the slack of kEntryOverheadBytes leaves room to shift.
    char* const row = rows_end_ + 1 + length_bytes;
    std::memmove(row, row_, record_bytes);
    row_ = row;
    length_bytes_ = length_bytes;
  }
  *rows_end_ = wire::kRecordTag;
  wire::PutVarint(rows_end_ + 1, record_bytes);
  char* const row_end = row_ + record_bytes;
  if (records_ > 0 && row_end - batch_ > static_cast<std::ptrdiff_t>(limits::kMaxBatchBytes)) {
    // The next reservation overlaps this row in the ring, under another address.
    const std::string row(rows_end_, row_end);
    CloseBatch(rows_end_);
    OpenBatch(/*with_row=*/true);
    std::memcpy(rows_end_, row.data(), row.size());
    rows_end_ += row.size();
  } else {
    rows_end_ = row_end;
  }
  compact_.KeepRow();
  ++rows_;
  if (++records_ == limits::kMaxRecordsInBatch) CloseBatch(rows_end_);
}

void BatchWriter::Time(std::size_t column, char tag, std::int64_t seconds, std::int32_t nanos) {
  const auto second_bits = static_cast<std::uint64_t>(seconds);
  const auto nano_bits = static_cast<std::uint64_t>(nanos);
  const std::size_t second_bytes = seconds == 0 ? 0 : 1 + wire::VarintBytes(second_bits);
  const std::size_t nano_bytes = nanos == 0 ? 0 : 1 + wire::VarintBytes(nano_bits);
  Field(column, tag, 1 + second_bytes + nano_bytes, [=](char* at) {
    *at++ = static_cast<char>(second_bytes + nano_bytes);
    if (seconds != 0) {
      *at++ = wire::kSecondsTag;
      at = wire::PutVarint(at, second_bits);
    }
    if (nanos != 0) {
      *at++ = wire::kNanosTag;
      at = wire::PutVarint(at, nano_bits);
    }
    return at;
  });
}

char* BatchWriter::LongEntry(const TableShape::Prefix& prefix, std::size_t field_bytes) {
  const std::size_t key_bytes = prefix.size - TableShape::kEntryHeadBytes;
  char* at = at_;
  *at++ = wire::kEntryTag;
  at = wire::PutVarint(at, key_bytes + wire::VarintBytes(field_bytes) + field_bytes);
  std::memcpy(at, prefix.bytes + TableShape::kEntryHeadBytes, key_bytes);
  return wire::PutVarint(at + key_bytes, field_bytes);
}

bool BatchWriter::Grow(std::size_t more) {
  if (oversized_) return false;
  const auto used = static_cast<std::size_t>(at_ - row_);
  // `more` includes slack; whether the row is really too large is checked when it ends.
  if (used + more > limits::kMaxMessageBytes + kEntryOverheadBytes) {
    oversized_ = true;
    return false;
  }
  const std::size_t wanted = std::max(2 * used, used + more + limits::kMaxBatchBytes);
  if (!on_heap_) {
    if (heap_.size() < wanted) heap_.resize(wanted);
    std::memcpy(heap_.data(), row_, used);
    on_heap_ = true;
  } else {
    heap_.resize(wanted);
  }
  row_ = heap_.data();
  at_ = row_ + used;
  limit_ = row_ + heap_.size();
  return true;
}

void BatchWriter::OpenBatch(bool with_row) {
  batch_ = ring_.Reserve(limits::kMaxFramePayloadBytes);
  compact_.NextBatch(with_row);
  rows_end_ = batch_ + kBatchHeadBytes;
  records_ = 0;
}

void BatchWriter::TellIntents() {
  if (judge_ != nullptr && judge_->has_intents()) judge_->TellIntents();
}

void BatchWriter::CloseBatch(const char* end) {
  char* rows = batch_ + kBatchHeadBytes;
  const auto rows_bytes = static_cast<std::size_t>(end - rows);
  if (judge_ != nullptr && judge_->has_intents()) {
    // Their frame replaces the batch that was begun.
    const std::string begun(rows, rows_bytes);
    judge_->TellIntents();
    batch_ = ring_.Reserve(limits::kMaxFramePayloadBytes);
    rows = batch_ + kBatchHeadBytes;
    std::memcpy(rows, begun.data(), rows_bytes);
  }
  const std::size_t head_bytes = 1 + wire::VarintBytes(rows_bytes);
  char* const head = rows - head_bytes;
  *head = wire::kRecordsTag;
  wire::PutVarint(head + 1, rows_bytes);
  const std::size_t compact_bytes = compact_.Bytes(rows_bytes);
  if (compact_bytes > 0) {
    ring_.Reserve(kBatchHeadBytes + rows_bytes + compact_bytes);
    compact_.Put(rows_bytes, rows + rows_bytes);
  }
  ring_.Publish(FrameType::kBatch, assignment_,
                {.skip = kBatchHeadBytes - head_bytes,
                 .payload_bytes = head_bytes + rows_bytes,
                 .compact_bytes = compact_bytes,
                 .records = records_});
  bytes_since_mark_ += rows_bytes;
  batch_ = nullptr;
  records_ = 0;
}

void BatchWriter::AddHeapRow() {
  const auto record_bytes = static_cast<std::size_t>(at_ - row_);
  const std::size_t framed_bytes = 1 + wire::VarintBytes(record_bytes) + record_bytes;
  if (TooLarge()) {
    ++oversized_rows_;
    return;
  }
  if (records_ > 0) CloseBatch(rows_end_);
  TellIntents();
  ++rows_;
  if (framed_bytes + kBatchHeadBytes > limits::kMaxFramePayloadBytes) {
    SendInParts(record_bytes);
    return;
  }
  OpenBatch();
  *rows_end_ = wire::kRecordTag;
  char* const row = wire::PutVarint(rows_end_ + 1, record_bytes);
  std::memcpy(row, row_, record_bytes);
  records_ = 1;
  CloseBatch(row + record_bytes);
}

void BatchWriter::SendInParts(std::size_t record_bytes) {
  std::string part;
  AppendField(part, wire::kRecordsTag, 1 + wire::VarintBytes(record_bytes) + record_bytes);
  AppendField(part, wire::kRecordTag, record_bytes);
  bytes_since_mark_ += part.size() + record_bytes;
  batch_ = nullptr;
  std::string_view rest(row_, record_bytes);
  while (part.size() + rest.size() > limits::kMaxFramePayloadBytes) {
    const std::size_t taken = limits::kMaxFramePayloadBytes - part.size();
    part.append(rest.substr(0, taken));
    rest.remove_prefix(taken);
    ring_.Send(FrameType::kPart, assignment_, part);
    part.clear();
  }
  part.append(rest);
  ring_.Send(FrameType::kBatch, assignment_, part, 1);
}

void BatchWriter::Truncate(const TableShape& shape) {
  const std::uint64_t rows = rows_;
  BeginRow(shape, sdk::TRUNCATE);
  EndRow();
  rows_ = rows;
}

void BatchWriter::Flush() {
  if (records_ > 0) CloseBatch(rows_end_);
  batch_ = nullptr;
}

void BatchWriter::Open(std::string_view version) {
  Opened opened;
  opened.set_content(version.data(), version.size());
  Open(opened);
}

void BatchWriter::Open(const Opened& opened) {
  Flush();
  ring_.Send(FrameType::kOpened, assignment_, opened.SerializeAsString());
}

void BatchWriter::Mark(std::string_view at, std::string_view /*version*/,
                       const std::vector<ColumnRemark>& remarks) {
  Flush();
  if (judge_ != nullptr) {
    judge_->BeforeMark(at);
    Flush();
  }
  tributary::Mark mark;
  mark.set_at(at.data(), at.size());
  mark.mutable_remarks()->Add(remarks.begin(), remarks.end());
  const std::uint64_t told = std::exchange(told_oversized_rows_, oversized_rows_);
  if (oversized_rows_ > told) {
    ColumnRemark& remark = *mark.add_remarks();
    remark.set_what(ColumnRemark::LEFT_OUT);
    remark.set_values(oversized_rows_ - told);
  }
  assert(mark.remarks_size() <= limits::kMaxRemarksInMark);
  ring_.Send(FrameType::kMark, assignment_, mark.SerializeAsString());
  bytes_since_mark_ = 0;
}

}  // namespace tributary
