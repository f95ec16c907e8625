// The gate: the rule that orders log transactions and slices.
#ifndef TRIBUTARY_SUPERVISOR_PLAN_GATE_H_
#define TRIBUTARY_SUPERVISOR_PLAN_GATE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/snapshot.h"

namespace tributary {

class Gate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // The caller's number of one reading of a slice, the same when it opens anew.
  using Slice = std::uint64_t;

  enum class Entry {
    kAdmitted,
    // It does not see all that was merged. Nothing of it may be merged, and it is to
    // open anew at once: until it is admitted or closed the log waits.
    kRefused,
    // Transactions that the log may lack are running. It is to open anew later; that
    // may take hours, so the log does not wait.
    kNotWhole,
    // Its server life is not that of the last snapshot of the log worker, or there was
    // none yet. It is to open anew after the next one, for which the log goes on.
    kOtherLife,
  };
  // A slice's transaction has begun: its snapshot, and the server life that this is of.
  // `whole_from` is its table's in this life. A slice that is admitted stays open until
  // Close.
  Entry Open(Slice slice, const Snapshot& snapshot, std::string_view life,
             std::uint64_t whole_from);

  // All of the slice is merged, or nothing more of it will be: it ended, was paused, or
  // its worker died. No effect where it is not known.
  void Close(Slice slice);

  // A snapshot of the log worker comes by; what comes after it in the ring is visible in
  // it. False: it lacks what an earlier one of the same life saw; the worker is not
  // sound.
  bool MergeSnapshot(const Snapshot& snapshot, std::string_view life);

  struct Passage {
    enum class Answer {
      kPasses,
      kHeld,
      // The log worker's snapshot does not see it; the worker is not sound.
      kUnsound,
    };
    Answer answer = Answer::kPasses;
    // For kHeld: the slices that it waits for. To pause those at a mark makes room.
    std::vector<Slice> holders;
    // For kHeld: since when it waits.
    Time since;
  };
  // May this transaction be merged now? Asked of the next one in the log worker's ring,
  // and again after each change until it passes.
  Passage Ask(std::uint64_t transaction, Time now);

 private:
  struct OpenSlice {
    Snapshot snapshot;
    bool refused = false;
    // Its numbers are of the log worker's server life.
    bool comparable = true;
  };

  std::map<Slice, OpenSlice> slices_;
  std::optional<Snapshot> merged_;
  std::string life_;
  // Since when the transaction that is asked of waits.
  std::optional<Time> held_since_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_PLAN_GATE_H_
