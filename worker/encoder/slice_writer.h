// Turns the rows of one read assignment into batches: finished wire bytes of
// fivetran_sdk.v2.UpdateResponse, written straight into the worker's ring.
//
// There are no message objects on this path. For each column the beginning of its
// map entries is laid out once; a row costs one bounded copy and one value for each
// column. What is written here is checked in the tests against
// protobuf's own parser for every value type.
//
// A batch closes at 100 records, or before a row that would take it over 1 MiB.
// A row that does not fit a frame is gathered on the heap and sent in parts; one
// over 128 MiB cannot be sent at all and is counted; the next mark tells of it.
//
//   writer.BeginRow();
//   writer.Long(0, 42);
//   writer.String(1, "text");
//   writer.EndRow();
//
// Each column of a row is written exactly once, in any order; only in the columns'
// own order does a batch get its compact form (compact_form.h). A row that turns out
// not to fit its columns' types is taken back with DropRow.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_ENCODER_SLICE_WRITER_H_
#define TRIBUTARY_WORKER_ENCODER_SLICE_WRITER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/limits.h"
#include "common/varint.h"
#include "proto/worker.pb.h"
#include "worker/encoder/compact_form.h"
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
  // slice's transaction reads. `remarks`: what there is to say of the rows since the
  // last mark; those that were left out are added here.
  void Mark(std::string_view at, std::string_view version,
            const std::vector<ColumnRemark>& remarks = {});
  // A row that the engine itself could not load, because it is too large.
  void LeaveOutRow() { ++oversized_rows_; }
  // Whether enough was written since the last mark for another one.
  bool MarkDue() const { return bytes_since_mark_ >= kMarkEveryBytes; }
  // Whether the supervisor wants the assignment to stop at a mark.
  bool PauseWanted() const { return ring_.PauseWanted(assignment_); }

  std::uint64_t rows() const { return rows_; }
  std::uint64_t oversized_rows() const { return oversized_rows_; }

 private:
  SliceWriter(RingProducer& ring, std::uint32_t assignment, std::string record_head,
              const std::vector<std::string>& keys);

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

  // What of a column's map entries is the same in each: entry tag, a byte for the
  // entry's length, key tag, length, name, value tag.
  struct Prefix {
    const char* bytes = nullptr;
    std::size_t size = 0;
  };
  // The entry's tag and length, which the key follows.
  static constexpr std::size_t kEntryHeadBytes = 2;
  static constexpr std::uint64_t kOneByteVarint = 0x80;

  // Writes a map entry up to the value's field, with room for that, and gives the
  // field's place; its tag is written. `field_bytes` counts tag and content. Null
  // where the row has grown past what can be sent.
  char* Entry(std::size_t column, Tag tag, std::size_t field_bytes) {
    const Prefix prefix = prefixes_[column];
    const std::size_t needed = prefix.size + field_bytes + kEntryOverheadBytes;
    if (static_cast<std::size_t>(limit_ - at_) < needed && !Grow(needed)) return nullptr;
    char* at = at_;
    const std::size_t entry_bytes = prefix.size - kEntryHeadBytes + 1 + field_bytes;
    if (entry_bytes < kOneByteVarint) {
      // Both lengths take one byte. Pieces of a fixed length need no call; what is
      // too much is written over.
      for (std::size_t done = 0; done < prefix.size; done += kPieceBytes) {
        std::memcpy(at + done, prefix.bytes + done, kPieceBytes);
      }
      at[1] = static_cast<char>(entry_bytes);
      at += prefix.size;
      *at++ = static_cast<char>(field_bytes);
    } else {
      at = LongEntry(prefix, field_bytes);
    }
    *at = static_cast<char>(tag);
    return at;
  }
  char* LongEntry(const Prefix& prefix, std::size_t field_bytes);
  // Writes a value's entry, and its field to the compact form. `put` writes the
  // content to a place and gives the one behind. It is called for both, since to
  // copy what has just been written in small pieces is to wait for them.
  template <typename Put>
  void Field(std::size_t column, Tag tag, std::size_t content_bytes, const Put& put) {
    char* const entry = Entry(column, tag, 1 + content_bytes);
    if (entry == nullptr) return;
    at_ = put(entry + 1);
    char* const compact = compact_.Field(column, 1 + content_bytes);
    if (compact == nullptr) return;
    *compact = static_cast<char>(tag);
    put(compact + 1);
  }
  void Varint(std::size_t column, Tag tag, std::uint64_t value) {
    Field(column, tag, VarintBytes(value), [value](char* at) { return PutVarint(at, value); });
  }
  // A negative int32 travels sign-extended, as protobuf has it.
  void Signed(std::size_t column, Tag tag, std::int64_t value) {
    Varint(column, tag, static_cast<std::uint64_t>(value));
  }
  template <typename Bits>
  void Fixed(std::size_t column, Tag tag, Bits bits) {
    static_assert(std::endian::native == std::endian::little);
    Field(column, tag, sizeof(bits), [bits](char* at) {
      std::memcpy(at, &bits, sizeof(bits));
      return at + sizeof(bits);
    });
  }
  void Bytes(std::size_t column, Tag tag, std::string_view bytes) {
    Field(column, tag, VarintBytes(bytes.size()) + bytes.size(), [bytes](char* at) {
      at = PutVarint(at, bytes.size());
      CopyBytes(at, bytes);
      return at + bytes.size();
    });
  }
  // Most texts are short; a call for each would cost more than the copy.
  static void CopyBytes(char* to, std::string_view bytes) {
    constexpr std::size_t kHalf = sizeof(std::uint64_t);
    const std::size_t size = bytes.size();
    if (size >= kHalf && size <= 2 * kHalf) {
      std::memcpy(to, bytes.data(), kHalf);
      std::memcpy(to + size - kHalf, bytes.data() + size - kHalf, kHalf);
    } else if (size > 2 * kHalf && size <= 4 * kHalf) {
      std::memcpy(to, bytes.data(), 2 * kHalf);
      std::memcpy(to + size - 2 * kHalf, bytes.data() + size - 2 * kHalf, 2 * kHalf);
    } else if (size > 0) {
      std::memcpy(to, bytes.data(), size);
    }
  }
  void Time(std::size_t column, Tag tag, std::int64_t seconds, std::int32_t nanos);

  bool Grow(std::size_t more);
  // `with_row`: the row that is open goes to the new batch.
  void OpenBatch(bool with_row = false);
  void CloseBatch(const char* end);
  void AddHeapRow();
  void SendInParts(std::size_t record_bytes);

  // In such pieces a prefix is copied.
  static constexpr std::size_t kPieceBytes = 32;
  // Entry tag, two lengths and the value's tag at their longest, and what is
  // written too much.
  static constexpr std::size_t kEntryOverheadBytes = 64;
  // UpdateResponse.records' tag and length at their longest, before a batch.
  static constexpr std::size_t kBatchHeadBytes = 8;

  RingProducer& ring_;
  std::uint32_t assignment_;
  // Behind all of them kPieceBytes may be read.
  std::string prefix_bytes_;
  std::vector<Prefix> prefixes_;
  // Record.schema_name and Record.table_name; the type UPSERT is the default.
  std::string record_head_;
  CompactForm compact_;

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
  // Those of them that a mark has told of.
  std::uint64_t told_oversized_rows_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_SLICE_WRITER_H_
