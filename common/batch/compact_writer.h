// Collects a batch's compact form while the batch is written: each value's field as it is on the
// wire, without the name and the lengths around it. Staging keeps it instead of the batch
// (compact_expansion.h restores the batch). The bytes: FORMAT.md.
//
// It is useful when names make up much of a batch. Writing it together with the batch costs a copy
// of about ten bytes a value; compressing the names instead would cost several times that.
//
// A batch has a compact form while all its rows are whole rows of one template, their
// columns in order. A row that does not fit is not an error: the batch then has no compact form,
// and its other rows cost nothing here.
#ifndef TRIBUTARY_COMMON_BATCH_COMPACT_WRITER_H_
#define TRIBUTARY_COMMON_BATCH_COMPACT_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/limits.h"

namespace tributary {

// What all rows of a compact form have in common. Immutable.
class CompactTemplate {
 public:
  // How each record's content begins, and how that of each column's map entry does.
  CompactTemplate(std::string_view record_head, const std::vector<std::string>& keys);

  std::string_view bytes() const { return bytes_; }
  std::size_t columns() const { return columns_; }

 private:
  std::string bytes_;
  std::size_t columns_;
};

class CompactWriter {
 public:
  CompactWriter();
  CompactWriter(const CompactWriter&) = delete;
  CompactWriter& operator=(const CompactWriter&) = delete;

  // A row of this template. Templates are compared by address.
  void BeginRow(const std::shared_ptr<const CompactTemplate>& shape) {
    at_ = row_;
    if (!usable_) {
      next_column_ = kGivenUp;
    } else if (shape == template_) {
      next_column_ = 0;
    } else {
      BeginRowOfAnother(shape);
    }
  }
  // A row that a compact form cannot hold.
  void BeginForeignRow() {
    at_ = row_;
    next_column_ = kGivenUp;
  }
  // Where to write a value's field of that many bytes; null if there is no compact form.
  char* Field(std::size_t column, std::size_t bytes) {
    if (column != next_column_ || bytes > kLongestFieldBytes ||
        bytes > static_cast<std::size_t>(end_ - at_)) {
      next_column_ = kGivenUp;
      return nullptr;
    }
    ++next_column_;
    return std::exchange(at_, at_ + bytes);
  }
  // The row belongs to the batch.
  void KeepRow() {
    if (next_column_ == columns_) {
      row_ = at_;
    } else {
      usable_ = false;
    }
  }
  // A new batch. If `with_row`, it begins with the row that was begun and not kept.
  void NextBatch(bool with_row);

  // Size of the compact form of the kept rows; 0 if the batch has none, or if it saves too little
  // compared with that many bytes of records.
  std::size_t Bytes(std::size_t records_bytes) const;
  // Writes them.
  void Put(std::size_t records_bytes, char* to) const;

 private:
  // For values longer than this, the names do not matter.
  static constexpr std::size_t kLongestFieldBytes = 2 * limits::kKiB;
  // In place of next_column_, until the row ends.
  static constexpr std::size_t kGivenUp = ~std::size_t{0};
  // Instead of columns_, for rows that write nothing here: no value fits.
  static constexpr std::size_t kNoColumns = kGivenUp - 1;

  void BeginRowOfAnother(const std::shared_ptr<const CompactTemplate>& shape);

  // Kept alive, so that no other template gets its address.
  std::shared_ptr<const CompactTemplate> template_;
  std::size_t columns_ = kNoColumns;
  std::unique_ptr<char[]> rows_;
  // The end of what is kept, of what is written, and of the room.
  char* row_;
  char* at_;
  char* end_;
  std::size_t next_column_ = kGivenUp;
  bool usable_ = true;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_BATCH_COMPACT_WRITER_H_
