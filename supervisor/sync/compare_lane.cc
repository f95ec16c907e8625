#include "supervisor/sync/compare_lane.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/pool/ask.h"

namespace tributary {

CompareLane::CompareLane(Scheduler& scheduler, DigestKeeper& digests, CopyLane& copies,
                         Requests& requests,
                         std::function<std::uint64_t(const TableName&)> returned,
                         SyncFigures& figures, Logger log)
    : scheduler_(scheduler),
      digests_(digests),
      copies_(copies),
      requests_(requests),
      returned_(std::move(returned)),
      figures_(figures),
      log_(std::move(log)) {}

bool CompareLane::Stale(const UnderWay& one) const {
  const Table& table = tables_[one.table];
  return table.attempt != one.attempt || !IsCompared(one.table);
}

// --- what is compared next ---------------------------------------------------

bool CompareLane::GivesTo(const Table& table, std::uint32_t worker) const {
  if (table.begun && table.waiting.empty()) return false;
  return !table.in_one_piece || table.worker == 0 || table.worker == worker;
}

std::optional<Order> CompareLane::NextOf(std::uint32_t worker) {
  if (stops_) return std::nullopt;
  for (const std::size_t index : scheduler_.TakeToCompare()) tables_.push_back({.index = index});
  std::erase_if(under_comparison_, [this](std::size_t at) { return !IsCompared(at); });
  // Work in an open transaction comes first: any other work would end the transaction.
  for (const bool open : {true, false}) {
    for (const std::size_t at : under_comparison_) {
      Table& table = tables_[at];
      if (!IsCompared(at) || !GivesTo(table, worker)) continue;
      if (open && table.worker != worker) continue;
      if (auto order = BeginAndGive(at, worker)) return order;
    }
  }
  while (next_ < tables_.size()) {
    const std::size_t at = next_++;
    if (!IsCompared(at)) continue;
    under_comparison_.insert(at);
    if (auto order = BeginAndGive(at, worker)) return order;
  }
  return std::nullopt;
}

std::optional<Order> CompareLane::BeginAndGive(std::size_t at, std::uint32_t worker) {
  Table& table = tables_[at];
  if (!table.begun && !Begin(table)) return std::nullopt;
  return Give(at, worker);
}

bool CompareLane::Begin(Table& table) {
  const TableName& name = copy(table).name;
  // Of a copy that went on: if its state comes back once more, the copy goes on from there again.
  const std::uint64_t returned = copy(table).is_compared_after ? 0 : returned_(name);
  const auto slices = digests_.BeginComparison(name, scheduler_.generation(table.index), returned);
  if (!slices.ok()) {
    CopyAgain(table, slices.status());
    return false;
  }
  table.begun = true;
  table.slices.clear();
  table.waiting.clear();
  for (const BoundRange& range : *slices) {
    table.waiting.push_back(table.slices.size());
    table.slices.push_back({.range = range});
  }
  return true;
}

std::optional<Order> CompareLane::Give(std::size_t at, std::uint32_t worker) {
  Table& table = tables_[at];
  const TableToCopy& what = copy(table);
  const std::size_t slice = table.waiting.front();
  Order order;
  order.kind = Order::Kind::kDigest;
  order.lane = this;
  order.ticket = ++last_ticket_;
  CompareAssignment& compare = *order.assignment.mutable_compare();
  const absl::Status loaded = digests_.Load(what.name, slice, compare);
  if (!loaded.ok()) {
    CopyAgain(table, loaded);
    return std::nullopt;
  }
  table.waiting.pop_front();
  if (table.in_one_piece) table.worker = worker;
  ReadAssignment& read = *compare.mutable_read();
  read.set_schema(what.name.schema);
  read.set_table(what.name.table);
  read.set_access(what.access);
  *read.mutable_columns() = what.columns;
  read.mutable_range()->set_from(table.slices[slice].range.from);
  read.mutable_range()->set_to(table.slices[slice].range.to);
  read.set_digest_secret(digests_.row_secret());
  // Within ranges of the key a row is met once, whatever is written meanwhile.
  read.set_may_differ(what.comparison == CatalogTable::RANGES);
  read.set_in_one_piece(table.moves >= limits::kMovesBeforeOnePiece);
  read.set_keeps_open(table.in_one_piece);
  order.estimated_bytes = compare.ByteSizeLong();
  under_way_.emplace(order.ticket, UnderWay{.table = at, .attempt = table.attempt, .slice = slice});
  return order;
}

// --- what frames mean --------------------------------------------------------

Verdict CompareLane::Opened(std::uint64_t ticket, const tributary::Opened& opened) {
  Table& table = tables_[under_way_.at(ticket).table];
  if (!table.content.has_value()) {
    table.content = opened.content();
  } else if (*table.content != opened.content()) {
    if (!opened.may_differ()) {
      BeginAgain(table);
      return Verdict::Taken();
    }
    table.contents_differ = true;
  }
  return Verdict::Taken();
}

Verdict CompareLane::Digested(std::uint64_t ticket, Digests digests) {
  UnderWay& one = under_way_.at(ticket);
  if (digests.at().size() > limits::kMaxBoundBytes) {
    return Verdict::Broken("its digests have a bound over the size limit");
  }
  if (digests.kind() == Digests::UNUSABLE) {
    one.unusable = true;
  } else if (digests.kind() == Digests::CHANGED) {
    one.changed = true;
  } else {
    digests_.AddCompared(copy(tables_[one.table]).name, one.slice, std::move(digests));
  }
  return Verdict::Taken();
}

Verdict CompareLane::Marked(std::uint64_t ticket, const Mark& mark) {
  const UnderWay& one = under_way_.at(ticket);
  Table& table = tables_[one.table];
  // A mark inside the slice only says where the slice may be divided.
  table.slices[one.slice].done = mark.at() == table.slices[one.slice].range.to;
  return copies_.AddRemarks(table.index, mark.remarks())
             ? Verdict::Taken()
             : Verdict::Broken("its mark has impossible remarks");
}

Verdict CompareLane::Ended(std::uint64_t ticket, const AssignmentEnd& end) {
  const UnderWay one = under_way_.at(ticket);
  const Verdict verdict = Stale(one) ? Verdict::Taken() : ReadEnded(one, end);
  if (!verdict.broken()) under_way_.erase(ticket);
  return verdict;
}

Verdict CompareLane::ReadEnded(const UnderWay& one, const AssignmentEnd& end) {
  Table& table = tables_[one.table];
  if (one.unusable) {
    CopyAgain(table,
              absl::DataLossError("a row of it has no digest that distinguishes it from others"));
    return Verdict::Taken();
  }
  switch (end.outcome()) {
    case AssignmentEnd::DONE:
      if (!table.slices[one.slice].done) {
        return Verdict::Broken("it ended a slice without a mark at its end");
      }
      if (one.changed) {
        figures_.rows_read += end.rows_read();
        CopyChanged(table);
        return Verdict::Taken();
      }
      FinishSlice(one, end);
      return Verdict::Taken();
    case AssignmentEnd::PAUSED:
    case AssignmentEnd::AGAIN:
      GiveBack(one, /*last=*/end.outcome() == AssignmentEnd::AGAIN);
      return Verdict::Taken();
    case AssignmentEnd::WIDEN:
      digests_.EndComparison(copy(table).name);
      copies_.Widen(table.index, end.widen());
      return Verdict::Taken();
    case AssignmentEnd::MOVED:
      BeginAgain(table);
      return Verdict::Taken();
    case AssignmentEnd::FAILED:
      break;
    default:
      return Verdict::Broken("its end does not fit its work");
  }
  const absl::Status why = ToStatus(end.failure());
  if (ConcernsAll(why)) {
    GiveBack(one, /*last=*/false);
    requests_.stops_for = why;
    return Verdict::Taken();
  }
  figures_.rows_read += end.rows_read();
  SetAside(table, absl::StrCat(std::string(why.message()), "; of its ", table.slices.size(),
                               " slices ", table.done,
                               " were compared to their ends, and no row that was not read is "
                               "deleted"));
  return Verdict::Taken();
}

void CompareLane::GiveBack(const UnderWay& one, bool last) {
  Table& table = tables_[one.table];
  Slice& slice = table.slices[one.slice];
  digests_.ForgetSlice(copy(table).name, one.slice);
  slice.done = false;
  last ? table.waiting.push_back(one.slice) : table.waiting.push_front(one.slice);
}

void CompareLane::Returned(std::uint64_t ticket, bool culprit, std::string_view ending) {
  const UnderWay one = under_way_.at(ticket);
  under_way_.erase(ticket);
  if (Stale(one)) return;
  Table& table = tables_[one.table];
  // Its transaction is gone too, in which the other slices were to be read.
  table.worker = 0;
  GiveBack(one, /*last=*/false);
  if (!culprit || ++table.slices[one.slice].deaths < limits::kDeathsOfSlice) return;
  SetAside(table, absl::StrCat("comparing it ended ", limits::kDeathsOfSlice,
                               " workers; the last one was ", std::string(ending)));
}

void CompareLane::FinishSlice(const UnderWay& one, const AssignmentEnd& end) {
  Table& table = tables_[one.table];
  table.rows_read += end.rows_read();
  table.rows_sent += end.rows();
  figures_.rows_read += end.rows_read();
  figures_.rows_sent += end.rows();
  table.page_digest = end.page_digest();
  digests_.FinishSlice(copy(table).name, one.slice);
  if (++table.done == table.slices.size()) Finish(table);
}

// --- tables that are done, or take another course ----------------------------

void CompareLane::Finish(Table& table) {
  const TableToCopy& what = copy(table);
  const std::uint64_t generation = digests_.FinishComparison(what.name, what.comparison);
  const bool one_content = !table.contents_differ && table.content.has_value();
  scheduler_.FinishComparison(table.index, one_content ? *table.content : "",
                              one_content ? table.page_digest : "", generation);
  if (table.rows_sent == 0) return;
  log_.Info("a table was compared", {{log_key::kTable, NameOf(what)},
                                     {"rows_read", absl::StrCat(table.rows_read)},
                                     {"rows", absl::StrCat(table.rows_sent)}});
}

void CompareLane::BeginAgain(Table& table) {
  digests_.EndComparison(copy(table).name);
  if (table.moves + 1 >= limits::kMovesOfTable) {
    SetAside(table, absl::StrCat("the source changed ", limits::kMovesOfTable,
                                 " times while it was compared"));
    return;
  }
  requests_.pauses_unwanted = true;
  const int moves = table.moves + 1;
  table = Table{
      .index = table.index, .attempt = table.attempt + 1, .moves = moves, .in_one_piece = true};
  log_.Info("the source changed while a table was compared; it is compared again in one piece",
            {{log_key::kTable, NameOf(copy(table))}});
}

void CompareLane::CopyAgain(Table& table, const absl::Status& why) {
  digests_.EndComparison(copy(table).name);
  if (IsOfTheDisk(why)) {
    requests_.stops_for = absl::UnavailableError(why.message());
    return;
  }
  log_.Warning(
      "a table is copied again, since it cannot be compared",
      {{log_key::kTable, NameOf(copy(table))}, {log_key::kError, std::string(why.message())}});
  copies_.Restart(table.index, course::Event::kRestarted);
}

void CompareLane::CopyChanged(Table& table) {
  digests_.EndComparison(copy(table).name);
  log_.Info("a table without a key has changed, and is copied again",
            {{log_key::kTable, NameOf(copy(table))}});
  copies_.Restart(table.index, course::Event::kRestarted);
}

void CompareLane::SetAside(Table& table, const std::string& why) {
  digests_.EndComparison(copy(table).name);
  copies_.SetAside(table.index, why);
}

}  // namespace tributary
