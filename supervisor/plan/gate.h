// The gate: the rule that orders transactions of a source's log and slices of its tables.
//
// THE PROBLEM
//
// A table is copied in slices while its source goes on writing. Each slice is read in a
// short transaction of its own, so each sees another moment; at the same time the log has every
// change once. Both go into one stream, and the destination keeps the version that came last. So
// the newest version of a row must come last:
//
//     the source               a slice                     the log
//     row 7 is 'a'
//                              takes its snapshot
//     X writes row 7: 'b'
//                                                          merged: row 7 is 'b'
//                              merged: row 7 is 'a'
//
// The destination has 'a' for ever. A log position for each slice does not help: a server first
// writes a commit into its log and later makes it visible to snapshots. On PostgreSQL 15, 247 of
// 8,239 transactions were decoded before they were visible, by up to 13 ms, and without any bound
// where a commit waits for a standby. A slice that opens after a position may lack a transaction
// from before it. Only its snapshot says what a slice sees. The snapshot's lower end alone says too
// little: one old transaction that runs for hours would hold the log for as long, while slices
// follow each other. So the whole list of running transactions is compared.
//
// THE RULES
//
// 1. The log worker has a snapshot of its own, N, and hands out transaction X only when N
//    sees X; if it does not, the worker takes another N. N comes before X in its ring.
// 2. X passes when every open slice sees X.                                        Ask
// 3. A slice is admitted when it sees all that the last merged N sees. Otherwise
//    nothing of it is merged, and it opens again with a new snapshot.              Open
// 4. The log is complete for a table from a transaction W on: it lacks changes of
//    transactions that ran while the table joined the log. A slice is admitted when all
//    before W have ended.                                                          Open
// 5. A change of X is dropped when the snapshot that was taken before the table's first
//    slice sees X. Its copy has it.
// 6. The log lacks values that a change has kept (PostgreSQL: TOAST). They are read
//    again, after N, until the table is live; and it is live when the log has passed
//    the position that each of its slices took after its snapshot. A live table's row can be
//    updated without them. A row whose key has changed cannot.
//
// Why that is enough: let X be the last that wrote a row. The log has no change of the row after X,
// and a row that is read again for X or later sees X by rule 1. A slice whose rows are merged after
// X either was open, and sees X by rule 2, or opened later, and sees N, so X, by rule 3. If the log
// lacks X, every slice sees it by rule 4. And the row cannot fall between two slices: where X moved
// it from a place that is read later to one that was read before, the later slice sees X, so its
// position is after X's commit, and by rule 6 X comes with all its values.
//
// WHAT EACH RULE IS WORTH
//
// How often the result diverged without each rule: in runs of a model on a real server, with 6
// writers, 3 slice workers and VACUUM; and in 2,000 random lives with crashes and returning states.
//
//                                                     runs        lives
//     all rules                                       0 of 62     0 of 20,000
//     rule 2 alone, the obvious first version         13 of 13
//     the log does not wait for open slices           3 of 3      29
//     X is handed out before it is visible                        285
//     late slices are not refused                     1 of 6      3
//     W is not waited for                             1 of 1      31
//     dropping by a snapshot that is not the oldest   2 of 6      260
//     live before the log has passed the slices                   10
//     missing values are not read again               5 of 5      71
//
// tests/supervisor/plan/gate_interleavings_test.cc tries all interleavings of small cases, about 2
// million, and detects each rule that is left out.
//
// HOW LONG ANYTHING WAITS
//
// - The log waits for the slices that were open when X became visible, no others: one
//   that opens later sees N. A slice that stays open because the client does not read is
//   paused at a mark; `holders` and `since` tell the caller which and for how long.
// - A refused slice is first: until it is admitted or closed, no transaction passes, and so
//   at most one more N is merged. Its next snapshots see that; the slice cannot starve.
// - A slice that waits for W delays nothing else, because this may last as long as the source's
//   longest transaction.
// - If X does not become visible (a standby is down), the log worker gives up.
//
// LIVES OF A SERVER
//
// After a crash a server may give numbers again whose transactions were lost, so numbers of two
// lives are never compared, and an engine has an identifier for a life. The log worker sends an N
// when it has connected, even before the first transaction. With a new life, slices that are open
// hold every transaction until they are closed, which is soon: their connections are dead. A slice
// of another life than N's is not admitted and not waited for, because the new N may be in the ring
// after transactions of the old life. The start snapshot of rule 5 is then invalid too, so the
// caller drops nothing. W is lowered to the next number, which may be lower now; it is not
// forgotten, as transactions that were prepared survive.
//
// Pure, and used by the sync's thread only. It is told only about slices of tables that a log
// follows, in merge order.
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
  // The caller's number for one reading of a slice; the same when it opens again.
  using Slice = std::uint64_t;

  enum class Entry {
    kAdmitted,
    // It does not see everything that was merged. Nothing of it may be merged, and it must open
    // again at once: until it is admitted or closed the log waits.
    kRefused,
    // Transactions that the log may lack are running. It must open again later; this may take
    // hours, so the log does not wait.
    kNotWhole,
    // Its server life is not that of the log worker's last snapshot, or there was no snapshot yet.
    // It must open again after the next one; the log goes on meanwhile.
    kOtherLife,
  };
  // A slice's transaction has begun: its snapshot, and the server life that this is of.
  // `whole_from` is its table's in this life. A slice that is admitted stays open until
  // Close.
  Entry Open(Slice slice, const Snapshot& snapshot, std::string_view life,
             std::uint64_t whole_from);

  // The slice is merged to its end, or no more of it will be merged: it ended, was paused, or its
  // worker died. No effect if it is not known.
  void Close(Slice slice);

  // A snapshot of the log worker was merged; it sees the transactions after it in the ring. False:
  // it lacks transactions that an earlier one of the same life saw; the worker is faulty.
  bool MergeSnapshot(const Snapshot& snapshot, std::string_view life);

  struct Passage {
    enum class Answer {
      kPasses,
      kHeld,
      // The log worker's snapshot does not see it; the worker is faulty.
      kUnsound,
    };
    Answer answer = Answer::kPasses;
    // For kHeld: the slices that it waits for. Pausing them at a mark lets it pass.
    std::vector<Slice> holders;
    // For kHeld: when the wait began.
    Time since;
  };
  // May this transaction be merged now? Asked of the next one in the log worker's ring,
  // and again after each change until it passes.
  Passage Ask(std::uint64_t transaction, Time now);

 private:
  struct OpenSlice {
    Snapshot snapshot;
    bool refused = false;
    // Its numbers belong to the log worker's server life.
    bool comparable = true;
  };

  std::map<Slice, OpenSlice> slices_;
  std::optional<Snapshot> merged_;
  std::string life_;
  // When the transaction in question began to wait.
  std::optional<Time> held_since_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_PLAN_GATE_H_
