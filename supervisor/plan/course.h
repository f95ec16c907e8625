// The course of one table through its phases: one table of transitions, for events between two
// syncs (the catalog is compared with the state) and for events within one. It says what each event
// does in each phase; the plan and the scheduler do it.
//
// Pure: no state of its own.
#ifndef TRIBUTARY_SUPERVISOR_PLAN_COURSE_H_
#define TRIBUTARY_SUPERVISOR_PLAN_COURSE_H_

#include <optional>
#include <string_view>

#include "supervisor/checkpoint/state.h"

namespace tributary::course {

enum class Phase {
  // No rows that were sent count.
  kPending,
  // Slices are being read, and their done parts count.
  kCopying,
  // All slices are done. If there is a log, it has yet to pass the last slice's snapshot; without
  // one this phase takes no time.
  kCatchingUp,
  // The destination has the whole table.
  kLive,
  // It is not read any further in this sync.
  kAside,
  // The destination had the whole table, and its rows are compared with digests of the rows that
  // were sent. It is not known what arrived after the last state.
  kComparing,
};

enum class Event {
  // --- between two syncs: the catalog and the selection against the state ---
  kUnchanged,
  // The rows are or may be different: the content differs, or cannot be compared.
  kContentChanged,
  // The same, and digests of the sent rows are available. Also within a sync, when a copy that went
  // on from an earlier one is done.
  kContentToCompare,
  // The same rows with more columns, which are null in all of them so far.
  kColumnsAdded,
  // The same rows with other columns or types. The destination finds rows by their key.
  kColumnsChanged,
  // The same, and the destination cannot find rows by their key: there is no key, so it finds rows
  // by all values, or the key has changed.
  kColumnsChangedWithoutKey,
  kDeselected,
  // --- within a sync ---
  // Its first slice is about to be read.
  kBegun,
  // A slice's rows up to a bound are in the stream.
  kMarked,
  kAllSlicesDone,
  // The log has passed the snapshots of all its slices, or there is no log.
  kLogPassed,
  // Values did not fit their types.
  kWidened,
  // A slice has read another content than earlier slices, or its content no longer exists.
  kMoved,
  // The log cannot say what happened to the rows.
  kRestarted,
  kPutAside,
  // Each of its rows was compared with the rows that were sent.
  kCompared,
};

struct Transition {
  Phase next = Phase::kPending;
  // It has to be read in this sync.
  bool copies = false;
  // The done parts no longer count.
  bool forgets_progress = false;
  // TRUNCATE precedes its first slice. Not used if the destination's rows are the same and are
  // replaced by key.
  bool truncates = false;
  // Its entry is removed from the state, so that the table is copied again when it comes back.
  bool drops_entry = false;

  bool operator==(const Transition&) const = default;
};

// Empty: the event cannot happen in that phase.
std::optional<Transition> On(Phase phase, Event event);

// The phase of a table in a state. `entry` is null if the state has none.
Phase PhaseOf(const TableState* entry);

std::string_view NameOf(Phase phase);
std::string_view NameOf(Event event);

}  // namespace tributary::course

#endif  // TRIBUTARY_SUPERVISOR_PLAN_COURSE_H_
