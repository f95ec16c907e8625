// Which part of one table is copied, while it is copied.
//
// A bound is text of the source's own encoding: two bounds can be told equal or
// not, never which comes first. So the order of everything here is the order in
// which the source cut the table. A table's copy is a row of slices that meet,
// each ends where the next begins; of each slice a beginning is done, and the
// done parts that meet are one range.
//
// An empty `from` is the table's start, an empty `to` its end.
//
// Not thread-safe.
#ifndef TRIBUTARY_SUPERVISOR_CHECKPOINT_DONE_RANGES_H_
#define TRIBUTARY_SUPERVISOR_CHECKPOINT_DONE_RANGES_H_

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary {

// The rows from `from` on and before `to`.
struct BoundRange {
  std::string from;
  std::string to;

  bool operator==(const BoundRange&) const = default;
};

class DoneRanges {
 public:
  // Nothing is done.
  DoneRanges() = default;

  // What a state says is done, in order. INVALID_ARGUMENT where the ranges cannot
  // be a row of disjoint ranges: an empty one, a bound that stands twice, the
  // table's start or end in the middle. Ranges that meet are merged.
  static absl::StatusOr<DoneRanges> FromList(const std::vector<BoundRange>& ranges);

  // What is done, in order, with something not done between each two.
  std::vector<BoundRange> Done() const;

  // What is not done, in order: the gaps that the source is to cut into slices.
  // Also while slices are under way.
  std::vector<BoundRange> Remaining() const;

  // Nothing remains. Cheap while slices are under way.
  bool complete() const;

  // Takes the source's slices of Remaining(): each gap is covered from its start
  // to its end by slices that meet. Slices are then known by their place in
  // `slices`; those of an earlier Start are forgotten, what they did is kept.
  // INVALID_ARGUMENT, and nothing changes, where the slices do not fit the gaps.
  absl::Status Start(const std::vector<BoundRange>& slices);

  std::size_t slices() const { return slices_.size(); }

  // The slice is done before `at`; its own `to` finishes it. Calls for one slice
  // come in the order of its rows, which nobody can check here.
  // INVALID_ARGUMENT, and nothing changes, for a bound that stands elsewhere in
  // the table, FAILED_PRECONDITION for a finished slice.
  absl::Status Advance(std::size_t slice, const std::string& at);

  // The whole slice is done. No effect where it already was.
  void Finish(std::size_t slice);

  bool finished(std::size_t slice) const { return pieces_[slices_[slice]].finished; }

  // What is left of an unfinished slice.
  BoundRange Left(std::size_t slice) const;

  // The same parts of the table are done.
  bool operator==(const DoneRanges& other) const { return Done() == other.Done(); }

 private:
  struct Piece {
    BoundRange range;
    // Done before this; `range.from` where nothing is.
    std::string at;
    bool finished = false;
  };

  // Appends a piece. False where one of its bounds stands elsewhere already.
  bool Append(const BoundRange& range, bool finished);

  // In the table's order: ranges that were done at the start, and slices. Where
  // two neighbours do not meet, what is between them is not done.
  std::vector<Piece> pieces_;
  // Where each slice stands in `pieces_`.
  std::vector<std::size_t> slices_;
  // Slices that are not finished.
  std::size_t unfinished_ = 0;
  // Every bound that stands in `pieces_` now, other than the table's ends.
  std::unordered_set<std::string> bounds_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_DONE_RANGES_H_
