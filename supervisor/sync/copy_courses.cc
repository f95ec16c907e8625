// The part of CopyLane for tables that begin again or are put aside, and the Warnings about it.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/plan/course.h"
#include "supervisor/sync/copy_lane.h"
#include "supervisor/sync/follow.h"
#include "supervisor/sync/messages.h"
#include "supervisor/sync/widening_warning.h"

namespace tributary {

void CopyLane::Widen(std::size_t table,
                     const google::protobuf::RepeatedPtrField<Widening>& columns) {
  const bool again = scheduler_.phase(table) != course::Phase::kPending;
  const std::vector<Widening> taken = scheduler_.Widen(table, columns);
  if (taken.empty()) {
    SetAside(table, "its reader asked for types that its columns already have");
    return;
  }
  Warn(table, WideningWarning(scheduler_.table(table), taken, again));
  for (std::string& message : SchemaChangeMessages({scheduler_.table(table)})) {
    requests_.messages.push_back(std::move(message));
  }
  if (again) requests_.retries.push_back(Retry::kWidened);
  TakeOtherCourse(table);
}

void CopyLane::WidenCut(const CutWork& work, const Slices& slices) {
  const auto answered =
      std::min(work.tables.size(), static_cast<std::size_t>(slices.tables_size()));
  for (std::size_t i = 0; i < answered; ++i) {
    const auto& widen = slices.tables(static_cast<int>(i)).widen();
    if (!widen.empty() && !scheduler_.Stale(work.tables[i])) Widen(work.tables[i].table, widen);
  }
}

void CopyLane::RestartMoved(std::size_t table) {
  if (scheduler_.moves(table) + 1 >= limits::kMovesOfTable) {
    SetAside(table,
             absl::StrCat("the source changed ", limits::kMovesOfTable,
                          " times while it was read, and the client is too slow for it to be "
                          "read in one piece; switch a SQLite database to WAL "
                          "(PRAGMA journal_mode=WAL)"));
    return;
  }
  Restart(table, course::Event::kMoved);
  log_.Info(scheduler_.in_one_piece(table)
                ? "the source changes while a table is copied; it is read again in one piece"
                : "the source changed while a table was copied; it is read again as one slice",
            {{log_key::kTable, NameOf(scheduler_.table(table))}});
}

void CopyLane::Lose(std::size_t table, const std::string& why) {
  scheduler_.Forget(table);
  if (scheduler_.phase(table) == course::Phase::kAside) return;
  if (scheduler_.moves(table) + 1 >= limits::kMovesOfTable) {
    SetAside(table, absl::StrCat(why, " ", limits::kMovesOfTable, " times in this sync"));
    return;
  }
  Restart(table, course::Event::kRestarted);
  log_.Info("a table is copied again",
            {{log_key::kTable, NameOf(scheduler_.table(table))}, {log_key::kError, why}});
}

void CopyLane::Restart(std::size_t table, course::Event why) {
  scheduler_.Restart(table, why);
  requests_.retries.push_back(why == course::Event::kMoved ? Retry::kMoved : Retry::kRewritten);
  TakeOtherCourse(table);
}

void CopyLane::TakeOtherCourse(std::size_t table) {
  CloseRefused(table);
  requests_.pauses_unwanted = true;
  if (scheduler_.table(table).method != Method::kLog) return;
  begins_again_ = true;
  FollowOrder order;
  *order.mutable_restart() = ToFollow(scheduler_, table);
  requests_.steers.push_back(std::move(order));
}

bool CopyLane::RequestCheckpointBeforeTruncate() {
  if (!std::exchange(begins_again_, false)) return false;
  requests_.checkpoint = true;
  return true;
}

void CopyLane::SetAside(std::size_t table, const std::string& why) {
  scheduler_.SetAside(table);
  Warn(table,
       absl::StrCat(NameOf(scheduler_.table(table)), ": put aside in this sync: ", why,
                    ". The other tables go on; the next sync tries this one again."),
       /*put_aside=*/true);
  CloseRefused(table);
  requests_.pauses_unwanted = true;
}

void CopyLane::WarnThatItCannotBeCompared(std::size_t table) {
  if (!cannot_be_compared_.insert(table).second) return;
  Warn(table, absl::StrCat(NameOf(scheduler_.table(table)),
                           ": cannot be compared, so all its rows are sent again, from TRUNCATE, "
                           "when it may have changed: a key in it is longer than ",
                           limits::kMaxDigestKeyBytes / limits::kKiB,
                           " KiB, or it has too many rows that share one slice. Shorten that key, "
                           "or deselect the table."));
}

bool CopyLane::AddRemarks(std::size_t table, const ColumnRemarks& remarks) {
  if (!Remarks::IsPlausible(remarks, scheduler_.table(table))) return false;
  remarks_.Add(table, remarks);
  return true;
}

void CopyLane::EmitRemarks() {
  for (const Remarks::Text& one : remarks_.Take(scheduler_)) Warn(one.table, one.text);
}

void CopyLane::Warn(std::size_t table, const std::string& text, bool put_aside) {
  const std::string name = NameOf(scheduler_.table(table));
  requests_.Warn(log_.With(log_key::kTable, name),
                 {name, text, put_aside ? std::optional<std::size_t>(table) : std::nullopt});
}

}  // namespace tributary
