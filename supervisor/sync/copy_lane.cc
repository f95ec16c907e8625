#include "supervisor/sync/copy_lane.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/pool/ask.h"
#include "supervisor/sync/follow.h"
#include "supervisor/sync/messages.h"

namespace tributary {
namespace {

// The gate's number for a slice: the table, its attempt, and the slice within it.
constexpr int kTableShift = 40;
constexpr int kAttemptShift = 24;

}  // namespace

// --- what is read next -------------------------------------------------------

std::optional<Order> CopyLane::Next() {
  if (stops_) return std::nullopt;
  if (auto order = NextTakingBack()) return order;
  auto work = scheduler_.Next();
  if (!BeginStarted() || !work.has_value()) return std::nullopt;
  Order order;
  const auto* read = std::get_if<ReadWork>(&*work);
  const bool digests = read != nullptr && MakesDigests(read->table);
  order.kind = read == nullptr ? Order::Kind::kQuestion
               : digests       ? Order::Kind::kDigest
                               : Order::Kind::kRead;
  order.lane = this;
  order.ticket = ++last_ticket_;
  order.estimated_bytes = read == nullptr ? 0 : read->estimated_bytes;
  order.assignment = MakeAssignment(*work);
  under_way_.emplace(order.ticket, UnderWay{.work = *std::move(work), .given_after = snapshots_});
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
    to_read.set_whole_from(scheduler_.whole_from(read->table));
    to_read.set_in_one_piece(scheduler_.in_one_piece(read->table));
    if (MakesDigests(read->table)) {
      to_read.set_digest_secret(digests_->row_secret());
      to_read.set_tells_intents(IsNameless(read->table));
    }
    return assignment;
  }
  for (const CutWork::Table& cut : std::get<CutWork>(work).tables) {
    const TableToCopy& table = scheduler_.table(cut.table);
    CutAssignment::Table& to_cut = *assignment.mutable_cut()->add_tables();
    to_cut.set_schema(table.name.schema);
    to_cut.set_table(table.name.table);
    to_cut.set_access(table.access);
    *to_cut.mutable_columns() = table.columns;
    for (const BoundRange& range : cut.ranges) {
      Range& asked = *to_cut.add_ranges();
      asked.set_from(range.from);
      asked.set_to(range.to);
    }
  }
  return assignment;
}

absl::StatusOr<std::uint64_t> CopyLane::BeginDigests(std::size_t table, std::uint64_t earlier) {
  const TableToCopy& copied = scheduler_.table(table);
  if (copied.method == Method::kCompare) {
    return digests_->BeginCopy(
        copied.name, earlier, IsNameless(table) ? CopiedContent::kNameless : CopiedContent::kNamed);
  }
  const absl::Status dropped = digests_->Drop(copied.name, earlier);
  if (!dropped.ok()) return dropped;
  return 0;
}

bool CopyLane::BeginStarted() {
  for (const auto& [table, earlier] : scheduler_.TakeStarted()) {
    if (digests_ == nullptr) continue;
    const auto generation = BeginDigests(table, earlier);
    // Otherwise an older state that comes back would rely on rows that are truncated now.
    if (!generation.ok()) {
      requests_.stops_for = absl::UnavailableError(generation.status().message());
      return false;
    }
    scheduler_.SetGeneration(table, *generation);
  }
  EmitTruncates();
  return true;
}

void CopyLane::EmitTruncates() {
  for (const std::size_t table : scheduler_.TakeToTruncate()) {
    requests_.messages.push_back(TruncateMessage(scheduler_.table(table).name));
    remarks_.Forget(table);
  }
}

bool CopyLane::MakesDigests(std::size_t table) const {
  return digests_ != nullptr && scheduler_.table(table).method == Method::kCompare &&
         scheduler_.generation(table) > 0;
}

void CopyLane::SettleDigests(std::size_t table) {
  if (!MakesDigests(table) || scheduler_.phase(table) != course::Phase::kLive) return;
  const TableToCopy& copied = scheduler_.table(table);
  if (!digests_->Copies(copied.name)) return;
  // Without digests the state keeps the generation's number, which later copies exceed.
  if (digests_->FinishCopy(copied.name, copied.comparison) && copied.is_compared_after) {
    scheduler_.CompareCopied(table);
    // All of its rows are read now.
    remarks_.Forget(table);
  }
}

// --- what frames mean --------------------------------------------------------

bool CopyLane::Wanted(std::uint64_t ticket) const {
  const UnderWay& one = At(ticket);
  if (one.takes_back) return !taking_back_.empty() && !IsOver(taking_back_.front());
  const auto* read = std::get_if<ReadWork>(&one.work);
  return read == nullptr || !(one.refused || scheduler_.Stale(*read));
}

bool CopyLane::Pauses(std::uint64_t ticket) const { return At(ticket).yields || !Wanted(ticket); }

std::optional<std::size_t> CopyLane::TableOf(std::uint64_t ticket) const {
  const auto* read = std::get_if<ReadWork>(&At(ticket).work);
  if (read == nullptr) return std::nullopt;
  return read->table;
}

Verdict CopyLane::Opened(std::uint64_t ticket, const tributary::Opened& opened) {
  UnderWay& opening = under_way_.at(ticket);
  if (opening.takes_back) return Verdict::Taken();
  const ReadWork read = std::get<ReadWork>(opening.work);
  if (gate_ != nullptr && scheduler_.table(read.table).method == Method::kLog) {
    const auto snapshot = ToSnapshot(opened.snapshot());
    if (!snapshot.ok()) return Verdict::Broken(std::string(snapshot.status().message()));
    if (!PassesGate(opening, *snapshot, opened.life())) {
      requests_.pauses_unwanted = true;
      return Verdict::Taken();
    }
  }
  opening.opened = true;
  const Scheduler::MarkResult result =
      scheduler_.Open(read, opened.content(), ToLogPosition(opened.bound()));
  EmitTruncates();
  if (result == Scheduler::MarkResult::kMoved) {
    if (scheduler_.table(read.table).method == Method::kLog) {
      Lose(read.table);
    } else {
      RestartMoved(read.table);
    }
  }
  return Verdict::Taken();
}

Verdict CopyLane::Marked(std::uint64_t ticket, const Mark& mark) {
  if (At(ticket).takes_back) return Verdict::Taken();
  const ReadWork& read = std::get<ReadWork>(At(ticket).work);
  if (mark.at().size() > limits::kMaxBoundBytes && mark.at() != read.range.to) {
    return Verdict::Broken("its mark has a bound over the size limit");
  }
  if (!Remarks::IsPlausible(mark.remarks(), scheduler_.table(read.table))) {
    return Verdict::Broken("its mark has impossible remarks");
  }
  if (scheduler_.Mark(read, mark.at()) == Scheduler::MarkResult::kBroken) {
    return Verdict::Broken("its mark lies outside its slice");
  }
  if (digests_ != nullptr) digests_->MarkCopied(scheduler_.table(read.table).name, ticket);
  // Together with the cursor, which is now past their rows.
  remarks_.Add(read.table, mark.remarks());
  return Verdict::Taken();
}

Verdict CopyLane::Digested(std::uint64_t ticket, tributary::Digests digests) {
  if (At(ticket).takes_back) {
    if (digests.kind() == Digests::UNUSABLE) taking_back_.front().given.known = false;
    return Verdict::Taken();
  }
  const ReadWork& read = std::get<ReadWork>(At(ticket).work);
  if (digests.at().size() > limits::kMaxBoundBytes && digests.at() != read.range.to) {
    return Verdict::Broken("its digests have a bound over the size limit");
  }
  if (digests.kind() == Digests::UNUSABLE) WarnThatItCannotBeCompared(read.table);
  digests_->AddCopied(scheduler_.table(read.table).name, ticket, read.range.from,
                      std::move(digests));
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
    return Verdict::Broken("its cut holds more than was asked for");
  }
  cut.slices.MergeFrom(page.slices());
  return Verdict::Taken();
}

Verdict CopyLane::Ended(std::uint64_t ticket, const AssignmentEnd& end) {
  const UnderWay& ended = At(ticket);
  Verdict verdict = Verdict::Taken();
  if (ended.takes_back) {
    verdict = TakingBackEnded(end);
  } else if (std::holds_alternative<ReadWork>(ended.work)) {
    verdict = ReadEnded(ticket, ended, end);
  } else if (end.outcome() == AssignmentEnd::DONE || end.outcome() == AssignmentEnd::FAILED) {
    CutEnded(ended, end);
  } else {
    verdict = Verdict::Broken("its answer does not fit the question");
  }
  if (!verdict.broken()) under_way_.erase(ticket);
  return verdict;
}

Verdict CopyLane::ReadEnded(std::uint64_t ticket, const UnderWay& ended, const AssignmentEnd& end) {
  const ReadWork& read = std::get<ReadWork>(ended.work);
  const bool stale = scheduler_.Stale(read);
  const GivenRows given = EndReading(ticket, ended);
  if (stale || !ended.refused) CloseSlice(read);
  if (stale) return Verdict::Taken();
  // However a refused slice ended: nothing of it was merged.
  if (ended.refused || end.outcome() == AssignmentEnd::PAUSED) {
    if (ended.refused || ended.yields) requests_.retries.push_back(Retry::kGate);
    GiveOutAgain(ended);
    SettleDigests(read.table);
    return Verdict::Taken();
  }
  if (end.outcome() == AssignmentEnd::AGAIN) {
    requests_.retries.push_back(Retry::kSource);
    given.any() ? ReadAgain(ended, given)
                : void(scheduler_.GiveBack(read, /*culprit=*/false, /*last=*/true));
    SettleDigests(read.table);
    return Verdict::Taken();
  }
  if (end.outcome() == AssignmentEnd::DONE) {
    if (scheduler_.Finish(read, end.page_digest()) == Scheduler::FinishResult::kBroken) {
      return Verdict::Broken("it ended a slice without a mark at its end");
    }
    SettleDigests(read.table);
    return Verdict::Taken();
  }
  if (end.outcome() == AssignmentEnd::WIDEN) {
    Widen(read.table, end.widen());
    return Verdict::Taken();
  }
  if (end.outcome() == AssignmentEnd::MOVED) {
    RestartMoved(read.table);
    return Verdict::Taken();
  }
  if (end.outcome() != AssignmentEnd::FAILED) {
    return Verdict::Broken("its end does not fit its work");
  }
  const absl::Status why = ToStatus(end.failure());
  if (ConcernsAll(why)) {
    scheduler_.GiveBack(read, /*culprit=*/false);
    requests_.stops_for = why;
  } else {
    SetAside(read.table, std::string(why.message()));
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
  // Cutting is only a help: without it each table is read in one piece, and problems show there.
  if (why.ok()) WidenCut(work, cut.slices);
  scheduler_.Cut(work, why.ok() ? cut.slices : Slices());
  BeginStarted();
}

void CopyLane::Returned(std::uint64_t ticket, bool culprit, std::string_view ending) {
  const UnderWay returned = std::move(under_way_.at(ticket));
  under_way_.erase(ticket);
  if (returned.takes_back) return TakingBackReturned(culprit, ending);
  const auto* read = std::get_if<ReadWork>(&returned.work);
  if (read != nullptr && !returned.refused) CloseSlice(*read);
  if (culprit) requests_.retries.push_back(Retry::kWorkerEnded);
  GivenRows given;
  if (read != nullptr) given = EndReading(ticket, returned);
  bool fatal = false;
  if (given.any() && !scheduler_.Stale(*read)) {
    fatal = culprit && scheduler_.Died(*read);
    if (!fatal) ReadAgain(returned, std::move(given));
  } else {
    fatal = scheduler_.GiveBack(returned.work, culprit);
  }
  if (read != nullptr) SettleDigests(read->table);
  if (!fatal) return;
  SetAside(read->table, absl::StrCat("reading it ended ", limits::kDeathsOfSlice,
                                     " workers; the last one was ", std::string(ending)));
}

// --- slices of tables that have a log ----------------------------------------

Gate::Slice CopyLane::SliceOf(const ReadWork& read) {
  return (Gate::Slice{read.table} << kTableShift) | (Gate::Slice{read.attempt} << kAttemptShift) |
         read.slice;
}

bool CopyLane::PassesGate(UnderWay& opening, const Snapshot& snapshot, std::string_view life) {
  const ReadWork& read = std::get<ReadWork>(opening.work);
  const Gate::Slice slice = SliceOf(read);
  const Gate::Entry entry = gate_->Open(slice, snapshot, life, scheduler_.whole_from(read.table));
  refused_.erase(slice);
  if (entry == Gate::Entry::kAdmitted) return true;
  opening.refused = true;
  opening.again = entry == Gate::Entry::kRefused    ? Again::kFirst
                  : entry == Gate::Entry::kNotWhole ? Again::kLast
                                                    : Again::kAfterSnapshot;
  if (entry != Gate::Entry::kRefused) return false;
  stops_ ? gate_->Close(slice) : void(refused_.insert(slice));
  return false;
}

void CopyLane::GiveOutAgain(const UnderWay& ended) {
  const ReadWork& read = std::get<ReadWork>(ended.work);
  // It opened after it was given out. If no snapshot has come since, it belongs to a newer server
  // life, and the log worker will send a snapshot of that life. Otherwise the next snapshot may be
  // far away.
  if (ended.again == Again::kAfterSnapshot && ended.given_after == snapshots_) {
    wait_for_snapshot_.push_back(read);
  } else {
    scheduler_.GiveBack(read, /*culprit=*/false, ended.again == Again::kLast);
  }
}

void CopyLane::CloseSlice(const ReadWork& read) {
  if (gate_ == nullptr) return;
  refused_.erase(SliceOf(read));
  gate_->Close(SliceOf(read));
}

void CopyLane::CloseRefused(std::size_t table) {
  std::erase_if(refused_, [this, table](Gate::Slice slice) {
    if (slice >> kTableShift != table) return false;
    gate_->Close(slice);
    return true;
  });
}

void CopyLane::StopGiving() {
  stops_ = true;
  for (const Gate::Slice slice : std::exchange(refused_, {})) gate_->Close(slice);
}

void CopyLane::Yield(const std::vector<Gate::Slice>& slices) {
  for (auto& [ticket, one] : under_way_) {
    const auto* read = std::get_if<ReadWork>(&one.work);
    if (read == nullptr || one.yields || one.takes_back) continue;
    if (std::find(slices.begin(), slices.end(), SliceOf(*read)) == slices.end()) continue;
    one.yields = true;
    requests_.pauses_unwanted = true;
  }
}

void CopyLane::ReopenWaiting() {
  ++snapshots_;
  for (const ReadWork& read : std::exchange(wait_for_snapshot_, {})) {
    scheduler_.GiveBack(read, /*culprit=*/false);
  }
}

}  // namespace tributary
