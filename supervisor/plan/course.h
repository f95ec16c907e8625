// The course of one table through its phases: one table of transitions, for what happens
// between two syncs (the catalog is held against the state) and for what happens within
// one. It says what each event does to each phase; the plan and the scheduler do it.
//
// Pure: no state of its own.
#ifndef TRIBUTARY_SUPERVISOR_PLAN_COURSE_H_
#define TRIBUTARY_SUPERVISOR_PLAN_COURSE_H_

#include <optional>
#include <string_view>

#include "supervisor/checkpoint/state.h"

namespace tributary::course {

enum class Phase {
  // Nothing that was sent counts.
  kPending,
  // Slices are read, and what is done of them counts.
  kCopying,
  // All slices are done. With a log, the log has yet to pass the snapshot of the last
  // of them; without one this phase takes no time.
  kCatchingUp,
  // The destination has the table whole.
  kLive,
  // In this sync it is left as far as it has come.
  kAside,
  // The destination had it whole, and its rows are held against digests of what was sent.
  // Of what was given out since its last state nothing is known.
  kComparing,
};

enum class Event {
  // --- between two syncs: the catalog and the selection against the state ---
  kUnchanged,
  // The rows are others, or may be: the content differs, or cannot be compared.
  kContentChanged,
  // The same where digests of what was sent are at hand.
  kContentToCompare,
  // The same rows with more columns, in which all of them hold null so far.
  kColumnsAdded,
  // The same rows with other columns or types. The destination knows them by their key.
  kColumnsChanged,
  // The same where the destination cannot find a row by its key: there is none, and it
  // knows the row by all its values, or there was another.
  kColumnsChangedWithoutKey,
  kDeselected,
  // --- within a sync ---
  // Its first slice is about to be read.
  kBegun,
  // A slice's rows up to a bound are in the stream.
  kMarked,
  kAllSlicesDone,
  // The log has passed all its slices' snapshots, or there is no log.
  kLogPassed,
  // Values did not fit their types.
  kWidened,
  // A slice has read another content than the slices before it, or no longer finds its own.
  kMoved,
  // The log cannot tell what has become of the rows.
  kRestarted,
  kPutAside,
  // Each of its rows was held against what was sent.
  kCompared,
};

struct Transition {
  Phase next = Phase::kPending;
  // It has to be read in this sync.
  bool copies = false;
  // What is done counts no longer.
  bool forgets_progress = false;
  // The next first slice is preceded by TRUNCATE. Not so where the rows that the
  // destination has are the same and are replaced by key.
  bool truncates = false;
  // Its entry leaves the state, so that it is copied again when it comes back.
  bool drops_entry = false;

  bool operator==(const Transition&) const = default;
};

// Nothing: the event cannot happen in that phase.
std::optional<Transition> On(Phase phase, Event event);

// The phase of what a state says of a table. `entry` is null where it says nothing.
Phase PhaseOf(const TableState* entry);

std::string_view NameOf(Phase phase);
std::string_view NameOf(Event event);

}  // namespace tributary::course

#endif  // TRIBUTARY_SUPERVISOR_PLAN_COURSE_H_
