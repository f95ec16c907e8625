// The part of CopyLane for tables whose content has no name: rows that were sent and whose slice is
// read again are deleted first.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/pool/ask.h"
#include "supervisor/sync/copy_lane.h"

namespace tributary {
namespace {

constexpr char kUnknown[] =
    "reading it stopped after rows were sent whose keys are not known, so they cannot be deleted";

}  // namespace

bool CopyLane::IsNameless(std::size_t table) const {
  const TableToCopy& copied = scheduler_.table(table);
  return copied.method != Method::kLog && copied.content.empty();
}

// --- rows whose slice is read again ------------------------------------------

GivenRows CopyLane::EndReading(std::uint64_t ticket, const UnderWay& ended) {
  const ReadWork& read = std::get<ReadWork>(ended.work);
  GivenRows given;
  if (digests_ != nullptr) given = digests_->EndCopied(scheduler_.table(read.table).name, ticket);
  if (!IsNameless(read.table) || MakesDigests(read.table)) return given;
  // Without digests, rows may have been given out since the last mark, and nobody knows which.
  given.known = !ended.opened || scheduler_.Stale(read) || scheduler_.IsDone(read);
  return given;
}

void CopyLane::ReadAgain(const UnderWay& ended, GivenRows given) {
  TakeBack(std::get<ReadWork>(ended.work).table, std::move(given), std::get<ReadWork>(ended.work));
}

void CopyLane::TakeBack(std::size_t table, GivenRows given, std::optional<ReadWork> then) {
  if (!given.known) {
    Lose(table, kUnknown);
    return;
  }
  taking_back_.push_back({.table = table,
                          .attempt = scheduler_.attempt(table),
                          .given = std::move(given),
                          .then = std::move(then)});
  if (taking_back_.back().given.records.empty() && taking_back_.size() == 1) TakenBack();
}

void CopyLane::Resume() {
  for (std::size_t table = 0; table < scheduler_.tables(); ++table) {
    const std::uint64_t generation = scheduler_.generation(table);
    if (scheduler_.phase(table) != course::Phase::kCopying || generation == 0) continue;
    const TableName& name = scheduler_.table(table).name;
    if (digests_ == nullptr || scheduler_.table(table).method != Method::kCompare) {
      // The copy goes on without digests.
      scheduler_.SetGeneration(table, 0);
    } else if (!scheduler_.table(table).takes_back_first) {
      digests_->ResumeCopy(name, generation);
    } else {
      TakeBack(table, digests_->ResumeNamelessCopy(name), std::nullopt);
    }
  }
}

// --- its keys are deleted ----------------------------------------------------

bool CopyLane::IsOver(const TakingBack& one) const {
  return scheduler_.attempt(one.table) != one.attempt ||
         scheduler_.phase(one.table) != course::Phase::kCopying;
}

std::optional<Order> CopyLane::NextTakingBack() {
  while (!taking_back_.empty() && taking_back_.front().with_worker == 0) {
    TakingBack& first = taking_back_.front();
    if (IsOver(first)) {
      taking_back_.pop_front();
      continue;
    }
    if (first.deleted == first.given.records.size()) {
      TakenBack();
      continue;
    }
    Order order;
    order.kind = Order::Kind::kDigest;
    order.lane = this;
    order.ticket = ++last_ticket_;
    CompareAssignment& compare = *order.assignment.mutable_compare();
    const auto loaded = digests_->LoadGiven(first.given, first.deleted, compare);
    if (IsOfTheDisk(loaded.status())) {
      requests_.stops_for = absl::UnavailableError(loaded.status().message());
      return std::nullopt;
    }
    if (!loaded.ok()) {
      GiveUpTakingBack();
      continue;
    }
    const TableToCopy& table = scheduler_.table(first.table);
    compare.set_reads_nothing(true);
    ReadAssignment& read = *compare.mutable_read();
    read.set_schema(table.name.schema);
    read.set_table(table.name.table);
    *read.mutable_columns() = table.columns;
    read.set_digest_secret(digests_->row_secret());
    order.estimated_bytes = compare.ByteSizeLong();
    first.with_worker = *loaded;
    under_way_.emplace(order.ticket, UnderWay{.work = ReadWork{.table = first.table,
                                                               .attempt = first.attempt,
                                                               .slice = 0,
                                                               .range = {},
                                                               .estimated_bytes = 0},
                                              .takes_back = true,
                                              .given_after = snapshots_});
    return order;
  }
  return std::nullopt;
}

Verdict CopyLane::TakingBackEnded(const AssignmentEnd& end) {
  TakingBack& first = taking_back_.front();
  const std::size_t loaded = std::exchange(first.with_worker, 0);
  if (IsOver(first)) return Verdict::Taken();
  if (end.outcome() != AssignmentEnd::DONE && end.outcome() != AssignmentEnd::FAILED) {
    first.with_worker = loaded;
    return Verdict::Broken("its end does not fit its work");
  }
  if (end.outcome() == AssignmentEnd::FAILED) {
    const absl::Status why = ToStatus(end.failure());
    if (ConcernsAll(why)) {
      requests_.stops_for = why;
    } else {
      SetAside(first.table, std::string(why.message()));
    }
  } else if (!first.given.known) {
    GiveUpTakingBack();
  } else {
    first.deleted += loaded;
    if (first.deleted == first.given.records.size()) TakenBack();
  }
  return Verdict::Taken();
}

void CopyLane::TakingBackReturned(bool culprit, std::string_view ending) {
  TakingBack& first = taking_back_.front();
  first.with_worker = 0;
  if (!culprit || IsOver(first) || ++first.deaths < limits::kDeathsOfSlice) return;
  SetAside(first.table,
           absl::StrCat("deleting rows that are read again ended ", limits::kDeathsOfSlice,
                        " workers; the last one was ", std::string(ending)));
}

void CopyLane::GiveUpTakingBack() {
  const std::size_t table = taking_back_.front().table;
  taking_back_.pop_front();
  Lose(table, kUnknown);
}

void CopyLane::TakenBack() {
  const TakingBack done = std::move(taking_back_.front());
  taking_back_.pop_front();
  digests_->TakenBack(scheduler_.table(done.table).name, done.given.generation);
  scheduler_.SetGeneration(done.table, done.given.generation);
  if (!done.then.has_value()) {
    scheduler_.GoOn(done.table);
    return;
  }
  scheduler_.GiveBack(*done.then, /*culprit=*/false);
  SettleDigests(done.table);
}

}  // namespace tributary
