// Takes the rows out of COPY ... TO STDOUT (FORMAT binary), in chunks of any size.
//
// The format (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"), all
// integers in network order:
//
//   header   "PGCOPY\n\377\r\n\0"; 32 bits of flags (16 to 31: what a reader has to know;
//            no such flag is known here); 32 bits of how many bytes follow in the header
//   row      16 bits of how many fields; for each 32 bits of its length, -1 for null, and
//            its bytes
//   trailer  16 bits of -1 in place of a row's number of fields; nothing follows
//
//   stream.Feed(chunk);
//   for (;;) switch (stream.Next()) { kRow: stream.row(); kNeedsMore: Feed the next; ... }
//   stream.Finish();
//
// A row that is whole in one chunk is not copied: its fields are views of the chunk. Of any other
// row the part that has come is kept, so memory is bounded by the largest row; a row over
// `limits::kPostgresqlMaxRowBytes` is skipped, and nothing of it is kept.
//
// Used by one thread.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_COPY_STREAM_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_COPY_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/limits.h"

namespace tributary::postgresql {

// The fields of one row.
class CopyRow {
 public:
  std::size_t size() const { return fields_.size(); }
  bool null(std::size_t field) const { return fields_[field].size < 0; }
  // Of one that is not null.
  std::string_view operator[](std::size_t field) const {
    return {bytes_ + fields_[field].begin, static_cast<std::size_t>(fields_[field].size)};
  }

 private:
  friend class CopyStream;
  struct Field {
    std::uint32_t begin = 0;
    std::int32_t size = 0;
  };
  const char* bytes_ = nullptr;
  std::vector<Field> fields_;
};

class CopyStream {
 public:
  // `table` is named in errors; `columns`: how many each row has.
  CopyStream(std::string table, std::size_t columns,
             std::size_t max_row_bytes = limits::kPostgresqlMaxRowBytes);

  enum class Event {
    // The chunk is used up; what is left of it is kept.
    kNeedsMore,
    // row() is valid until the next call.
    kRow,
    // A row that was passed over.
    kRowTooLarge,
    // The trailer came.
    kEnd,
    // status() says why; it stays so.
    kBroken,
  };
  // Gives the next chunk, which has to live until kNeedsMore.
  void Feed(std::string_view chunk) { rest_ = chunk; }
  Event Next();
  const CopyRow& row() const { return row_; }
  const absl::Status& status() const { return status_; }

  // After the last chunk: whether the trailer came. DATA_LOSS where it did not.
  absl::Status Finish() const;

 private:
  enum class State { kHeader, kRows, kPassingOver, kEnded, kBroken };
  enum class Scan { kWhole, kPart, kTooLarge, kTrailer, kBroken };

  Event ReadHeader();
  Event ReadRow();
  Event PassOver();
  Event End();
  Event Break(std::string_view what);
  // Looks at a row that begins at `bytes`, of which `size` are there, on from where it was
  // left.
  Scan ScanRow(const char* bytes, std::size_t size);
  // Fills kept_ up to `size` bytes; false where the chunk has too few.
  bool Keep(std::size_t size);
  void DropKept();

  const std::string table_;
  const std::size_t columns_;
  const std::size_t max_row_bytes_;

  State state_ = State::kHeader;
  absl::Status status_;
  std::string_view rest_;
  // The beginning of a row, from earlier chunks; when row() has returned it, the next call drops
  // it.
  std::string kept_;
  bool row_is_kept_ = false;
  CopyRow row_;
  // Of the present row: bytes and fields that were checked, and bytes needed to continue.
  std::size_t scanned_ = 0;
  std::size_t fields_ = 0;
  std::size_t needed_ = 0;
  // Of a field that is passed over.
  std::size_t to_skip_ = 0;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_COPY_STREAM_H_
