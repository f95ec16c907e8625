// A lane is one way of reading: copies, the log, a comparison. It decides what to read next and
// what a worker's frames mean, in the order in which they are merged. It does no I/O: it writes its
// requests into Requests, and the merger carries them out directly after the call.
//
// The merger asks a lane in this order, for each of its orders:
//
//   Next → (Opened → Digested, Marked … | Answered … | Logged …) → Ended
//                     or, from anywhere: Returned
//
// Lanes do not see batches: these are merged as they come, while the order is wanted. Used by the
// sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_LANE_H_
#define TRIBUTARY_SUPERVISOR_SYNC_LANE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/worker.pb.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/pool/order.h"

namespace tributary {

// A Warning, as the board shows it.
struct Shown {
  // schema.table; empty if it is not about one table.
  std::string table;
  std::string text;
  // The place of the table that is put aside because of it.
  std::optional<std::size_t> put_aside = {};
};

// The actions that a lane requests, in the order of its messages.
struct Requests {
  // Puts a Warning on the stream, in `log`, and on the board.
  void Warn(const Logger& log, Shown warning);

  // Serialized UpdateResponses; each gets the next position of the stream.
  std::vector<std::string> messages;
  // The board's version of the Warnings among them.
  std::vector<Shown> shown = {};
  // The reason why work is read again.
  std::vector<Retry> retries = {};
  // Orders have become unwanted: their workers must stop at their next mark.
  bool pauses_unwanted = false;
  // For the worker that follows the log.
  std::vector<FollowOrder> steers;
  // Puts a checkpoint of the state as it is now, after the messages.
  bool checkpoint = false;
  // The sync ends here: workers stop at their next marks, and this is the sync's result. OK: it
  // ends normally, though lanes have more to do.
  std::optional<absl::Status> stops_for;
};

// Whether the sync has to wait for the source or the user, and not one table alone.
bool ConcernsAll(const absl::Status& why);
// Whether digests cannot be had because their disk fails, and not because they are missing or
// damaged.
bool IsOfTheDisk(const absl::Status& why);

// A lane's answer to a frame.
class Verdict {
 public:
  static Verdict Taken() { return Verdict(Kind::kTaken, ""); }
  // Not yet: the frame is shown again later, and the ring is not read further.
  static Verdict Later() { return Verdict(Kind::kLater, ""); }
  // A correct worker does not write this; `what` completes "it was ended, because".
  static Verdict Broken(std::string what) { return Verdict(Kind::kBroken, std::move(what)); }

  bool later() const { return kind_ == Kind::kLater; }
  bool broken() const { return kind_ == Kind::kBroken; }
  const std::string& what() const { return what_; }

 private:
  enum class Kind { kTaken, kLater, kBroken };
  Verdict(Kind kind, std::string what) : kind_(kind), what_(std::move(what)) {}

  Kind kind_;
  std::string what_;
};

class Lane {
 public:
  virtual ~Lane() = default;

  virtual WorkerRole role() const = 0;
  // The work to give to a worker next; empty: wait for the work under way.
  virtual std::optional<Order> Next() = 0;
  // The same for one worker, by its number in the pool, for work that only this worker can do.
  virtual std::optional<Order> NextOf(std::uint32_t /*worker*/) { return Next(); }
  // All work of this lane is done or put aside.
  virtual bool finished() const = 0;

  // Called about every turn of the merger, with its clock.
  virtual void Look(Clock::time_point now) = 0;
  // The sync stops: Next is not called again.
  virtual void StopGiving() = 0;

  // Whether the order's results still count. Unwanted frames are dropped; the lane still sees the
  // order's end.
  virtual bool Wanted(std::uint64_t ticket) const = 0;
  // Whether the order must stop at its next mark; an unwanted one must as well.
  virtual bool Pauses(std::uint64_t ticket) const = 0;

  // The board's place of the table that the order reads; empty: it reads none, or many.
  virtual std::optional<std::size_t> TableOf(std::uint64_t) const { return std::nullopt; }

  // Handle the order's reports. A lane only gets reports of its own orders.
  virtual Verdict Opened(std::uint64_t, const tributary::Opened&) { return Unexpected(); }
  virtual Verdict Marked(std::uint64_t, const Mark&) { return Unexpected(); }
  virtual Verdict Answered(std::uint64_t, const Answer&) { return Unexpected(); }
  virtual Verdict Digested(std::uint64_t, Digests) { return Unexpected(); }
  virtual Verdict Logged(std::uint64_t, const LogReport&) { return Unexpected(); }
  virtual Verdict Ended(std::uint64_t ticket, const AssignmentEnd& end) = 0;
  // The worker ended before the order was done. `culprit`: it was working on this one; `ending`
  // says how, for people.
  virtual void Returned(std::uint64_t ticket, bool culprit, std::string_view ending) = 0;

  // Warnings that have to precede the next checkpoint.
  virtual void EmitRemarks() = 0;

 private:
  static Verdict Unexpected() {
    return Verdict::Broken("it wrote a report that does not belong here");
  }
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_LANE_H_
