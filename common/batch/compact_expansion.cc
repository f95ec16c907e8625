#include "common/batch/compact_expansion.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/batch/wire.h"
#include "common/limits.h"

namespace tributary {
namespace {

absl::Status Damaged(const char* how) {
  return absl::DataLossError(absl::StrCat("expand batch: its compact form ", how));
}

// Takes bytes from the front of the remaining input.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::optional<std::string_view> Take(std::size_t count) {
    if (count > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::optional<std::uint32_t> TakeSize() {
    static_assert(std::endian::native == std::endian::little);
    std::uint32_t size = 0;
    const auto taken = Take(sizeof(size));
    if (!taken) return std::nullopt;
    std::memcpy(&size, taken->data(), sizeof(size));
    return size;
  }
  // A size and that many bytes.
  std::optional<std::string_view> TakeSized() {
    const auto size = TakeSize();
    return size ? Take(*size) : std::nullopt;
  }
  // The bytes of the field that comes next; 0 where there is none.
  std::size_t FieldBytes() const {
    const std::size_t tag = VarintLength(0);
    if (tag == 0) return 0;
    std::size_t content = 0;
    switch (static_cast<unsigned char>(rest_[0]) & wire::kTypeBits) {
      case wire::kVarint:
        content = VarintLength(tag);
        break;
      case wire::kFixed64:
        content = sizeof(std::uint64_t);
        break;
      case wire::kDelimited:
        content = DelimitedLength(tag);
        break;
      case wire::kFixed32:
        content = sizeof(std::uint32_t);
        break;
      default:
        break;
    }
    return content == 0 || content > rest_.size() - tag ? 0 : tag + content;
  }

 private:
  // Size of the varint at `at`; 0 if it has no end.
  std::size_t VarintLength(std::size_t at) const {
    for (std::size_t i = at; i < rest_.size() && i - at < wire::kMaxVarintBytes; ++i) {
      if ((static_cast<unsigned char>(rest_[i]) & wire::kVarintGoesOn) == 0) return i - at + 1;
    }
    return 0;
  }
  std::size_t DelimitedLength(std::size_t at) const {
    const std::size_t head = VarintLength(at);
    // Longer lengths cannot be in a batch.
    if (head == 0 || head > 4) return 0;
    std::size_t length = 0;
    for (std::size_t i = 0; i < head; ++i) {
      length |= static_cast<std::size_t>(static_cast<unsigned char>(rest_[at + i]) & 0x7f)
                << (7 * i);
    }
    return head + length;
  }

  std::string_view rest_;
};

// What all rows of a batch have in common.
struct Template {
  std::string_view head;
  std::vector<std::string_view> keys;
};

std::optional<Template> TakeTemplate(Bytes& bytes) {
  const auto columns = bytes.TakeSize();
  const auto head = bytes.TakeSized();
  if (!columns || !head) return std::nullopt;
  Template shape;
  shape.head = *head;
  for (std::uint32_t column = 0; column < *columns; ++column) {
    const auto key = bytes.TakeSized();
    if (!key) return std::nullopt;
    shape.keys.push_back(*key);
  }
  return shape;
}

// Writes, and never past the end of the batch's buffer.
class Output {
 public:
  Output(char* at, std::size_t bytes) : at_(at), end_(at + bytes) {}

  std::size_t room() const { return static_cast<std::size_t>(end_ - at_); }
  void Byte(char byte) { *at_++ = byte; }
  void Varint(std::uint64_t value) { at_ = wire::PutVarint(at_, value); }
  void Put(std::string_view bytes) {
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

 private:
  char* at_;
  char* end_;
};

std::size_t EntryBytes(std::string_view key, std::size_t value_bytes) {
  return key.size() + wire::VarintBytes(value_bytes) + value_bytes;
}

// One record; `values` is room for the sizes of its values.
absl::Status ExpandRow(const Template& shape, Bytes& rows, std::vector<std::size_t>& values,
                       Output& out) {
  Bytes ahead = rows;
  std::size_t record_bytes = shape.head.size();
  for (std::size_t column = 0; column < shape.keys.size(); ++column) {
    const std::size_t value_bytes = ahead.FieldBytes();
    if (value_bytes == 0) return Damaged("holds a value that is no field");
    (void)ahead.Take(value_bytes);
    values[column] = value_bytes;
    const std::size_t entry_bytes = EntryBytes(shape.keys[column], value_bytes);
    record_bytes += 1 + wire::VarintBytes(entry_bytes) + entry_bytes;
  }
  if (1 + wire::VarintBytes(record_bytes) + record_bytes > out.room()) {
    return Damaged("expands to more than it states");
  }
  out.Byte(wire::kRecordTag);
  out.Varint(record_bytes);
  out.Put(shape.head);
  for (std::size_t column = 0; column < shape.keys.size(); ++column) {
    out.Byte(wire::kEntryTag);
    out.Varint(EntryBytes(shape.keys[column], values[column]));
    out.Put(shape.keys[column]);
    out.Varint(values[column]);
    out.Put(*rows.Take(values[column]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::size_t> ExpandedBytes(std::string_view compact) {
  const auto records_bytes = Bytes(compact).TakeSize();
  if (!records_bytes || *records_bytes > limits::kMaxFramePayloadBytes) {
    return Damaged("states an impossible size");
  }
  return 1 + wire::VarintBytes(*records_bytes) + *records_bytes;
}

absl::Status ExpandCompactBatch(std::string_view compact, char* batch) {
  const absl::StatusOr<std::size_t> size = ExpandedBytes(compact);
  if (!size.ok()) return size.status();
  Bytes bytes(compact);
  const std::uint32_t records_bytes = *bytes.TakeSize();
  const auto shape = TakeTemplate(bytes);
  if (!shape || shape->keys.empty()) return Damaged("has no template");

  Output out(batch, *size);
  out.Byte(wire::kRecordsTag);
  out.Varint(records_bytes);
  std::vector<std::size_t> values(shape->keys.size());
  while (!bytes.empty()) {
    const absl::Status expanded = ExpandRow(*shape, bytes, values, out);
    if (!expanded.ok()) return expanded;
  }
  return out.room() == 0 ? absl::OkStatus() : Damaged("expands to less than it states");
}

}  // namespace tributary
