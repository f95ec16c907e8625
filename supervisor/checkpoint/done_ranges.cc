#include "supervisor/checkpoint/done_ranges.h"

#include <cassert>
#include <string_view>
#include <utility>

namespace tributary {
namespace {

// `to` and `from` are the same place. The table's end and its start, both
// written as the empty text, are not.
bool Meet(const std::string& to, const std::string& from) { return !to.empty() && to == from; }

void AppendMerged(std::vector<BoundRange>& ranges, const std::string& from, const std::string& to) {
  if (!ranges.empty() && Meet(ranges.back().to, from)) {
    ranges.back().to = to;
  } else {
    ranges.push_back({from, to});
  }
}

absl::Status Unfit(std::string_view what) {
  return absl::InvalidArgumentError(
      std::string("the source's slices do not cover what remains of the table: ") +
      std::string(what) + "; this is a fault of the source's code, please report it");
}

}  // namespace

absl::StatusOr<DoneRanges> DoneRanges::FromList(const std::vector<BoundRange>& ranges) {
  std::vector<BoundRange> merged;
  for (const BoundRange& range : ranges) {
    if (Meet(range.to, range.from)) return absl::InvalidArgumentError("a range is empty");
    AppendMerged(merged, range.from, range.to);
  }
  DoneRanges done;
  for (std::size_t i = 0; i < merged.size(); ++i) {
    const BoundRange& range = merged[i];
    if (range.from.empty() && i > 0) {
      return absl::InvalidArgumentError("the table's start is in the middle");
    }
    if (range.to.empty() && i + 1 < merged.size()) {
      return absl::InvalidArgumentError("the table's end is in the middle");
    }
    if (done.bounds_.contains(range.from) || !done.Append(range, true)) {
      return absl::InvalidArgumentError("a bound occurs twice");
    }
  }
  return done;
}

bool DoneRanges::Append(const BoundRange& range, bool finished) {
  pieces_.push_back({range, finished ? range.to : range.from, finished});
  // Where the piece meets the one before it, its `from` is there already.
  if (!range.from.empty()) bounds_.insert(range.from);
  return range.to.empty() || bounds_.insert(range.to).second;
}

std::vector<BoundRange> DoneRanges::Done() const {
  std::vector<BoundRange> done;
  for (const Piece& piece : pieces_) {
    if (piece.finished) {
      AppendMerged(done, piece.range.from, piece.range.to);
    } else if (piece.at != piece.range.from) {
      AppendMerged(done, piece.range.from, piece.at);
    }
  }
  return done;
}

std::vector<BoundRange> DoneRanges::Remaining() const {
  std::vector<BoundRange> gaps;
  std::string from;
  for (BoundRange& done : Done()) {
    // Only the first range can begin at the table's start.
    if (!done.from.empty()) gaps.push_back({std::move(from), std::move(done.from)});
    if (done.to.empty()) return gaps;
    from = std::move(done.to);
  }
  gaps.push_back({std::move(from), ""});
  return gaps;
}

bool DoneRanges::complete() const {
  return unfinished_ == 0 && Done() == std::vector<BoundRange>{{"", ""}};
}

absl::Status DoneRanges::Start(const std::vector<BoundRange>& slices) {
  const std::vector<BoundRange> done = Done();
  const std::vector<BoundRange> gaps = Remaining();
  DoneRanges next;
  std::size_t taken = 0;
  auto next_done = done.begin();
  // Done ranges and gaps take turns; a done range comes first where it begins at
  // the table's start.
  if (next_done != done.end() && next_done->from.empty()) next.Append(*next_done++, true);
  for (const BoundRange& gap : gaps) {
    const std::string* reached = &gap.from;
    bool covered = false;
    while (!covered) {
      if (taken == slices.size()) return Unfit("a gap is not covered to its end");
      const BoundRange& slice = slices[taken++];
      if (slice.from != *reached) return Unfit("a slice does not begin where the last one ended");
      if (slice.to.empty() && !gap.to.empty()) return Unfit("a slice goes beyond its gap");
      next.slices_.push_back(next.pieces_.size());
      if (!next.Append(slice, false)) return Unfit("a bound occurs twice");
      reached = &slice.to;
      covered = slice.to == gap.to;
    }
    if (next_done != done.end() && !next.Append(*next_done++, true)) {
      return Unfit("a bound occurs twice");
    }
  }
  if (taken != slices.size()) return Unfit("there are more slices than gaps");
  next.unfinished_ = slices.size();
  *this = std::move(next);
  return absl::OkStatus();
}

absl::Status DoneRanges::Advance(std::size_t slice, const std::string& at) {
  assert(slice < slices_.size());
  Piece& piece = pieces_[slices_[slice]];
  if (piece.finished) {
    return absl::FailedPreconditionError("a mark came for a slice that is finished");
  }
  if (at == piece.range.to) {
    Finish(slice);
    return absl::OkStatus();
  }
  if (at == piece.at) return absl::OkStatus();
  if (at.empty() || bounds_.contains(at)) {
    return absl::InvalidArgumentError(
        "a mark is outside its slice; this is a fault of the source's code, please report it");
  }
  if (piece.at != piece.range.from) bounds_.erase(piece.at);
  bounds_.insert(at);
  piece.at = at;
  return absl::OkStatus();
}

void DoneRanges::Finish(std::size_t slice) {
  assert(slice < slices_.size());
  Piece& piece = pieces_[slices_[slice]];
  if (piece.finished) return;
  if (piece.at != piece.range.from) bounds_.erase(piece.at);
  piece.at = piece.range.to;
  piece.finished = true;
  --unfinished_;
}

BoundRange DoneRanges::Left(std::size_t slice) const {
  const Piece& piece = pieces_[slices_[slice]];
  assert(!piece.finished);
  return {piece.at, piece.range.to};
}

}  // namespace tributary
