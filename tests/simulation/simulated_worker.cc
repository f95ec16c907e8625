#include "tests/simulation/simulated_worker.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/destination.h"

namespace tributary::simulation {

void SimulatedWorker::Step() {
  if (!alive_ || queue_.empty()) return;
  const Given given = queue_.front();
  if (std::holds_alternative<CutWork>(given.work)) {
    Cut(given);
    queue_.pop_front();
  } else {
    Read(given);
  }
}

void SimulatedWorker::Cut(const Given& given) {
  Answer answer{given.id, std::nullopt};
  if (!faults_.cuts_are_wrong || !OneIn(random_, 4)) {
    Slices& slices = answer.slices.emplace();
    const auto& asked = std::get<CutWork>(given.work).tables;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      Slices::Table& out = *slices.add_tables();
      const auto table = source_.now()->find(given.tables[i]);
      for (const BoundRange& range : asked[i].ranges) {
        if (table->second.keyed) {
          CutRange(range, out);
        } else {
          Range& whole = *out.add_slices();
          whole.set_from(range.from);
          whole.set_to(range.to);
        }
      }
    }
    if (faults_.cuts_are_wrong && OneIn(random_, 2)) Spoil(slices);
  }
  answers_.push_back(std::move(answer));
}

void SimulatedWorker::CutRange(const BoundRange& range, Slices::Table& out) {
  std::string from = range.from;
  const int end = PlaceOf(range.to, kPlaces);
  for (int place = PlaceOf(range.from, 0) + 1; place < end; ++place) {
    if (!OneIn(random_, 6)) continue;
    Range& slice = *out.add_slices();
    slice.set_from(std::exchange(from, BoundAt(place)));
    slice.set_to(BoundAt(place));
    out.add_estimated_bytes(10);
  }
  Range& last = *out.add_slices();
  last.set_from(from);
  last.set_to(range.to);
}

void SimulatedWorker::Spoil(Slices& slices) {
  if (slices.tables_size() == 0) return;
  auto& table = *slices.mutable_tables(
      static_cast<int>(Below(random_, static_cast<std::size_t>(slices.tables_size()))));
  auto& ranges = *table.mutable_slices();
  if (ranges.empty()) return;
  switch (Below(random_, 5)) {
    case 0:
      ranges.RemoveLast();
      break;
    case 1:
      *ranges.Add() = *ranges.begin();
      break;
    case 2:
      ranges.Mutable(0)->set_from(BoundAt(3));
      break;
    case 3:
      ranges.Mutable(ranges.size() - 1)->set_to(BoundAt(kPlaces + 1));
      break;
    case 4:
      slices.clear_tables();
      break;
  }
}

void SimulatedWorker::Read(const Given& given) {
  const auto& read = std::get<ReadWork>(given.work);
  if (!reading_.has_value()) {
    reading_ = Reading{source_.version(), source_.now(), PlaceOf(read.range.from, 0)};
    ring_.push_back({.type = Frame::Type::kOpen,
                     .assignment = given.id,
                     .rows = {},
                     .at = {},
                     .version = reading_->version,
                     .widen = {}});
    return;
  }
  const Table& table = reading_->content->at(given.table);
  const int end = PlaceOf(read.range.to, kPlaces);
  if (std::exchange(reading_->owes_mark, false)) {
    Mark(given.id, BoundAt(reading_->next));
    if (given.id <= pause_through_) EndRead(given, ReadEnd::PAUSED);
    return;
  }
  Frame batch{.type = Frame::Type::kBatch,
              .assignment = given.id,
              .rows = {},
              .at = {},
              .version = {},
              .widen = {}};
  for (std::size_t room = 1 + Below(random_, 4); room > 0 && reading_->next < end; --room) {
    const auto row = table.rows.lower_bound(reading_->next);
    if (row == table.rows.end() || row->first >= end) {
      reading_->next = end;
      break;
    }
    if (given.table == faults_.poison_table && row->first == faults_.poison_place) return Kill();
    Row& sent = batch.rows.emplace_back();
    for (const auto& column : given.columns) {
      const auto value = row->second.find(column.name());
      // Dropped from the source since the catalog was made: as in SQLite, the
      // version has moved, and the read fails.
      sent[column.name()] = value == row->second.end() ? "null" : value->second;
      if (column.type() != fivetran_sdk::v2::STRING && IsMisfit(sent[column.name()])) {
        return EndRead(given, ReadEnd::WIDEN, {column.name()});
      }
    }
    reading_->next = row->first + 1;
  }
  if (!batch.rows.empty()) {
    ring_.push_back(std::move(batch));
    // May lie at the slice's end, which is marked once more.
    reading_->owes_mark = table.keyed && OneIn(random_, 2);
    return;
  }
  if (reading_->next >= end && reading_->marked_end) return EndRead(given, ReadEnd::DONE);
  reading_->marked_end = reading_->next >= end;
  if (reading_->marked_end) Mark(given.id, read.range.to);
}

void SimulatedWorker::Mark(std::uint32_t assignment, const std::string& at) {
  ring_.push_back({.type = Frame::Type::kMark,
                   .assignment = assignment,
                   .rows = {},
                   .at = at,
                   .version = reading_->version,
                   .widen = {}});
}

void SimulatedWorker::EndRead(const Given& given, ReadEnd::Outcome outcome,
                              std::vector<std::string> widen) {
  ring_.push_back({.type = Frame::Type::kEnd,
                   .assignment = given.id,
                   .rows = {},
                   .at = {},
                   .version = {},
                   .outcome = outcome,
                   .widen = std::move(widen)});
  reading_.reset();
  queue_.pop_front();
}

}  // namespace tributary::simulation
