#include "supervisor/plan/course.h"

#include <array>

namespace tributary::course {
namespace {

struct Row {
  Phase phase;
  Event event;
  Transition transition;
};

constexpr Transition kRest(Phase next) { return {.next = next}; }
// The done part stays, and the rest is read.
constexpr Transition kGoesOn(Phase next) { return {.next = next, .copies = true}; }
// From TRUNCATE.
constexpr Transition kFromNothing{
    .next = Phase::kPending, .copies = true, .forgets_progress = true, .truncates = true};
// Replaces the rows that the destination has.
constexpr Transition kOver{.next = Phase::kPending, .copies = true, .forgets_progress = true};
constexpr Transition kDropped{.next = Phase::kPending, .drops_entry = true};

constexpr std::array kRows = {
    Row{Phase::kPending, Event::kUnchanged, kFromNothing},
    Row{Phase::kPending, Event::kContentChanged, kFromNothing},
    Row{Phase::kPending, Event::kColumnsAdded, kFromNothing},
    Row{Phase::kPending, Event::kColumnsChanged, kFromNothing},
    Row{Phase::kPending, Event::kColumnsChangedWithoutKey, kFromNothing},
    Row{Phase::kPending, Event::kDeselected, kDropped},
    Row{Phase::kPending, Event::kBegun, kGoesOn(Phase::kCopying)},
    Row{Phase::kPending, Event::kWidened, kFromNothing},
    Row{Phase::kPending, Event::kRestarted, kFromNothing},
    Row{Phase::kPending, Event::kPutAside, kRest(Phase::kAside)},

    Row{Phase::kCopying, Event::kUnchanged, kGoesOn(Phase::kCopying)},
    Row{Phase::kCopying, Event::kContentChanged, kFromNothing},
    Row{Phase::kCopying, Event::kColumnsAdded, kGoesOn(Phase::kCopying)},
    // The destination's rows are incomplete, and the entry would no longer say so.
    Row{Phase::kCopying, Event::kColumnsChanged, kFromNothing},
    Row{Phase::kCopying, Event::kColumnsChangedWithoutKey, kFromNothing},
    Row{Phase::kCopying, Event::kDeselected, kDropped},
    Row{Phase::kCopying, Event::kMarked, kGoesOn(Phase::kCopying)},
    Row{Phase::kCopying, Event::kAllSlicesDone, kRest(Phase::kCatchingUp)},
    Row{Phase::kCopying, Event::kWidened, kFromNothing},
    Row{Phase::kCopying, Event::kMoved, kFromNothing},
    Row{Phase::kCopying, Event::kRestarted, kFromNothing},
    Row{Phase::kCopying, Event::kPutAside, kRest(Phase::kAside)},

    Row{Phase::kCatchingUp, Event::kUnchanged, kRest(Phase::kCatchingUp)},
    Row{Phase::kCatchingUp, Event::kContentChanged, kFromNothing},
    Row{Phase::kCatchingUp, Event::kColumnsAdded, kRest(Phase::kCatchingUp)},
    Row{Phase::kCatchingUp, Event::kColumnsChanged, kFromNothing},
    Row{Phase::kCatchingUp, Event::kColumnsChangedWithoutKey, kFromNothing},
    Row{Phase::kCatchingUp, Event::kDeselected, kDropped},
    Row{Phase::kCatchingUp, Event::kLogPassed, kRest(Phase::kLive)},
    Row{Phase::kCatchingUp, Event::kWidened, kFromNothing},
    Row{Phase::kCatchingUp, Event::kRestarted, kFromNothing},
    Row{Phase::kCatchingUp, Event::kPutAside, kRest(Phase::kAside)},

    Row{Phase::kLive, Event::kUnchanged, kRest(Phase::kLive)},
    Row{Phase::kLive, Event::kContentChanged, kFromNothing},
    Row{Phase::kLive, Event::kContentToCompare, kGoesOn(Phase::kComparing)},
    Row{Phase::kLive, Event::kColumnsAdded, kRest(Phase::kLive)},
    Row{Phase::kLive, Event::kColumnsChanged, kOver},
    Row{Phase::kLive, Event::kColumnsChangedWithoutKey, kFromNothing},
    Row{Phase::kLive, Event::kDeselected, kDropped},
    Row{Phase::kLive, Event::kWidened, kFromNothing},
    Row{Phase::kLive, Event::kRestarted, kFromNothing},
    Row{Phase::kLive, Event::kPutAside, kRest(Phase::kAside)},

    Row{Phase::kComparing, Event::kCompared, kRest(Phase::kLive)},
    Row{Phase::kComparing, Event::kWidened, kFromNothing},
    Row{Phase::kComparing, Event::kRestarted, kFromNothing},
    Row{Phase::kComparing, Event::kPutAside, kRest(Phase::kAside)},
};

}  // namespace

std::optional<Transition> On(Phase phase, Event event) {
  for (const Row& row : kRows) {
    if (row.phase == phase && row.event == event) return row.transition;
  }
  return std::nullopt;
}

Phase PhaseOf(const TableState* entry) {
  if (entry == nullptr) return Phase::kPending;
  if (entry->phase == tributary::Phase::kLive) return Phase::kLive;
  return entry->done.complete() ? Phase::kCatchingUp : Phase::kCopying;
}

std::string_view NameOf(Phase phase) {
  switch (phase) {
    case Phase::kPending:
      return "pending";
    case Phase::kCopying:
      return "copying";
    case Phase::kCatchingUp:
      return "catching up";
    case Phase::kLive:
      return "live";
    case Phase::kAside:
      return "aside";
    case Phase::kComparing:
      return "comparing";
  }
  return "";
}

std::string_view NameOf(Event event) {
  constexpr std::array<std::string_view, 16> kNames = {
      "unchanged",       "content changed", "content to compare",
      "columns added",   "columns changed", "columns changed, without key",
      "deselected",      "begun",           "marked",
      "all slices done", "log passed",      "widened",
      "moved",           "restarted",       "put aside",
      "compared"};
  return kNames.at(static_cast<std::size_t>(event));
}

}  // namespace tributary::course
