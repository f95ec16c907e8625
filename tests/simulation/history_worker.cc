#include "tests/simulation/history_worker.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/cuts.h"

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

void HistoryWorker::Work(const Assignment& assignment) {
  if (assignment.has_read()) return Read(assignment);
  assignment.has_describe() ? Describe(assignment) : Cut(assignment);
}

void HistoryWorker::Describe(const Assignment& assignment) {
  const Catalog catalog = source_.Describe();
  Answer page;
  page.mutable_catalog()->set_version(catalog.version());
  page.mutable_catalog()->set_identity(catalog.identity());
  if (assignment.describe().known_version() == catalog.version()) {
    page.mutable_catalog()->set_unchanged(true);
  } else {
    for (const CatalogTable& table : catalog.tables()) {
      *page.mutable_catalog()->add_tables() = table;
      if (!OneIn(random(), 2)) continue;
      Publish(FrameType::kAnswer, assignment.id(), page.SerializeAsString());
      page.mutable_catalog()->Clear();
    }
  }
  Publish(FrameType::kAnswer, assignment.id(), page.SerializeAsString());
  EndAssignment(assignment.id(), AssignmentEnd::DONE);
}

void HistoryWorker::Cut(const Assignment& assignment) {
  const bool wrong = world().faults().cuts_are_wrong;
  if (wrong && OneIn(random(), 4)) {
    AssignmentEnd end;
    end.mutable_failure()->set_code(static_cast<int>(absl::StatusCode::kDataLoss));
    return EndAssignment(assignment.id(), end);
  }
  Answer page;
  Slices& slices = *page.mutable_slices();
  for (const auto& asked : assignment.cut().tables()) {
    Slices::Table& out = *slices.add_tables();
    for (const Range& range : asked.ranges()) {
      if (asked.access() == "key") {
        CutRange(random(), range, kPlaces, out);
      } else {
        *out.add_slices() = range;
      }
    }
    // The sample sometimes contains a value that does not fit.
    for (const auto& column : asked.columns()) {
      if (column.type() != fivetran_sdk::v2::STRING && OneIn(random(), 2) &&
          HoldsMisfit(asked.table(), column.name())) {
        *out.add_widen() = AsText(column.name());
      }
    }
  }
  if (wrong && OneIn(random(), 2)) Spoil(random(), slices);
  Publish(FrameType::kAnswer, assignment.id(), page.SerializeAsString());
  EndAssignment(assignment.id(), AssignmentEnd::DONE);
}

bool HistoryWorker::HoldsMisfit(const std::string& table, const std::string& column) {
  const auto& tables = *source_.now();
  const auto found = tables.find(table);
  if (found == tables.end()) return false;
  const auto& rows = found->second.rows;
  return std::any_of(rows.begin(), rows.end(), [&column](const auto& row) {
    const auto value = row.second.find(column);
    return value != row.second.end() && IsMisfit(value->second);
  });
}

void HistoryWorker::Read(const Assignment& assignment) {
  const ReadAssignment& read = assignment.read();
  const std::uint32_t id = assignment.id();
  if (!reading_.has_value()) {
    reading_ = Reading{source_.version(), source_.now(), PlaceOf(read.range().from(), 0)};
    return PublishOpened(id);
  }
  // A read that uses several transactions cannot go on after the source has changed.
  if (!read.in_one_piece() && reading_->version != source_.version() && OneIn(random(), 8)) {
    return EndRead(id, AssignmentEnd::MOVED);
  }
  const Table& table = reading_->content->at(read.table());
  const int end = PlaceOf(read.range().to(), kPlaces);
  if (std::exchange(reading_->owes_mark, false)) {
    PublishMark(id, BoundAt(reading_->next));
    if (IsToPause(id)) EndRead(id, AssignmentEnd::PAUSED);
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
    if (read.table() == world().faults().poison_table &&
        row->first == world().faults().poison_place) {
      return Kill();
    }
    Row& sent = batch.rows.emplace_back();
    for (const auto& column : read.columns()) {
      const auto value = row->second.find(column.name());
      // The column was dropped from the source after the catalog was made: as with SQLite, the
      // version has changed and the read fails.
      sent[column.name()] = value == row->second.end() ? "null" : value->second;
      if (column.type() != fivetran_sdk::v2::STRING && IsMisfit(sent[column.name()])) {
        return EndRead(id, AssignmentEnd::WIDEN, column.name());
      }
    }
    reading_->next = row->first + 1;
    if (IsRemarked(row->first)) ++reading_->remarked;
  }
  if (!batch.rows.empty()) {
    const std::size_t padding = world().faults().staging_is_tight ? 8 * Below(random(), 2048) : 0;
    const bool keyed = batch.keyed;
    PublishBatch(
        id, world().batches().Make(std::make_shared<const Message>(std::move(batch)), padding));
    // The mark may be at the slice's end, where another mark follows.
    reading_->owes_mark = keyed && OneIn(random(), 2);
    return;
  }
  if (reading_->next >= end && reading_->marked_end) return EndRead(id, AssignmentEnd::DONE);
  reading_->marked_end = reading_->next >= end;
  if (reading_->marked_end) PublishMark(id, read.range().to());
}

void HistoryWorker::PublishOpened(std::uint32_t assignment) {
  Opened opened;
  opened.set_content(reading_->version);
  Publish(FrameType::kOpened, assignment, opened.SerializeAsString());
}

void HistoryWorker::PublishMark(std::uint32_t assignment, const std::string& at) {
  Mark mark;
  mark.set_at(at);
  if (const std::uint64_t rows = std::exchange(reading_->remarked, 0); rows > 0) {
    ColumnRemark& remark = *mark.add_remarks();
    remark.set_what(ColumnRemark::LEFT_OUT);
    remark.set_values(rows);
  }
  Publish(FrameType::kMark, assignment, mark.SerializeAsString());
}

void HistoryWorker::EndRead(std::uint32_t assignment, AssignmentEnd::Outcome outcome,
                            const std::string& widen) {
  AssignmentEnd end;
  end.set_outcome(outcome);
  if (!widen.empty()) *end.add_widen() = AsText(widen);
  EndAssignment(assignment, end);
  reading_.reset();
}

}  // namespace tributary::simulation
