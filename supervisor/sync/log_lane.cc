#include "supervisor/sync/log_lane.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/pool/ask.h"
#include "supervisor/sync/follow.h"
#include "supervisor/sync/messages.h"

namespace tributary {
namespace {

// How long a transaction waits for a slice before the slice must stop at a mark: if the client
// reads nothing, a slice could delay the log without limit.
constexpr std::chrono::seconds kSlicePatience{5};

}  // namespace

std::optional<Order> LogLane::Next() {
  if (under_way_ || over_) return std::nullopt;
  Order order;
  order.kind = Order::Kind::kFollow;
  order.lane = this;
  FollowAssignment& follow = *order.assignment.mutable_follow();
  if (state_.log_position != LogPosition()) {
    *follow.mutable_from() = ToLogPlace(state_.log_position);
  }
  if (confirmed_ != LogPosition()) *follow.mutable_confirmed() = ToLogPlace(confirmed_);
  follow.set_life(state_.log_life);
  for (std::size_t i = 0; i < scheduler_.tables(); ++i) {
    if (!IsFollowed(static_cast<std::uint32_t>(i))) continue;
    *follow.add_tables() = ToFollow(scheduler_, i);
  }
  under_way_ = true;
  told_to_finish_ = copies_since_ = false;
  return order;
}

void LogLane::Look(Clock::time_point now) {
  now_ = now;
  copies_since_ = copies_since_ || (told_to_finish_ && !copies_.finished());
  if (!under_way_ || told_to_finish_ || !copies_.finished()) return;
  told_to_finish_ = true;
  FollowOrder finish;
  finish.set_finish(true);
  requests_.steers.push_back(std::move(finish));
}

Verdict LogLane::Logged(std::uint64_t, const LogReport& report) {
  switch (report.report_case()) {
    case LogReport::kSnapshot:
      return TakeSnapshot(report.snapshot());
    case LogReport::kTransaction:
      return TakeTransaction(report.transaction());
    case LogReport::kPosition:
      return TakePosition(report.position());
    case LogReport::kJoined:
      return TakeJoined(report.joined());
    case LogReport::kChanged:
      return TakeChanged(report.changed());
    case LogReport::kLost:
      return TakeLost(report.lost());
    case LogReport::kRemarks:
      return IsFollowed(report.remarks().table()) &&
                     copies_.AddRemarks(report.remarks().table(), report.remarks().remarks())
                 ? Verdict::Taken()
                 : Verdict::Broken("its log has impossible remarks");
    case LogReport::kRemark:
      requests_.Warn(log_, {.table = {}, .text = report.remark()});
      return Verdict::Taken();
    case LogReport::kStanding:
      standing_ = {report.standing(), now_};
      return Verdict::Taken();
    case LogReport::REPORT_NOT_SET:
      break;
  }
  return Verdict::Broken("a report of the log is empty");
}

Verdict LogLane::TakeSnapshot(const LogSnapshot& taken) {
  const auto snapshot = ToSnapshot(taken.snapshot());
  if (!snapshot.ok()) return Verdict::Broken(std::string(snapshot.status().message()));
  if (!gate_.MergeSnapshot(*snapshot, taken.life())) {
    return Verdict::Broken("its snapshot lacks what an earlier one saw");
  }
  // Both at once, so that no state has the numbers of one life and the identifier of another.
  if (state_.log_life != taken.life()) scheduler_.ForgetStarts();
  state_.log_life = taken.life();
  copies_.ReopenWaiting();
  return Verdict::Taken();
}

Verdict LogLane::TakeTransaction(std::uint64_t transaction) {
  const Gate::Passage passage = gate_.Ask(transaction, now_);
  switch (passage.answer) {
    case Gate::Passage::Answer::kPasses:
      return Verdict::Taken();
    case Gate::Passage::Answer::kUnsound:
      return Verdict::Broken("it handed out a transaction that its snapshot does not see");
    case Gate::Passage::Answer::kHeld:
      if (now_ - passage.since > kSlicePatience) copies_.Yield(passage.holders);
      return Verdict::Later();
  }
  return Verdict::Taken();
}

Verdict LogLane::TakePosition(const LogPlace& place) {
  const LogPosition position = ToLogPosition(place);
  if (position < state_.log_position) return Verdict::Broken("its log position went back");
  state_.log_position = position;
  for (const std::size_t table : scheduler_.PassLog(position)) {
    FollowOrder live;
    live.set_live(static_cast<std::uint32_t>(table));
    requests_.steers.push_back(std::move(live));
  }
  return Verdict::Taken();
}

Verdict LogLane::TakeJoined(const Joined& joined) {
  if (!IsFollowed(joined.table()))
    return Verdict::Broken("it joined a table that it does not have");
  const auto start = ToSnapshot(joined.start());
  if (!start.ok()) return Verdict::Broken("a table joined with an impossible snapshot");
  // The next sync begins it.
  if (copies_.stops()) return Verdict::Taken();
  if (scheduler_.JoinsOtherContent(joined.table(), joined.revision(), joined.content())) {
    copies_.Lose(joined.table());
    return Verdict::Taken();
  }
  if (copies_.RequestCheckpointBeforeTruncate()) return Verdict::Later();
  // From an earlier attempt: the table joins once more.
  scheduler_.Join(joined.table(), joined.revision(), joined.whole_from(), *start, joined.content());
  copies_.BeginStarted();
  return Verdict::Taken();
}

Verdict LogLane::TakeChanged(const TableChanged& changed) {
  if (!IsFollowed(changed.table()))
    return Verdict::Broken("it changed a table that it does not have");
  const std::string before = scheduler_.table(changed.table()).columns_digest;
  const TableToCopy& table =
      scheduler_.ChangeColumns(changed.table(), changed.columns(), changed.origins());
  if (table.columns_digest == before) return Verdict::Taken();
  for (std::string& message : SchemaChangeMessages({table})) {
    requests_.messages.push_back(std::move(message));
  }
  // Its slices have been read without the new columns, and changes that they have seen may have
  // been left out.
  const course::Phase phase = scheduler_.phase(changed.table());
  if (phase == course::Phase::kCopying || phase == course::Phase::kCatchingUp) {
    copies_.Restart(changed.table(), course::Event::kRestarted);
  }
  return Verdict::Taken();
}

Verdict LogLane::TakeLost(std::uint32_t table) {
  if (!IsFollowed(table)) return Verdict::Broken("it lost a table that it does not have");
  copies_.Lose(table);
  return Verdict::Taken();
}

Verdict LogLane::Ended(std::uint64_t, const AssignmentEnd& end) {
  under_way_ = false;
  switch (end.outcome()) {
    case AssignmentEnd::DONE:
      if (!told_to_finish_) return Verdict::Broken("it left the log without being asked to");
      // If a table's copy began again meanwhile, the log is followed once more: it must pass what
      // the new slices saw.
      over_ = copies_.finished() && !copies_since_;
      return Verdict::Taken();
    case AssignmentEnd::PAUSED:
      return Verdict::Taken();
    case AssignmentEnd::EARLY:
      over_ = true;
      requests_.stops_for = absl::OkStatus();
      return Verdict::Taken();
    case AssignmentEnd::FAILED:
      over_ = true;
      requests_.stops_for = ToStatus(end.failure());
      return Verdict::Taken();
    default:
      return Verdict::Broken("its end does not fit its work");
  }
}

void LogLane::Returned(std::uint64_t, bool, std::string_view ending) {
  under_way_ = false;
  requests_.retries.push_back(Retry::kWorkerEnded);
  deaths_ = state_.log_position == death_at_ ? deaths_ + 1 : 1;
  death_at_ = state_.log_position;
  if (deaths_ < limits::kDeathsOfSlice) return;
  over_ = true;
  requests_.stops_for = absl::FailedPreconditionError(absl::StrCat(
      "follow the log: ", limits::kDeathsOfSlice, " workers ended at one position of the log (",
      state_.log_position.commit, "); the last one was ", std::string(ending),
      ". Report this with the connector's log; a re-sync begins after this position."));
}

bool LogLane::IsFollowed(std::uint32_t table) const {
  return table < scheduler_.tables() && scheduler_.table(table).method == Method::kLog;
}

}  // namespace tributary
