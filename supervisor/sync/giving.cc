// The part of Merger that gives work to workers, replaces those that ended, and returns
// what they had to its lanes. Its rules are in merger.h.
#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/sync/merger.h"

namespace tributary {

void Merger::GiveWork() {
  for (Member& member : pool_.members()) {
    if (member.process == nullptr) Replace(member);
  }
  // The sync stops if no worker can be started; work given out now would not be paused.
  if (stopping_for_.has_value()) return;
  // Idle workers first, so that no worker idles while another has queued work.
  for (const bool only_idle : {true, false}) {
    for (Member& member : pool_.members()) {
      if (member.ended || (only_idle && !member.idle())) continue;
      while (AssignNext(member) && !only_idle) {
      }
    }
  }
}

bool Merger::AssignNext(Member& member) {
  if (!member.idle() &&
      (member.role == WorkerRole::kLog || member.given.size() >= limits::kQueuedAssignments ||
       member.queued_bytes() >= limits::kQueuedAssignmentBytes ||
       member.queued_questions() >= limits::kQueuedCuts)) {
    return false;
  }
  for (Lane* lane : lanes_) {
    if (lane->role() != member.role) continue;
    auto order = lane->NextOf(member.number);
    ApplyRequests();
    if (!order.has_value()) continue;
    pool_.Give(member, *std::move(order));
    return true;
  }
  return false;
}

void Merger::Replace(Member& member) {
  std::erase_if(held_rings_, [](const auto& ring) { return ring.expired(); });
  if (held_rings_.size() > pool_.members().size()) {
    outbox_.WantStaged();
    return;
  }
  const absl::Status started =
      deaths_in_row_ < limits::kDeathsInRow
          ? pool_.Replace(member)
          : absl::UnavailableError(absl::StrCat(limits::kDeathsInRow,
                                                " workers in a row ended before "
                                                "they had read anything; see the log for how"));
  if (!started.ok()) StopFor(absl::UnavailableError(started.message()));
}

void Merger::PauseUnwanted() {
  for (Member& member : pool_.members()) {
    if (member.idle() || member.ended) continue;
    const Member::Given& first = member.given.front();
    const bool stops = first.order.kind != Order::Kind::kQuestion &&
                       (stopping_for_.has_value() || first.order.lane->Pauses(first.order.ticket));
    if (!stops) continue;
    member.process->ring().PauseThrough(first.id);
    // Its earlier frames would hold the space that it needs to reach a mark.
    outbox_.WantStaged();
  }
}

void Merger::ReturnWorkOf(Member& member) {
  ++deaths_;
  ++deaths_in_row_;
  host_.Account(member);
  log_.Warning("a worker ended and is replaced",
               {{log_key::kWorker, absl::StrCat(member.number)}, {log_key::kEnded, member.ending}});
  // From the last to the first, so that the work returns to the queue in order.
  std::deque<Member::Given> given = std::exchange(member.given, {});
  for (auto one = given.rbegin(); one != given.rend(); ++one) {
    const bool culprit = one + 1 == given.rend();
    one->order.lane->Returned(one->order.ticket, culprit, member.ending);
    ApplyRequests();
  }
  DropParts(member);
  member.waiting.reset();
  if (member.process != nullptr) held_rings_.push_back(member.process->ring().lifetime());
  member.process.reset();
  member.ended = true;
}

}  // namespace tributary
