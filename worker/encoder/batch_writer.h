// Writes batches: finished wire bytes of fivetran_sdk.v2.UpdateResponse, straight into
// the worker's ring. Rows may be of any tables, mixed row by row.
//
// There are no message objects on this path. The parts that are the same in all rows of a table are
// prepared once (table_shape.h); a row costs one bounded copy and one value for each column. The
// tests check the output with protobuf's own parser for every value type.
//
// A batch is closed at 100 records, or before a row that would make it larger than 1 MiB. A row
// that does not fit a frame is collected on the heap and sent in parts. A row over 128 MiB cannot
// be sent; it is counted, and the next mark reports it.
//
//   writer.BeginRow(orders);
//   writer.Long(0, 42);
//   writer.String(1, "text");
//   writer.EndRow();
//
// A column of a row is written at most once, in any order: an UPSERT has all columns,
// an UPDATE its key and what has changed, a DELETE its key. A batch gets its compact
// form (common/batch/compact_writer.h) only while all its rows are UPSERTs of one shape
// in the columns' own order. A row that does not fit its columns' types is removed with DropRow.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_ENCODER_BATCH_WRITER_H_
#define TRIBUTARY_WORKER_ENCODER_BATCH_WRITER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/batch/compact_writer.h"
#include "common/batch/wire.h"
#include "common/limits.h"
#include "proto/worker.pb.h"
#include "worker/encoder/ring_producer.h"
#include "worker/encoder/row_judge.h"
#include "worker/encoder/table_shape.h"

namespace tributary {

class BatchWriter {
 public:
  using RecordType = fivetran_sdk::v2::RecordType;

  BatchWriter(RingProducer& ring, std::uint32_t assignment)
      : ring_(ring), assignment_(assignment) {}
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;
  ~BatchWriter() { ring_.WhileFull(nullptr); }

  // The judge of each UPSERT of a table; outlives this writer. Called before the first row.
  void Judge(RowJudge* judge) { judge_ = judge; }

  // `operation`: any but TRUNCATE.
  void BeginRow(const TableShape& shape, RecordType operation = fivetran_sdk::v2::UPSERT);
  void EndRow();
  void DropRow();
  // A record that has no row. Between rows.
  void Truncate(const TableShape& shape);
  // Closes the open batch, if there is one. Called between rows, and before anything else is put
  // into the ring.
  void Flush();

  void Null(std::size_t column) { Varint(column, wire::kNullTag, 1); }
  void Bool(std::size_t column, bool value) { Varint(column, wire::kBoolTag, value ? 1 : 0); }
  void Short(std::size_t column, std::int32_t value) { Signed(column, wire::kShortTag, value); }
  void Int(std::size_t column, std::int32_t value) { Signed(column, wire::kIntTag, value); }
  void Long(std::size_t column, std::int64_t value) { Signed(column, wire::kLongTag, value); }
  void Float(std::size_t column, float value) {
    Fixed(column, wire::kFloatTag, std::bit_cast<std::uint32_t>(value));
  }
  void Double(std::size_t column, double value) {
    Fixed(column, wire::kDoubleTag, std::bit_cast<std::uint64_t>(value));
  }
  // Seconds since 1970-01-01T00:00:00 and 0 to 999,999,999 nanoseconds; a naive time is treated as
  // UTC, a date as midnight.
  void NaiveDate(std::size_t column, std::int64_t seconds) {
    Time(column, wire::kNaiveDateTag, seconds, 0);
  }
  void NaiveDatetime(std::size_t column, std::int64_t seconds, std::int32_t nanos) {
    Time(column, wire::kNaiveDatetimeTag, seconds, nanos);
  }
  void UtcDatetime(std::size_t column, std::int64_t seconds, std::int32_t nanos) {
    Time(column, wire::kUtcDatetimeTag, seconds, nanos);
  }
  void Decimal(std::size_t column, std::string_view digits) {
    Bytes(column, wire::kDecimalTag, digits);
  }
  void Binary(std::size_t column, std::string_view bytes) {
    Bytes(column, wire::kBinaryTag, bytes);
  }
  // The texts are valid UTF-8.
  void String(std::size_t column, std::string_view text) { Bytes(column, wire::kStringTag, text); }
  void Json(std::size_t column, std::string_view text) { Bytes(column, wire::kJsonTag, text); }
  void Xml(std::size_t column, std::string_view text) { Bytes(column, wire::kXmlTag, text); }
  // A value's field as it is on the wire, including the tag, copied from another row.
  void Field(std::size_t column, std::string_view field) {
    Field(column, field.front(), field.size() - 1, [field](char* at) {
      std::memcpy(at, field.data() + 1, field.size() - 1);
      return at + field.size() - 1;
    });
  }

  // Waits until the ring has room for the whole next row.
  void AwaitRoom() {
    if (batch_ == nullptr) ring_.Reserve(limits::kMaxFramePayloadBytes);
  }
  // As RingProducer's, for the life of this writer. Called within AwaitRoom, BeginRow,
  // EndRow, Truncate, Flush, Open and Mark; the rows written by then are complete.
  void WhileFull(std::function<void()> act) { ring_.WhileFull(std::move(act)); }

  // Reports the version that the slice's transaction reads; called before the first row.
  void Open(std::string_view version);
  // The same, with everything that is known about the transaction.
  void Open(const Opened& opened);
  // Closes the open batch and marks that all rows before bound `at` have been written. `version`:
  // the one that the slice's transaction reads. `remarks`: about the rows since the last mark; rows
  // that were left out are added here.
  void Mark(std::string_view at, std::string_view version,
            const std::vector<ColumnRemark>& remarks = {});
  // As RowJudge's; between rows.
  bool WantsPages() const { return judge_ != nullptr && judge_->wants_pages(); }
  bool SkipPage(std::string_view digest) { return judge_->SkipPage(digest); }
  void EndPage(std::string_view digest) { judge_->EndPage(digest); }

  // A row that the engine itself could not load, because it is too large.
  void LeaveOutRow() { ++oversized_rows_; }
  // Whether enough was written since the last mark for another one.
  bool MarkDue() const {
    return judge_ != nullptr && judge_->marks() ? judge_->MarkDue()
                                                : bytes_since_mark_ >= kMarkEveryBytes;
  }
  // Whether the supervisor wants the assignment to stop at a mark.
  bool PauseWanted() const { return PauseWanted(assignment_); }
  // The same for an earlier one of the worker.
  bool PauseWanted(std::uint32_t assignment) const { return ring_.PauseWanted(assignment); }
  std::uint32_t assignment() const { return assignment_; }

  std::uint64_t rows() const { return rows_; }
  // Whether the row that ended last was kept.
  bool kept_row() const { return kept_row_; }
  std::uint64_t oversized_rows() const { return oversized_rows_; }

 private:
  static constexpr std::size_t kMarkEveryBytes = limits::kMiB;
  static constexpr std::uint64_t kOneByteVarint = 0x80;

  // Writes a map entry up to the value's field, with room for that, and gives the
  // field's place; its tag is written. `field_bytes` counts tag and content. Null
  // where the row has grown past what can be sent.
  char* Entry(std::size_t column, char tag, std::size_t field_bytes) {
    const TableShape::Prefix prefix = prefixes_[column];
    const std::size_t needed = prefix.size + field_bytes + kEntryOverheadBytes;
    if (static_cast<std::size_t>(limit_ - at_) < needed && !Grow(needed)) return nullptr;
    char* at = at_;
    const std::size_t entry_bytes = prefix.size - TableShape::kEntryHeadBytes + 1 + field_bytes;
    if (entry_bytes < kOneByteVarint) {
      // Both lengths take one byte. Pieces of a fixed length need no call; surplus bytes are
      // overwritten.
      constexpr std::size_t kPiece = TableShape::kPieceBytes;
      for (std::size_t done = 0; done < prefix.size; done += kPiece) {
        std::memcpy(at + done, prefix.bytes + done, kPiece);
      }
      at[1] = static_cast<char>(entry_bytes);
      at += prefix.size;
      *at++ = static_cast<char>(field_bytes);
    } else {
      at = LongEntry(prefix, field_bytes);
    }
    *at = tag;
    return at;
  }
  char* LongEntry(const TableShape::Prefix& prefix, std::size_t field_bytes);
  // Writes a value's entry, and its field to the compact form. `put` writes the
  // content to a place and gives the one after it. It is called for both: copying bytes that were
  // just written in small pieces would wait for these writes.
  template <typename Put>
  void Field(std::size_t column, char tag, std::size_t content_bytes, const Put& put) {
    char* const entry = Entry(column, tag, 1 + content_bytes);
    if (entry == nullptr) return;
    at_ = put(entry + 1);
    char* const compact = compact_.Field(column, 1 + content_bytes);
    if (compact == nullptr) return;
    *compact = tag;
    put(compact + 1);
  }
  void Varint(std::size_t column, char tag, std::uint64_t value) {
    Field(column, tag, wire::VarintBytes(value),
          [value](char* at) { return wire::PutVarint(at, value); });
  }
  // Protobuf sends a negative int32 sign-extended.
  void Signed(std::size_t column, char tag, std::int64_t value) {
    Varint(column, tag, static_cast<std::uint64_t>(value));
  }
  template <typename Bits>
  void Fixed(std::size_t column, char tag, Bits bits) {
    static_assert(std::endian::native == std::endian::little);
    Field(column, tag, sizeof(bits), [bits](char* at) {
      std::memcpy(at, &bits, sizeof(bits));
      return at + sizeof(bits);
    });
  }
  void Bytes(std::size_t column, char tag, std::string_view bytes) {
    Field(column, tag, wire::VarintBytes(bytes.size()) + bytes.size(), [bytes](char* at) {
      at = wire::PutVarint(at, bytes.size());
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
  void Time(std::size_t column, char tag, std::int64_t seconds, std::int32_t nanos);

  bool Grow(std::size_t more);
  // `with_row`: the open row becomes part of the new batch.
  void OpenBatch(bool with_row = false);
  void CloseBatch(const char* end);
  void AddHeapRow();
  // The open row is larger than a message may be.
  bool TooLarge() const;
  // False: the judge leaves it out.
  bool KeepsRow();
  // Lets the judge announce the next rows; called between frames.
  void TellIntents();
  void SendInParts(std::size_t record_bytes);

  // Entry tag, two lengths and the value's tag at their longest, and surplus bytes.
  static constexpr std::size_t kEntryOverheadBytes = 64;
  // UpdateResponse.records' tag and length at their longest, before a batch.
  static constexpr std::size_t kBatchHeadBytes = 8;

  RingProducer& ring_;
  std::uint32_t assignment_;
  RowJudge* judge_ = nullptr;
  CompactWriter compact_;

  // The open reservation: its start (null: none), and the end of finished rows.
  char* batch_ = nullptr;
  char* rows_end_ = nullptr;
  std::uint32_t records_ = 0;

  // The open row: its shape's prefixes, where its record's content starts, where the
  // next byte goes, and where space ends. In the reservation or, once it has outgrown
  // it, in heap_.
  const TableShape::Prefix* prefixes_ = nullptr;
  const TableShape* shape_ = nullptr;
  // The part that the judge gets begins after this many bytes; 0: it does not get this row.
  std::size_t judged_from_ = 0;
  bool kept_row_ = true;
  char* row_ = nullptr;
  char* at_ = nullptr;
  char* limit_ = nullptr;
  std::string heap_;
  bool on_heap_ = false;
  bool oversized_ = false;
  // Size of the last record's length field, used as the guess for the next one.
  std::size_t length_bytes_ = 2;

  std::size_t bytes_since_mark_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t oversized_rows_ = 0;
  // Those of them that a mark has reported.
  std::uint64_t told_oversized_rows_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_BATCH_WRITER_H_
