#include "supervisor/digests/layout.h"

#include <utility>

#include "common/limits.h"

namespace tributary {

DigestLayout::Slice& LayoutWriter::SliceFor(const std::string& from, std::uint64_t rows,
                                            std::uint64_t bytes) {
  whole_ = whole_ && from == end_;
  const bool fits = kind_ != CatalogTable::RANGES || (rows_ + rows <= limits::kSliceDigests &&
                                                      bytes_ + bytes <= limits::kSliceDigestBytes);
  if (layout_.slices_size() == 0 || !fits) {
    layout_.add_slices()->set_from(from);
    rows_ = bytes_ = 0;
  }
  rows_ += rows;
  bytes_ += bytes;
  return *layout_.mutable_slices(layout_.slices_size() - 1);
}

void LayoutWriter::Add(const std::string& from, const std::string& to,
                       const DigestLayout::Piece& piece) {
  DigestLayout::Slice& slice = SliceFor(from, piece.rows(), piece.bytes());
  slice.set_to(to);
  end_ = to;
  *slice.add_pieces() = piece;
}

void LayoutWriter::AddSlice(const DigestLayout::Slice& from) {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  for (const DigestLayout::Piece& piece : from.pieces()) {
    rows += piece.rows();
    bytes += piece.bytes();
  }
  DigestLayout::Slice& slice = SliceFor(from.from(), rows, bytes);
  slice.set_to(from.to());
  end_ = from.to();
  slice.mutable_pieces()->MergeFrom(from.pieces());
}

std::optional<DigestLayout> LayoutWriter::Take() {
  whole_ = whole_ && IsSound(layout_);
  for (const DigestLayout::Slice& slice : layout_.slices()) {
    std::uint64_t bytes = 0;
    for (const DigestLayout::Piece& piece : slice.pieces()) bytes += piece.bytes();
    whole_ = whole_ && bytes <= limits::kMaxSliceDigestBytes;
  }
  if (!whole_) return std::nullopt;
  return std::move(layout_);
}

bool IsSound(const DigestLayout& layout) {
  std::string at;
  for (int slice = 0; slice < layout.slices_size(); ++slice) {
    const DigestLayout::Slice& one = layout.slices(slice);
    if (one.from() != at || one.to().empty() != (slice + 1 == layout.slices_size())) return false;
    at = one.to();
  }
  return layout.slices_size() > 0;
}

}  // namespace tributary
