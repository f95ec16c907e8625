#include "supervisor/sync/copy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/sync/messages.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kLongestWait(200);

}  // namespace

absl::Status Copy::Run() {
  const absl::Status copied = CopyAll();
  TellRemarks();
  return copied;
}

absl::Status Copy::CopyAll() {
  for (;;) {
    if (host_.ClientGone()) return absl::CancelledError("the client is gone");
    if (host_.Draining()) {
      StopFor(absl::UnavailableError("the connector is shutting down; the next sync goes on"));
    }
    if (stopping_for_.ok()) GiveWork();
    const bool takes_more = host_.TakesMore();
    const bool merged = Merge(takes_more);
    const absl::Status pumped = host_.Pump();
    if (!pumped.ok()) return pumped;
    if (outbox_.behind() && !std::exchange(rings_detached_, true)) DetachRings();
    if (!outbox_.behind()) rings_detached_ = false;
    LookForCheckpoint();

    auto& members = pool_.members();
    const bool all_idle = std::all_of(members.begin(), members.end(),
                                      [](const Member& member) { return member.idle(); });
    if (all_idle && (scheduler_.finished() || !stopping_for_.ok())) return stopping_for_;
    // A worker whose ring is full behind a client that stands still comes to no mark;
    // what it has since the last one is read again.
    if (!stopping_for_.ok() && host_.Now() - stopping_since_ > limits::kPauseGrace) {
      return stopping_for_;
    }
    if (!merged) {
      pool_.Wait(kLongestWait, [this, takes_more](const Member& member) {
        return takes_more && TakesFramesOf(member);
      });
    }
  }
}

void Copy::LookForCheckpoint() {
  if (no_checkpoint_ || !host_.CheckpointDue()) return;
  TellRemarks();
  const absl::Status sent = host_.Checkpoint();
  if (sent.ok()) return;
  no_checkpoint_ = true;
  StopFor(sent);
}

// The client stands still with frames in its window, and these with all behind them
// keep the rings full.
void Copy::DetachRings() {
  for (Member& member : pool_.members()) {
    if (member.process != nullptr) Detach(member);
  }
}

void Copy::Detach(Member& member) {
  const absl::Status detached = member.process->ring().Detach();
  if (detached.ok()) return;
  Log(LogLevel::kWarning, "a worker waits for a slow client",
      {{"why", std::string(detached.message())}});
}

// --- giving ------------------------------------------------------------------

void Copy::GiveWork() {
  for (Member& member : pool_.members()) {
    if (member.process == nullptr) Replace(member);
  }
  // It stops where none can be started: what is given now would not be paused.
  if (!stopping_for_.ok()) return;
  // Idle workers first, so that none waits for what another has queued.
  for (const bool only_idle : {true, false}) {
    for (Member& member : pool_.members()) {
      if (member.ended || (only_idle && !member.idle())) continue;
      while (GiveOne(member) && !only_idle) {
      }
    }
  }
}

void Copy::Replace(Member& member) {
  std::erase_if(buried_rings_, [](const auto& ring) { return ring.expired(); });
  if (buried_rings_.size() > pool_.members().size()) {
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

bool Copy::GiveOne(Member& member) {
  if (!member.idle() && (member.given.size() >= limits::kQueuedAssignments ||
                         member.queued_bytes() >= limits::kQueuedAssignmentBytes ||
                         member.queued_cuts() >= limits::kQueuedCuts)) {
    return false;
  }
  auto work = scheduler_.Next();
  SendTruncates();
  if (!work.has_value()) return false;
  Assignment assignment = MakeAssignment(*work);
  pool_.Give(member, *std::move(work), std::move(assignment));
  return true;
}

Assignment Copy::MakeAssignment(const Work& work) const {
  Assignment assignment;
  if (const auto* read = std::get_if<ReadWork>(&work)) {
    const TableToCopy& table = scheduler_.table(read->table);
    ReadAssignment& to_read = *assignment.mutable_read();
    to_read.set_schema(table.name.schema);
    to_read.set_table(table.name.table);
    to_read.set_access(table.access);
    *to_read.mutable_columns() = table.columns;
    to_read.mutable_range()->set_from(read->range.from);
    to_read.mutable_range()->set_to(read->range.to);
    return assignment;
  }
  for (const CutWork::Table& cut : std::get<CutWork>(work).tables) {
    const TableToCopy& table = scheduler_.table(cut.table);
    SliceAssignment::Table& to_cut = *assignment.mutable_slice()->add_tables();
    to_cut.set_schema(table.name.schema);
    to_cut.set_table(table.name.table);
    to_cut.set_access(table.access);
    for (const BoundRange& range : cut.ranges) {
      Range& asked = *to_cut.add_ranges();
      asked.set_from(range.from);
      asked.set_to(range.to);
    }
  }
  return assignment;
}

void Copy::SendTruncates() {
  for (const std::size_t table : scheduler_.TakeBegun()) {
    outbox_.Put(ItemKind::kBatch, TruncateMessage(scheduler_.table(table).name));
    remarks_.Forget(table);
  }
}

// --- tables that take another course -----------------------------------------

void Copy::Widen(std::size_t table, const ReadEnd& end) {
  const std::vector<std::string> columns(end.widen().begin(), end.widen().end());
  if (!scheduler_.Widen(table, columns)) {
    SetAside(table, "its reader asked for wider types that it has already");
    return;
  }
  for (const std::string& column : columns) {
    Warn(absl::StrCat(NameOf(scheduler_.table(table)), ".", column,
                      ": holds values that do not fit its declared type; the column is sent as "
                      "STRING from now on, and the table is copied again."));
  }
  for (std::string& message : SchemaChangeMessages({scheduler_.table(table)})) {
    outbox_.Put(ItemKind::kBatch, std::move(message));
  }
}

void Copy::RestartMoved(std::size_t table) {
  Log(LogLevel::kInfo, "the source changed while a table was copied; it is read again in one piece",
      {{"table", NameOf(scheduler_.table(table))}});
  scheduler_.Restart(table, /*as_one_slice=*/true);
  StopStaleReads();
}

void Copy::SetAside(std::size_t table, const std::string& why) {
  scheduler_.SetAside(table);
  Warn(absl::StrCat(NameOf(scheduler_.table(table)), ": put aside in this sync: ", why,
                    ". The other tables go on; the next sync tries this one again."));
  StopStaleReads();
}

void Copy::StopStaleReads() {
  for (Member& member : pool_.members()) {
    if (member.idle() || member.ended) continue;
    const auto* read = std::get_if<ReadWork>(&member.given.front().work);
    const bool stop = read != nullptr && (scheduler_.Stale(*read) || !stopping_for_.ok());
    if (!stop) continue;
    member.process->ring().PauseThrough(member.given.front().id);
    // What it sent before would hold the space that it needs to come to a mark.
    outbox_.WantStaged();
  }
}

void Copy::TellRemarks() {
  for (const std::string& text : remarks_.Take(scheduler_)) Warn(text);
}

void Copy::Warn(const std::string& text) {
  outbox_.Put(ItemKind::kBatch, WarningMessage(text));
  ++figures_.warnings;
}

void Copy::StopFor(absl::Status why) {
  if (!stopping_for_.ok()) return;
  stopping_for_ = std::move(why);
  stopping_since_ = host_.Now();
  for (Member& member : pool_.members()) {
    if (!member.idle() && !member.ended) {
      member.process->ring().PauseThrough(member.given.back().id);
    }
  }
}

}  // namespace tributary
