#include "worker/encoder/slice_writer.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tributary {
namespace {

constexpr char kRecordsTag = 0x32;     // UpdateResponse.records
constexpr char kRecordTag = 0x0a;      // Records.records
constexpr char kSchemaNameTag = 0x0a;  // Record.schema_name
constexpr char kTableNameTag = 0x12;   // Record.table_name
constexpr char kEntryTag = 0x22;       // Record.data
constexpr char kKeyTag = 0x0a;         // map entry's key
constexpr char kValueTag = 0x12;       // map entry's value
// What the heap may keep between large rows.
constexpr std::size_t kKeptHeapBytes = 4 * limits::kMiB;

void AppendVarint(std::string& out, std::uint64_t value) {
  char bytes[kMaxVarintBytes];
  out.append(bytes, PutVarint(bytes, value));
}

void AppendText(std::string& out, char tag, std::string_view text) {
  out.push_back(tag);
  AppendVarint(out, text.size());
  out.append(text);
}

std::string RecordHead(std::string_view schema, std::string_view table) {
  std::string head;
  AppendText(head, kSchemaNameTag, schema);
  AppendText(head, kTableNameTag, table);
  return head;
}

// The keys of map entries, as they stand in them: key tag, length, name, value tag.
std::vector<std::string> EntryKeys(const std::vector<std::string>& columns) {
  std::vector<std::string> keys;
  for (const std::string& column : columns) {
    std::string& key = keys.emplace_back();
    AppendText(key, kKeyTag, column);
    key.push_back(kValueTag);
  }
  return keys;
}

}  // namespace

SliceWriter::SliceWriter(RingProducer& ring, std::uint32_t assignment, std::string_view schema,
                         std::string_view table, const std::vector<std::string>& columns)
    : SliceWriter(ring, assignment, RecordHead(schema, table), EntryKeys(columns)) {}

SliceWriter::SliceWriter(RingProducer& ring, std::uint32_t assignment, std::string record_head,
                         const std::vector<std::string>& keys)
    : ring_(ring),
      assignment_(assignment),
      record_head_(std::move(record_head)),
      compact_(record_head_, keys) {
  for (const std::string& key : keys) {
    prefix_bytes_.push_back(kEntryTag);
    prefix_bytes_.push_back('\0');
    prefix_bytes_.append(key);
    prefixes_.push_back({nullptr, kEntryHeadBytes + key.size()});
  }
  prefix_bytes_.append(kPieceBytes, '\0');
  const char* at = prefix_bytes_.data();
  for (Prefix& prefix : prefixes_) {
    prefix.bytes = at;
    at += prefix.size;
  }
}

void SliceWriter::BeginRow() {
  if (batch_ == nullptr) OpenBatch();
  compact_.BeginRow();
  on_heap_ = false;
  oversized_ = false;
  row_ = at_ = rows_end_ + 1 + length_bytes_;
  limit_ = batch_ + limits::kMaxFramePayloadBytes;
  if (limit_ - at_ < static_cast<std::ptrdiff_t>(record_head_.size() + kEntryOverheadBytes)) {
    Grow(record_head_.size() + kEntryOverheadBytes);
  }
  std::memcpy(at_, record_head_.data(), record_head_.size());
  at_ += record_head_.size();
}

void SliceWriter::DropRow() {
  if (on_heap_ && heap_.size() > kKeptHeapBytes) std::string().swap(heap_);
  on_heap_ = false;
}

void SliceWriter::EndRow() {
  // A value may be too large before anything of the row has come to the heap.
  if (on_heap_ || oversized_) {
    AddHeapRow();
    DropRow();
    return;
  }
  const auto record_bytes = static_cast<std::size_t>(at_ - row_);
  const std::size_t length_bytes = VarintBytes(record_bytes);
  if (length_bytes != length_bytes_) {
    // The guess was wrong; the slack of kEntryOverheadBytes leaves room to shift.
    char* const row = rows_end_ + 1 + length_bytes;
    std::memmove(row, row_, record_bytes);
    row_ = row;
    length_bytes_ = length_bytes;
  }
  *rows_end_ = kRecordTag;
  PutVarint(rows_end_ + 1, record_bytes);
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

void SliceWriter::Time(std::size_t column, Tag tag, std::int64_t seconds, std::int32_t nanos) {
  const auto second_bits = static_cast<std::uint64_t>(seconds);
  const auto nano_bits = static_cast<std::uint64_t>(nanos);
  const std::size_t second_bytes = seconds == 0 ? 0 : 1 + VarintBytes(second_bits);
  const std::size_t nano_bytes = nanos == 0 ? 0 : 1 + VarintBytes(nano_bits);
  Field(column, tag, 1 + second_bytes + nano_bytes, [=](char* at) {
    *at++ = static_cast<char>(second_bytes + nano_bytes);
    if (seconds != 0) {
      *at++ = 0x08;  // Timestamp.seconds
      at = PutVarint(at, second_bits);
    }
    if (nanos != 0) {
      *at++ = 0x10;  // Timestamp.nanos
      at = PutVarint(at, nano_bits);
    }
    return at;
  });
}

char* SliceWriter::LongEntry(const Prefix& prefix, std::size_t field_bytes) {
  const std::size_t key_bytes = prefix.size - kEntryHeadBytes;
  char* at = at_;
  *at++ = kEntryTag;
  at = PutVarint(at, key_bytes + VarintBytes(field_bytes) + field_bytes);
  std::memcpy(at, prefix.bytes + kEntryHeadBytes, key_bytes);
  return PutVarint(at + key_bytes, field_bytes);
}

bool SliceWriter::Grow(std::size_t more) {
  if (oversized_) return false;
  const auto used = static_cast<std::size_t>(at_ - row_);
  // `more` has slack in it; what is really too much is found when the row ends.
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

void SliceWriter::OpenBatch(bool with_row) {
  batch_ = ring_.Reserve(limits::kMaxFramePayloadBytes);
  compact_.NextBatch(with_row);
  rows_end_ = batch_ + kBatchHeadBytes;
  records_ = 0;
}

void SliceWriter::CloseBatch(const char* end) {
  char* const rows = batch_ + kBatchHeadBytes;
  const auto rows_bytes = static_cast<std::size_t>(end - rows);
  const std::size_t head_bytes = 1 + VarintBytes(rows_bytes);
  char* const head = rows - head_bytes;
  *head = kRecordsTag;
  PutVarint(head + 1, rows_bytes);
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

void SliceWriter::AddHeapRow() {
  const auto record_bytes = static_cast<std::size_t>(at_ - row_);
  const std::size_t framed_bytes = 1 + VarintBytes(record_bytes) + record_bytes;
  if (oversized_ || framed_bytes + kBatchHeadBytes > limits::kMaxMessageBytes) {
    ++oversized_rows_;
    return;
  }
  if (records_ > 0) CloseBatch(rows_end_);
  ++rows_;
  if (framed_bytes + kBatchHeadBytes > limits::kMaxFramePayloadBytes) {
    SendInParts(record_bytes);
    return;
  }
  OpenBatch();
  *rows_end_ = kRecordTag;
  char* const row = PutVarint(rows_end_ + 1, record_bytes);
  std::memcpy(row, row_, record_bytes);
  records_ = 1;
  CloseBatch(row + record_bytes);
}

void SliceWriter::SendInParts(std::size_t record_bytes) {
  std::string part;
  part.push_back(kRecordsTag);
  AppendVarint(part, 1 + VarintBytes(record_bytes) + record_bytes);
  part.push_back(kRecordTag);
  AppendVarint(part, record_bytes);
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

void SliceWriter::Open(std::string_view version) {
  Opened opened;
  opened.set_content(version.data(), version.size());
  ring_.Send(FrameType::kOpened, assignment_, opened.SerializeAsString());
}

void SliceWriter::Mark(std::string_view at, std::string_view /*version*/,
                       const std::vector<ColumnRemark>& remarks) {
  if (records_ > 0) CloseBatch(rows_end_);
  batch_ = nullptr;
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
