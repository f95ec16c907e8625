// Turns the rows of one read assignment into batches: finished wire bytes of
// fivetran_sdk.v2.UpdateResponse, written straight into the worker's ring.
//
// There are no message objects on this path. For each column the map entry's key
// field and the value's tag are laid out once; a row costs one bounded copy and
// one value for each column. What is written here is checked in the tests against
// protobuf's own parser for every value type.
//
// A batch closes at 100 records, or before a row that would take it over 1 MiB.
// A row that does not fit a frame is gathered on the heap and sent in parts; one
// over 128 MiB cannot be sent at all and is counted in oversized_rows().
//
//   writer.BeginRow();
//   writer.Long(0, 42);
//   writer.String(1, "text");
//   writer.EndRow();
//
// Each column of a row is written exactly once, in any order. A row that turns
// out not to fit its columns' types is taken back with DropRow.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_ENCODER_SLICE_WRITER_H_
#define TRIBUTARY_WORKER_ENCODER_SLICE_WRITER_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.h"
#include "worker/encoder/ring_producer.h"

namespace tributary {

class SliceWriter {
 public:
  // `columns` are the names in the order of the value calls' `column`.
  SliceWriter(RingProducer& ring, std::uint32_t assignment, std::string_view schema,
              std::string_view table, const std::vector<std::string>& columns);
  SliceWriter(const SliceWriter&) = delete;
  SliceWriter& operator=(const SliceWriter&) = delete;

  void BeginRow();
  void EndRow();
  void DropRow();

  void Null(std::size_t column) { Varint(column, kNull, 1); }
  void Bool(std::size_t column, bool value) { Varint(column, kBool, value ? 1 : 0); }
  void Short(std::size_t column, std::int32_t value) { Signed(column, kShort, value); }
  void Int(std::size_t column, std::int32_t value) { Signed(column, kInt, value); }
  void Long(std::size_t column, std::int64_t value) { Signed(column, kLong, value); }
  void Float(std::size_t column, float value) {
    Fixed(column, kFloat, std::bit_cast<std::uint32_t>(value));
  }
  void Double(std::size_t column, double value) {
    Fixed(column, kDouble, std::bit_cast<std::uint64_t>(value));
  }
  // Seconds since 1970-01-01T00:00:00 and 0 to 999,999,999 nanoseconds; a naive
  // time is taken as if in UTC, a date at midnight.
  void NaiveDate(std::size_t column, std::int64_t seconds) { Time(column, kNaiveDate, seconds, 0); }
  void NaiveDatetime(std::size_t column, std::int64_t seconds, std::int32_t nanos) {
    Time(column, kNaiveDatetime, seconds, nanos);
  }
  void UtcDatetime(std::size_t column, std::int64_t seconds, std::int32_t nanos) {
    Time(column, kUtcDatetime, seconds, nanos);
  }
  void Decimal(std::size_t column, std::string_view digits) { Bytes(column, kDecimal, digits); }
  void Binary(std::size_t column, std::string_view bytes) { Bytes(column, kBinary, bytes); }
  // The texts are valid UTF-8.
  void String(std::size_t column, std::string_view text) { Bytes(column, kString, text); }
  void Json(std::size_t column, std::string_view text) { Bytes(column, kJson, text); }
  void Xml(std::size_t column, std::string_view text) { Bytes(column, kXml, text); }

  // Says which version the slice's transaction reads; before the first row.
  void Open(std::string_view version);
  // Says that all rows before bound `at` have been written. `version`: what the
  // slice's transaction reads.
  void Mark(std::string_view at, std::string_view version);
  // Whether enough was written since the last mark for another one.
  bool MarkDue() const { return bytes_since_mark_ >= kMarkEveryBytes; }
  // Whether the supervisor wants the assignment to stop at a mark.
  bool PauseWanted() const { return ring_.PauseWanted(assignment_); }

  std::uint64_t rows() const { return rows_; }
  std::uint64_t oversized_rows() const { return oversized_rows_; }

 private:
  // Tags of ValueType's fields: number * 8 + wire type.
  enum Tag : unsigned char {
    kNull = 0x08,
    kBool = 0x10,
    kShort = 0x18,
    kInt = 0x20,
    kLong = 0x28,
    kFloat = 0x35,
    kDouble = 0x39,
    kNaiveDate = 0x42,
    kNaiveDatetime = 0x4a,
    kUtcDatetime = 0x52,
    kDecimal = 0x5a,
    kBinary = 0x62,
    kString = 0x6a,
    kJson = 0x72,
    kXml = 0x7a,
  };
  static constexpr std::size_t kMarkEveryBytes = limits::kMiB;

  // A column's key as it stands in a map entry: key tag, length, name, value tag.
  struct Key {
    std::string bytes;
  };

  static std::size_t VarintBytes(std::uint64_t value) {
    return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
  }
  static char* PutVarint(char* at, std::uint64_t value) {
    while (value >= 0x80) {
      *at++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *at++ = static_cast<char>(value);
    return at;
  }

  // Writes a map entry up to the value's tag, with room for the value, and gives
  // the place behind the tag. `value_bytes` counts tag and content. Null where
  // the row has grown past what can be sent.
  char* Entry(std::size_t column, Tag tag, std::size_t value_bytes) {
    const std::string& key = keys_[column].bytes;
    if (static_cast<std::size_t>(limit_ - at_) < key.size() + value_bytes + kEntryOverheadBytes) {
      if (!Grow(key.size() + value_bytes + kEntryOverheadBytes)) return nullptr;
    }
    char* at = at_;
    *at++ = 0x22;  // Record.data, length-delimited
    at = PutVarint(at, key.size() + VarintBytes(value_bytes) + value_bytes);
    std::memcpy(at, key.data(), key.size());
    at = PutVarint(at + key.size(), value_bytes);
    *at++ = static_cast<char>(tag);
    return at;
  }
  void Varint(std::size_t column, Tag tag, std::uint64_t value) {
    char* at = Entry(column, tag, 1 + VarintBytes(value));
    if (at != nullptr) at_ = PutVarint(at, value);
  }
  // A negative int32 travels sign-extended, as protobuf has it.
  void Signed(std::size_t column, Tag tag, std::int64_t value) {
    Varint(column, tag, static_cast<std::uint64_t>(value));
  }
  template <typename Bits>
  void Fixed(std::size_t column, Tag tag, Bits bits) {
    static_assert(std::endian::native == std::endian::little);
    char* at = Entry(column, tag, 1 + sizeof(bits));
    if (at == nullptr) return;
    std::memcpy(at, &bits, sizeof(bits));
    at_ = at + sizeof(bits);
  }
  void Bytes(std::size_t column, Tag tag, std::string_view bytes) {
    char* at = Entry(column, tag, 1 + VarintBytes(bytes.size()) + bytes.size());
    if (at == nullptr) return;
    at = PutVarint(at, bytes.size());
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    at_ = at + bytes.size();
  }
  void Time(std::size_t column, Tag tag, std::int64_t seconds, std::int32_t nanos);

  bool Grow(std::size_t more);
  void OpenBatch();
  void CloseBatch(const char* end);
  void AddHeapRow();
  void SendInParts(std::size_t record_bytes);

  // Entry tag, two lengths and the value's tag, at their longest.
  static constexpr std::size_t kEntryOverheadBytes = 32;
  // UpdateResponse.records' tag and length at their longest, before a batch.
  static constexpr std::size_t kBatchHeadBytes = 8;

  RingProducer& ring_;
  std::uint32_t assignment_;
  std::vector<Key> keys_;
  // Record.schema_name and Record.table_name; the type UPSERT is the default.
  std::string record_head_;

  // The open reservation: its start (null: none), and the end of finished rows.
  char* batch_ = nullptr;
  char* rows_end_ = nullptr;
  std::uint32_t records_ = 0;

  // The open row: where its record's content starts, where the next byte goes,
  // and where space ends. In the reservation or, once it has outgrown it, in heap_.
  char* row_ = nullptr;
  char* at_ = nullptr;
  char* limit_ = nullptr;
  std::string heap_;
  bool on_heap_ = false;
  bool oversized_ = false;
  // Bytes of the last record's length, which the next one's is guessed to have.
  std::size_t length_bytes_ = 2;

  std::size_t bytes_since_mark_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t oversized_rows_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_SLICE_WRITER_H_
