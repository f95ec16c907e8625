#include "tests/sync_tester/wire_count.h"

#include <algorithm>

namespace tributary::tester {

namespace {

constexpr std::uint64_t kLengthDelimited = 2;
constexpr std::uint64_t kRecordTag = (1 << 3) | kLengthDelimited;

// Reads across the pieces without joining them.
class PieceReader {
 public:
  explicit PieceReader(absl::Span<const std::string_view> pieces) : pieces_(pieces) {
    for (const std::string_view piece : pieces_) left_ += piece.size();
    SkipEmpty();
  }

  std::uint64_t left() const { return left_; }

  std::optional<std::uint64_t> Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (left_ == 0) return std::nullopt;
      const auto byte = static_cast<unsigned char>(pieces_[piece_][at_]);
      Advance(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  bool Skip(std::uint64_t count) {
    if (count > left_) return false;
    while (count > 0) {
      const std::uint64_t step = std::min<std::uint64_t>(count, pieces_[piece_].size() - at_);
      Advance(step);
      count -= step;
    }
    return true;
  }

 private:
  void Advance(std::uint64_t count) {
    at_ += count;
    left_ -= count;
    SkipEmpty();
  }

  void SkipEmpty() {
    while (piece_ < pieces_.size() && at_ == pieces_[piece_].size()) {
      ++piece_;
      at_ = 0;
    }
  }

  absl::Span<const std::string_view> pieces_;
  std::size_t piece_ = 0;
  std::size_t at_ = 0;
  std::uint64_t left_ = 0;
};

// A field of a message: its tag, and its length, since all our fields are length-delimited.
struct Field {
  std::uint64_t tag;
  std::uint64_t length;
};

std::optional<Field> ReadField(PieceReader& reader) {
  const std::optional<std::uint64_t> tag = reader.Varint();
  if (!tag || (*tag & 7) != kLengthDelimited) return std::nullopt;
  const std::optional<std::uint64_t> length = reader.Varint();
  if (!length || *length > reader.left()) return std::nullopt;
  return Field{*tag, *length};
}

}  // namespace

std::optional<WireCount> CountWire(absl::Span<const std::string_view> pieces) {
  PieceReader reader(pieces);
  WireCount count;
  while (reader.left() > 0) {
    const std::optional<Field> field = ReadField(reader);
    if (!field || field->tag >> 3 > static_cast<std::uint64_t>(WireOperation::kRecords)) {
      return std::nullopt;
    }
    count.operation = static_cast<WireOperation>(field->tag >> 3);
    if (count.operation != WireOperation::kRecords) {
      if (count.operation == WireOperation::kRecord) ++count.records;
      if (!reader.Skip(field->length)) return std::nullopt;
      continue;
    }
    const std::uint64_t end = reader.left() - field->length;
    while (reader.left() > end) {
      const std::optional<Field> record = ReadField(reader);
      if (!record || record->tag != kRecordTag || reader.left() < end ||
          record->length > reader.left() - end) {
        return std::nullopt;
      }
      reader.Skip(record->length);
      ++count.records;
    }
    if (reader.left() != end) return std::nullopt;
  }
  return count;
}

}  // namespace tributary::tester
