#include "tests/simulation/logged_worker.h"

#include <utility>

#include "tests/simulation/cuts.h"

namespace tributary::simulation {

absl::Status LoggedWorker::Steer(const FollowOrder& order) {
  if (!alive()) return absl::UnavailableError("the worker is gone");
  // Between two assignments an order is too late for the first; the next assignment contains it.
  if (following_ != nullptr) {
    following_->Take(order);
  } else if (has_work()) {
    orders_.push_back(order);
  }
  return absl::OkStatus();
}

void LoggedWorker::Work(const Assignment& assignment) {
  if (assignment.has_describe()) return Describe(assignment.id());
  if (assignment.has_cut()) return Cut(assignment);
  if (assignment.has_read()) return Read(assignment);
  if (following_ == nullptr) {
    following_id_ = assignment.id();
    LogFollower::Ring& ring = *this;
    following_ = std::make_unique<LogFollower>(world(), source_, rules_, ring, assignment.follow());
    for (const FollowOrder& order : std::exchange(orders_, {})) following_->Take(order);
  }
  following_->Step();
}

void LoggedWorker::Describe(std::uint32_t assignment) {
  Answer page;
  *page.mutable_catalog() = source_.Describe();
  Publish(FrameType::kAnswer, assignment, page.SerializeAsString());
  EndAssignment(assignment, AssignmentEnd::DONE);
}

void LoggedWorker::Cut(const Assignment& assignment) {
  Answer page;
  for (const auto& asked : assignment.cut().tables()) {
    Slices::Table& out = *page.mutable_slices()->add_tables();
    for (const Range& range : asked.ranges()) CutRange(random(), range, kBlocks, out);
  }
  if (world().faults().cuts_are_wrong && OneIn(random(), 3)) {
    Spoil(random(), *page.mutable_slices());
  }
  Publish(FrameType::kAnswer, assignment.id(), page.SerializeAsString());
  EndAssignment(assignment.id(), AssignmentEnd::DONE);
}

// The server has crashed during the read.
void LoggedWorker::LoseConnection(std::uint32_t assignment) {
  if (!OneIn(random(), 4)) return Kill();
  AssignmentEnd end;
  end.set_outcome(AssignmentEnd::FAILED);
  end.mutable_failure()->set_code(static_cast<int>(absl::StatusCode::kUnavailable));
  reading_.reset();
  following_.reset();
  EndAssignment(assignment, end);
}

void LoggedWorker::Read(const Assignment& assignment) {
  const ReadAssignment& read = assignment.read();
  const std::uint32_t id = assignment.id();
  if (!reading_.has_value()) return Open(assignment);
  if (reading_->life != source_.life()) return LoseConnection(id);
  const int end = PlaceOf(read.range().to(), kBlocks);
  if (std::exchange(reading_->owes_mark, false)) {
    Mark mark;
    mark.set_at(reading_->next >= end ? read.range().to() : BoundAt(reading_->next));
    Publish(FrameType::kMark, id, mark.SerializeAsString());
    const bool whole = reading_->next >= end;
    if (!whole && !IsToPause(id)) return;
    reading_.reset();
    return EndAssignment(id, whole ? AssignmentEnd::DONE : AssignmentEnd::PAUSED);
  }
  if (read.table() == world().faults().poison_table &&
      reading_->next == world().faults().poison_place) {
    return Kill();
  }
  // One block, in one or several batches.
  Message batch{.kind = Message::Kind::kRows, .table = read.table()};
  for (std::size_t room = 1 + Below(random(), 3); room > 0; --room) {
    const auto row = reading_->rows.find(reading_->next);
    if (row == reading_->rows.end()) break;
    Row& sent = batch.rows.emplace_back();
    for (const auto& column : read.columns()) {
      const auto value = row->second.find(column.name());
      sent[column.name()] = value == row->second.end() ? "null" : value->second;
    }
    reading_->rows.erase(row);
  }
  if (!batch.rows.empty()) {
    PublishBatch(id, world().batches().Make(std::make_shared<const Message>(std::move(batch)), 0));
    return;
  }
  ++reading_->next;
  reading_->owes_mark = reading_->next >= end || OneIn(random(), 2);
}

void LoggedWorker::Open(const Assignment& assignment) {
  const ReadAssignment& read = assignment.read();
  if (IsToPause(assignment.id())) return EndAssignment(assignment.id(), AssignmentEnd::PAUSED);
  auto lock = source_.Lock(read.table());
  if (lock == nullptr) return;
  const Snapshot snapshot = source_.TakeSnapshot();
  // A reader that does not wait is refused.
  if (snapshot.all_before < read.whole_from() && !OneIn(random(), 20)) return;
  reading_ = Reading{source_.life(), source_.RowsSeenBy(read.table(), snapshot), std::move(lock),
                     PlaceOf(read.range().from(), 0)};
  Opened opened;
  opened.set_content(source_.ContentOf(read.table()));
  *opened.mutable_snapshot() = ToProto(snapshot);
  opened.set_life(source_.life());
  opened.mutable_bound()->set_commit(rules_.left_out == Rule::kLogPassesCopy ? 0
                                                                             : source_.log_end());
  Publish(FrameType::kOpened, assignment.id(), opened.SerializeAsString());
}

void LoggedWorker::Given(Published& frame) {
  if (frame.type == FrameType::kLog) {
    LogReport report;
    report.ParseFromString(frame.payload);
    if (report.has_snapshot()) rules_.merged = report.snapshot();
  }
  if (frame.type != FrameType::kOpened) return;
  Opened opened;
  opened.ParseFromString(frame.payload);
  rules_.Misstate(opened);
  frame.payload = opened.SerializeAsString();
}

// --- what the follower writes ------------------------------------------------

void LoggedWorker::PutReport(const LogReport& report) {
  Publish(FrameType::kLog, following_id_, report.SerializeAsString());
}

void LoggedWorker::PutChanges(std::vector<Change> changes) {
  Message batch{.kind = Message::Kind::kChanges};
  batch.changes = std::move(changes);
  const std::size_t padding = world().faults().staging_is_tight ? 8 * Below(random(), 2048) : 0;
  PublishBatch(following_id_,
               world().batches().Make(std::make_shared<const Message>(std::move(batch)), padding));
}

void LoggedWorker::PutEnd(const AssignmentEnd& end) {
  following_.reset();
  EndAssignment(following_id_, end);
}

}  // namespace tributary::simulation
