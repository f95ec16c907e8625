// Gathers a batch's compact form while the batch is written: each value's field as
// it stands on the wire, without the name and the lengths around it. Staging keeps
// it in place of the batch and makes the batch again from it; it knows the layout
// (supervisor/staging/FORMAT.md, "Compact batch") and not the columns.
//
// It pays where names make up much of a batch. Written beside the batch it costs a
// copy of some ten bytes a value; compressing the names away again would cost
// several times that.
//
// Whatever does not fit is no error: the batch then has no compact form.
#ifndef TRIBUTARY_WORKER_ENCODER_COMPACT_FORM_H_
#define TRIBUTARY_WORKER_ENCODER_COMPACT_FORM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/limits.h"

namespace tributary {

class CompactForm {
 public:
  // As each record of the batch begins, and as each entry does behind its length.
  CompactForm(std::string_view record_head, const std::vector<std::string>& keys);
  CompactForm(const CompactForm&) = delete;
  CompactForm& operator=(const CompactForm&) = delete;

  void BeginRow() {
    next_column_ = usable_ ? 0 : kGivenUp;
    at_ = row_;
  }
  // The place for a value's field of so many bytes; null where there is none.
  char* Field(std::size_t column, std::size_t bytes) {
    if (column != next_column_ || bytes > kLongestField ||
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
  // A new batch. The row that was begun and not kept goes to it, if `with_row`.
  void NextBatch(bool with_row);

  // How many bytes the form of the kept rows has; 0 where it has none or is not
  // worth it beside so many bytes of records.
  std::size_t Bytes(std::size_t records_bytes) const;
  // Writes them.
  void Put(std::size_t records_bytes, char* to) const;

 private:
  // Beside a longer value, names are no matter.
  static constexpr std::size_t kLongestField = 2 * limits::kKiB;
  // In place of next_column_, until the row ends.
  static constexpr std::size_t kGivenUp = ~std::size_t{0};

  std::string template_;
  std::size_t columns_;
  std::unique_ptr<char[]> rows_;
  // The end of what is kept, of what is written, and of the room.
  char* row_;
  char* at_;
  char* end_;
  std::size_t next_column_ = 0;
  bool usable_ = true;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_COMPACT_FORM_H_
