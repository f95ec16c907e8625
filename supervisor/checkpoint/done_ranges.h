// Which parts of one table have been copied, during its copy.
//
// A bound is text in the source's own encoding: two bounds can be compared for equality only, not
// for order. So the order of everything here is the order in which the source cut the table. A
// table's copy is a sequence of slices, each ending where the next begins. The first part of each
// slice is done, and done parts that meet are one range.
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

  // The done ranges of a state, in order. INVALID_ARGUMENT if they cannot be disjoint ranges in
  // order: an empty one, a bound that occurs twice, the table's start or end in the middle. Ranges
  // that meet are merged.
  static absl::StatusOr<DoneRanges> FromList(const std::vector<BoundRange>& ranges);

  // The done ranges, in order, with a gap between each two.
  std::vector<BoundRange> Done() const;

  // The gaps, in order, for the source to cut into slices. Also valid while slices are being read.
  std::vector<BoundRange> Remaining() const;

  // No gap remains. Cheap while slices are being read.
  bool complete() const;

  // Takes the source's slices of Remaining(): each gap is covered from its start
  // to its end by slices that meet. Slices are then named by their index in `slices`. Slices of an
  // earlier Start are forgotten; what they finished is kept. INVALID_ARGUMENT, and nothing changes,
  // if the slices do not fit the gaps.
  absl::Status Start(const std::vector<BoundRange>& slices);

  std::size_t slices() const { return slices_.size(); }

  // The slice is done before `at`; its own `to` finishes it. Calls for one slice come in the order
  // of its rows, which cannot be checked here. INVALID_ARGUMENT, and nothing changes, for a bound
  // that is elsewhere in the table; FAILED_PRECONDITION for a finished slice.
  absl::Status Advance(std::size_t slice, const std::string& at);

  // The whole slice is done. No effect if it already was.
  void Finish(std::size_t slice);

  bool finished(std::size_t slice) const { return pieces_[slices_[slice]].finished; }

  // What is left of an unfinished slice.
  BoundRange Left(std::size_t slice) const;

  // Whether the same parts of the table are done.
  bool operator==(const DoneRanges& other) const { return Done() == other.Done(); }

 private:
  struct Piece {
    BoundRange range;
    // Done up to here; `range.from` if nothing is done.
    std::string at;
    bool finished = false;
  };

  // Appends a piece. False if one of its bounds already occurs elsewhere.
  bool Append(const BoundRange& range, bool finished);

  // In the table's order: ranges that were done at the start, and slices. If two neighbours do not
  // meet, there is a gap between them.
  std::vector<Piece> pieces_;
  // The place of each slice in `pieces_`.
  std::vector<std::size_t> slices_;
  // Slices that are not finished.
  std::size_t unfinished_ = 0;
  // Every bound in `pieces_`, except the table's ends.
  std::unordered_set<std::string> bounds_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CHECKPOINT_DONE_RANGES_H_
