// Combines a generation's pieces into slices of about limits::kSliceDigests rows or, if a row may
// move anywhere, into one slice with the whole table.
//
// Pure.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_LAYOUT_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto/digests.pb.h"
#include "proto/worker.pb.h"

namespace tributary {

class LayoutWriter {
 public:
  explicit LayoutWriter(CatalogTable::Comparison kind) : kind_(kind) {}

  // Pieces and slices in the table's order; each begins where the previous one ends.
  void Add(const std::string& from, const std::string& to, const DigestLayout::Piece& piece);
  void AddSlice(const DigestLayout::Slice& slice);

  // Nothing: a slice has more digests than can be compared, or a piece is missing.
  std::optional<DigestLayout> Take();

 private:
  DigestLayout::Slice& SliceFor(const std::string& from, std::uint64_t rows, std::uint64_t bytes);

  const CatalogTable::Comparison kind_;
  DigestLayout layout_;
  // Of the last slice.
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
  std::string end_;
  bool whole_ = true;
};

// Whether it covers the table from its start to its end without a gap.
bool IsSound(const DigestLayout& layout);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_LAYOUT_H_
