// A SmallSource, its copy in two slices and its log, around the real Gate: small enough to try all
// interleavings of its events.
//
// A slice takes a snapshot, asks to open, and then sends its block's rows as the snapshot sees
// them. The log worker hands out transactions in the order of their commits, and reads again what
// the log lacks. The destination is the result of everything that was merged.
//
// A World is a value; the events that may occur next are a list.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_PLAN_GATE_WORLD_H_
#define TRIBUTARY_TESTS_SUPERVISOR_PLAN_GATE_WORLD_H_

#include <array>
#include <cstdint>
#include <string>

#include "supervisor/plan/gate.h"
#include "tests/supervisor/plan/small_source.h"

namespace tributary::gate_world {

// A rule of supervisor/plan/gate.h that is left out.
enum class Wrong {
  kNothing,
  kNoGate,          // The log does not wait for open slices.
  kEarly,           // Transactions are handed out before they are visible.
  kLateNotRefused,  // Slices open whatever was merged before.
  kNotWholeFrom,    // Transactions that the log has not whole are not waited for.
  kDropByOther,     // Changes are dropped by a snapshot that is not the oldest.
  kLiveTooEarly,    // Live before the log has passed the slices' positions.
  kNoReadingAgain,  // Missing values are never read again.
};

class World {
 public:
  World(const Script& script, Wrong wrong);

  static constexpr int kEvents = kTransactions + kBlocks + 5;
  // False if the event cannot occur now; then nothing has changed.
  bool Happen(int event);

  // Everything is committed, copied and merged.
  bool Ended() const;
  const Rows& destination() const { return destination_; }
  Rows Current() const { return source_.RowsSeenBy(source_.visible()); }

  // Two worlds of the same script with equal keys have the same future.
  std::string Key() const;

 private:
  enum class Reading : std::uint8_t { kIdle, kOpening, kRefused, kOpen, kDone };
  struct Slice {
    Reading stage = Reading::kIdle;
    View view;
    std::uint8_t log_position = 0;

    bool HasView() const { return stage == Reading::kOpening || stage == Reading::kOpen; }
  };
  struct Frame {
    enum class What : std::uint8_t { kSnapshot, kJoined, kTransaction } what;
    View view;
    std::uint8_t transaction = 0;
    Changes changes;
  };

  bool Join();
  bool Start();
  bool StepSlice(int slice);
  void Open(int slice);
  void Read(int slice);
  bool BecomeLive();
  bool HandOut();
  bool Merge();
  bool MayPass(int transaction);
  void Apply(const Changes& changes);

  bool Copied() const;
  bool IsDropped(const SmallSource::Transaction& transaction) const;

  const Wrong wrong_;
  SmallSource source_;

  // Whether the table is in the log; whether its start snapshot was taken; whether this was merged.
  bool joined_ = false;
  bool started_ = false;
  bool may_copy_ = false;
  std::uint64_t whole_from_ = 0;
  std::uint64_t start_ = 0;
  std::uint8_t bound_ = 0;
  bool live_ = false;
  std::array<Slice, kBlocks> slices_;

  // The log worker's snapshot, and the last merged one.
  View log_view_;
  Set merged_view_ = 0;
  std::uint8_t handed_out_ = 0;
  std::uint8_t merged_ = 0;
  absl::InlinedVector<Frame, 4> ring_;
  Gate gate_;
  Rows destination_;
};

}  // namespace tributary::gate_world

#endif  // TRIBUTARY_TESTS_SUPERVISOR_PLAN_GATE_WORLD_H_
