#include "tests/simulation/simulated_worker.h"

#include <algorithm>
#include <utility>

namespace tributary::simulation {
namespace {

Widening AsText(const std::string& column) {
  Widening widening;
  widening.set_column(column);
  widening.set_type(fivetran_sdk::v2::STRING);
  widening.add_misfits(Widening::TEXT);
  return widening;
}

}  // namespace

std::string SimulatedWorker::End(std::optional<WorkerEnd>) {
  alive_ = false;
  return "killed by the simulation";
}

absl::Status SimulatedWorker::Send(const Assignment& assignment) {
  if (!alive_) return absl::UnavailableError("the worker is gone");
  queue_.push_back(assignment);
  return absl::OkStatus();
}

absl::Status SimulatedWorker::Look() {
  return alive_ ? absl::OkStatus() : absl::UnavailableError("the worker is gone");
}

absl::StatusOr<std::optional<Frame>> SimulatedWorker::Next() {
  if (ring_.empty()) return std::nullopt;
  const auto published = std::make_shared<const Published>(std::move(ring_.front()));
  ring_.pop_front();
  return Frame{.type = published->type,
               .assignment = published->assignment,
               .records = 1,
               .payload = published->payload,
               .compact = {},
               .hold = published};
}

void SimulatedWorker::Step() {
  if (!alive_ || queue_.empty()) return;
  const Assignment assignment = queue_.front();
  if (assignment.has_read()) return Read(assignment);
  assignment.has_describe() ? Describe(assignment) : Cut(assignment);
  queue_.pop_front();
}

void SimulatedWorker::Describe(const Assignment& assignment) {
  const Catalog catalog = world_.source().Describe();
  Answer page;
  page.mutable_catalog()->set_version(catalog.version());
  page.mutable_catalog()->set_identity(catalog.identity());
  if (assignment.describe().known_version() == catalog.version()) {
    page.mutable_catalog()->set_unchanged(true);
  } else {
    for (const CatalogTable& table : catalog.tables()) {
      *page.mutable_catalog()->add_tables() = table;
      if (!OneIn(random(), 2)) continue;
      PublishAnswer(assignment.id(), page);
      page.mutable_catalog()->Clear();
    }
  }
  PublishAnswer(assignment.id(), page);
  AssignmentEnd end;
  end.set_outcome(AssignmentEnd::DONE);
  PublishEnd(assignment.id(), end);
}

void SimulatedWorker::Cut(const Assignment& assignment) {
  const bool wrong = world_.faults().cuts_are_wrong;
  if (wrong && OneIn(random(), 4)) {
    AssignmentEnd end;
    end.mutable_failure()->set_code(static_cast<int>(absl::StatusCode::kDataLoss));
    return PublishEnd(assignment.id(), end);
  }
  Answer page;
  Slices& slices = *page.mutable_slices();
  for (const auto& asked : assignment.cut().tables()) {
    Slices::Table& out = *slices.add_tables();
    for (const Range& range : asked.ranges()) {
      if (asked.access() == "key") {
        CutRange(range, out);
      } else {
        *out.add_slices() = range;
      }
    }
    // The sample, which meets what does not fit now and then.
    for (const auto& column : asked.columns()) {
      if (column.type() != fivetran_sdk::v2::STRING && OneIn(random(), 2) &&
          HoldsMisfit(asked.table(), column.name())) {
        *out.add_widen() = AsText(column.name());
      }
    }
  }
  if (wrong && OneIn(random(), 2)) Spoil(slices);
  PublishAnswer(assignment.id(), page);
  AssignmentEnd end;
  end.set_outcome(AssignmentEnd::DONE);
  PublishEnd(assignment.id(), end);
}

bool SimulatedWorker::HoldsMisfit(const std::string& table, const std::string& column) {
  const auto& tables = *world_.source().now();
  const auto found = tables.find(table);
  if (found == tables.end()) return false;
  const auto& rows = found->second.rows;
  return std::any_of(rows.begin(), rows.end(), [&column](const auto& row) {
    const auto value = row.second.find(column);
    return value != row.second.end() && IsMisfit(value->second);
  });
}

void SimulatedWorker::CutRange(const Range& range, Slices::Table& out) {
  std::string from = range.from();
  const int end = PlaceOf(range.to(), kPlaces);
  for (int place = PlaceOf(range.from(), 0) + 1; place < end; ++place) {
    if (!OneIn(random(), 6)) continue;
    Range& slice = *out.add_slices();
    slice.set_from(std::exchange(from, BoundAt(place)));
    slice.set_to(BoundAt(place));
    out.add_estimated_bytes(10);
  }
  Range& last = *out.add_slices();
  last.set_from(from);
  last.set_to(range.to());
}

void SimulatedWorker::Spoil(Slices& slices) {
  if (slices.tables_size() == 0) return;
  auto& table = *slices.mutable_tables(
      static_cast<int>(Below(random(), static_cast<std::size_t>(slices.tables_size()))));
  auto& ranges = *table.mutable_slices();
  if (ranges.empty()) return;
  switch (Below(random(), 5)) {
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

void SimulatedWorker::Read(const Assignment& assignment) {
  const ReadAssignment& read = assignment.read();
  const std::uint32_t id = assignment.id();
  if (!reading_.has_value()) {
    reading_ =
        Reading{world_.source().version(), world_.source().now(), PlaceOf(read.range().from(), 0)};
    return PublishOpened(id);
  }
  // One that reads in several transactions cannot go on once the source has changed.
  if (!read.in_one_piece() && reading_->version != world_.source().version() &&
      OneIn(random(), 8)) {
    return EndRead(id, AssignmentEnd::MOVED);
  }
  const Table& table = reading_->content->at(read.table());
  const int end = PlaceOf(read.range().to(), kPlaces);
  if (std::exchange(reading_->owes_mark, false)) {
    PublishMark(id, BoundAt(reading_->next));
    if (id <= pause_through_) EndRead(id, AssignmentEnd::PAUSED);
    return;
  }
  Message batch{.kind = Message::Kind::kRows, .table = read.table()};
  batch.keyed = read.access() == "key";
  for (std::size_t room = 1 + Below(random(), 4); room > 0 && reading_->next < end; --room) {
    const auto row = table.rows.lower_bound(reading_->next);
    if (row == table.rows.end() || row->first >= end) {
      reading_->next = end;
      break;
    }
    if (read.table() == world_.faults().poison_table &&
        row->first == world_.faults().poison_place) {
      return Kill();
    }
    Row& sent = batch.rows.emplace_back();
    for (const auto& column : read.columns()) {
      const auto value = row->second.find(column.name());
      // Dropped from the source since the catalog was made: as in SQLite, the
      // version has moved, and the read fails.
      sent[column.name()] = value == row->second.end() ? "null" : value->second;
      if (column.type() != fivetran_sdk::v2::STRING && IsMisfit(sent[column.name()])) {
        return EndRead(id, AssignmentEnd::WIDEN, column.name());
      }
    }
    reading_->next = row->first + 1;
    if (IsRemarked(row->first)) ++reading_->remarked;
  }
  if (!batch.rows.empty()) {
    const std::size_t padding = world_.faults().staging_is_tight ? 8 * Below(random(), 2048) : 0;
    const bool keyed = batch.keyed;
    PublishBatch(id,
                 world_.batches().Make(std::make_shared<const Message>(std::move(batch)), padding));
    // May lie at the slice's end, which is marked once more.
    reading_->owes_mark = keyed && OneIn(random(), 2);
    return;
  }
  if (reading_->next >= end && reading_->marked_end) return EndRead(id, AssignmentEnd::DONE);
  reading_->marked_end = reading_->next >= end;
  if (reading_->marked_end) PublishMark(id, read.range().to());
}

// Now and then in two frames, between which the worker may be killed.
void SimulatedWorker::PublishBatch(std::uint32_t assignment, std::string bytes) {
  if (OneIn(random(), 8)) {
    const std::size_t part = 1 + Below(random(), bytes.size() - 1);
    ring_.push_back({FrameType::kPart, assignment, bytes.substr(0, part)});
    bytes.erase(0, part);
    if (world_.faults().workers_die && OneIn(random(), 20)) return Kill();
  }
  ring_.push_back({FrameType::kBatch, assignment, std::move(bytes)});
}

void SimulatedWorker::PublishOpened(std::uint32_t assignment) {
  Opened opened;
  opened.set_content(reading_->version);
  ring_.push_back({FrameType::kOpened, assignment, opened.SerializeAsString()});
}

void SimulatedWorker::PublishMark(std::uint32_t assignment, const std::string& at) {
  Mark mark;
  mark.set_at(at);
  if (const std::uint64_t rows = std::exchange(reading_->remarked, 0); rows > 0) {
    ColumnRemark& remark = *mark.add_remarks();
    remark.set_what(ColumnRemark::LEFT_OUT);
    remark.set_values(rows);
  }
  ring_.push_back({FrameType::kMark, assignment, mark.SerializeAsString()});
}

void SimulatedWorker::PublishAnswer(std::uint32_t assignment, const Answer& page) {
  ring_.push_back({FrameType::kAnswer, assignment, page.SerializeAsString()});
}

void SimulatedWorker::PublishEnd(std::uint32_t assignment, const AssignmentEnd& end) {
  ring_.push_back({FrameType::kEnd, assignment, end.SerializeAsString()});
}

void SimulatedWorker::EndRead(std::uint32_t assignment, AssignmentEnd::Outcome outcome,
                              const std::string& widen) {
  AssignmentEnd end;
  end.set_outcome(outcome);
  if (!widen.empty()) *end.add_widen() = AsText(widen);
  PublishEnd(assignment, end);
  reading_.reset();
  queue_.pop_front();
}

}  // namespace tributary::simulation
