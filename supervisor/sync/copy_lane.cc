#include "supervisor/sync/copy_lane.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/pool/ask.h"
#include "supervisor/sync/messages.h"

namespace tributary {
namespace {

// Whether the sync has to wait for the source or the user, and not this table alone.
bool ConcernsAll(const absl::Status& why) {
  return absl::IsUnavailable(why) || absl::IsFailedPrecondition(why);
}

}  // namespace

// --- what is read next -------------------------------------------------------

std::optional<Order> CopyLane::Next() {
  auto work = scheduler_.Next();
  EmitTruncates();
  if (!work.has_value()) return std::nullopt;
  Order order;
  const auto* read = std::get_if<ReadWork>(&*work);
  order.kind = read == nullptr ? Order::Kind::kQuestion : Order::Kind::kRead;
  order.lane = this;
  order.ticket = ++last_ticket_;
  order.estimated_bytes = read == nullptr ? 0 : read->estimated_bytes;
  order.assignment = MakeAssignment(*work);
  under_way_.emplace(order.ticket, UnderWay{.work = *std::move(work)});
  return order;
}

Assignment CopyLane::MakeAssignment(const Work& work) const {
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
    CutAssignment::Table& to_cut = *assignment.mutable_cut()->add_tables();
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

void CopyLane::EmitTruncates() {
  for (const std::size_t table : scheduler_.TakeBegun()) {
    requests_.messages.push_back(TruncateMessage(scheduler_.table(table).name));
    remarks_.Forget(table);
  }
}

// --- what frames mean --------------------------------------------------------

bool CopyLane::Wanted(std::uint64_t ticket) const {
  const auto* read = std::get_if<ReadWork>(&At(ticket).work);
  return read == nullptr || !scheduler_.Stale(*read);
}

Verdict CopyLane::Opened(std::uint64_t ticket, const tributary::Opened& opened) {
  const ReadWork& read = ReadAt(ticket);
  if (scheduler_.Open(read, opened.version()) == Scheduler::MarkResult::kMoved) {
    RestartMoved(read.table);
  }
  return Verdict::Taken();
}

Verdict CopyLane::Marked(std::uint64_t ticket, const Mark& mark) {
  const ReadWork& read = ReadAt(ticket);
  if (mark.at().size() > limits::kMaxBoundBytes && mark.at() != read.range.to) {
    return Verdict::Broken("its mark has a bound over the size limit");
  }
  if (!Remarks::IsPlausible(mark, scheduler_.table(read.table))) {
    return Verdict::Broken("its mark has impossible remarks");
  }
  if (scheduler_.Mark(read, mark.at()) == Scheduler::MarkResult::kBroken) {
    return Verdict::Broken("its mark lies outside its slice");
  }
  // With the cursor, which is past their rows now.
  remarks_.Add(read.table, mark);
  return Verdict::Taken();
}

Verdict CopyLane::Answered(std::uint64_t ticket, const Answer& page) {
  UnderWay& cut = under_way_.at(ticket);
  const auto& asked = std::get<CutWork>(cut.work).tables;
  if (!page.has_slices()) return Verdict::Broken("its answer does not fit the question");
  cut.slices_memory += page.slices().SpaceUsedLong();
  const auto tables = static_cast<std::size_t>(cut.slices.tables_size()) +
                      static_cast<std::size_t>(page.slices().tables_size());
  if (tables > asked.size() || cut.slices_memory > limits::kMaxSlicesMemoryBytes) {
    return Verdict::Broken("its cut has more in it than was asked for");
  }
  cut.slices.MergeFrom(page.slices());
  return Verdict::Taken();
}

Verdict CopyLane::Ended(std::uint64_t ticket, const AssignmentEnd& end) {
  const UnderWay& ended = At(ticket);
  if (const auto* read = std::get_if<ReadWork>(&ended.work)) {
    const Verdict verdict = ReadEnded(ReadWork(*read), end);
    if (!verdict.broken()) under_way_.erase(ticket);
    return verdict;
  }
  if (end.outcome() != AssignmentEnd::DONE && end.outcome() != AssignmentEnd::FAILED) {
    return Verdict::Broken("its answer does not fit the question");
  }
  CutEnded(ended, end);
  under_way_.erase(ticket);
  return Verdict::Taken();
}

Verdict CopyLane::ReadEnded(const ReadWork& read, const AssignmentEnd& end) {
  if (scheduler_.Stale(read)) return Verdict::Taken();
  switch (end.outcome()) {
    case AssignmentEnd::DONE:
      if (scheduler_.Finish(read) == Scheduler::FinishResult::kBroken) {
        return Verdict::Broken("it ended a slice without a mark at its end");
      }
      break;
    case AssignmentEnd::PAUSED:
      scheduler_.GiveBack(read, /*culprit=*/false);
      break;
    case AssignmentEnd::WIDEN:
      Widen(read.table, end);
      break;
    default: {
      const absl::Status why = ToStatus(end.failure());
      if (ConcernsAll(why)) {
        scheduler_.GiveBack(read, /*culprit=*/false);
        requests_.stops_for = why;
      } else {
        SetAside(read.table, std::string(why.message()));
      }
    }
  }
  return Verdict::Taken();
}

void CopyLane::CutEnded(const UnderWay& cut, const AssignmentEnd& end) {
  const CutWork& work = std::get<CutWork>(cut.work);
  const absl::Status why =
      end.outcome() == AssignmentEnd::DONE ? absl::OkStatus() : ToStatus(end.failure());
  if (ConcernsAll(why)) {
    scheduler_.GiveBack(work, /*culprit=*/false);
    requests_.stops_for = why;
    return;
  }
  // Cutting is only a help: without it each table is read in one piece, and what is
  // wrong with one shows there.
  scheduler_.Cut(work, why.ok() ? cut.slices : Slices());
  EmitTruncates();
}

void CopyLane::Returned(std::uint64_t ticket, bool culprit, std::string_view ending) {
  const UnderWay returned = std::move(under_way_.at(ticket));
  under_way_.erase(ticket);
  if (!scheduler_.GiveBack(returned.work, culprit)) return;
  SetAside(std::get<ReadWork>(returned.work).table,
           absl::StrCat("reading it ended ", limits::kDeathsOfSlice, " workers; the last one was ",
                        std::string(ending)));
}

// --- tables that take another course -----------------------------------------

void CopyLane::Widen(std::size_t table, const AssignmentEnd& end) {
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
    requests_.messages.push_back(std::move(message));
  }
  requests_.pauses_unwanted = true;
}

void CopyLane::RestartMoved(std::size_t table) {
  Log(LogLevel::kInfo, "the source changed while a table was copied; it is read again in one piece",
      {{"table", NameOf(scheduler_.table(table))}});
  scheduler_.Restart(table, /*as_one_slice=*/true);
  requests_.pauses_unwanted = true;
}

void CopyLane::SetAside(std::size_t table, const std::string& why) {
  scheduler_.SetAside(table);
  Warn(absl::StrCat(NameOf(scheduler_.table(table)), ": put aside in this sync: ", why,
                    ". The other tables go on; the next sync tries this one again."));
  requests_.pauses_unwanted = true;
}

void CopyLane::EmitRemarks() {
  for (const std::string& text : remarks_.Take(scheduler_)) Warn(text);
}

void CopyLane::Warn(const std::string& text) {
  requests_.messages.push_back(WarningMessage(text));
  ++requests_.warnings;
}

}  // namespace tributary
