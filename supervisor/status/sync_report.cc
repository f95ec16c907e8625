#include "supervisor/status/sync_report.h"

#include <algorithm>
#include <numeric>

#include "common/limits.h"
#include "common/text.h"
#include "supervisor/status/running.h"

namespace tributary {
namespace {

// A table's share of the copy.
double Weight(const TableStatus& table) {
  return static_cast<double>(std::max<std::uint64_t>(table.estimated_bytes, 1));
}

// The done part of its weight.
double Done(const TableStatus& table) {
  // A table that is put aside has nothing left to do in this sync.
  if (table.phase == "live" || table.phase == "catching up" || table.phase == "aside") {
    return Weight(table);
  }
  if (table.slices == 0) return 0;
  return Weight(table) * static_cast<double>(table.slices_done) / static_cast<double>(table.slices);
}

}  // namespace

SyncReport::SyncReport(StatusBoard& board, const std::string& connection, const std::string& source,
                       const std::string& database, const Clock& clock)
    : board_(board),
      clock_(clock),
      meter_(board.metrics_, connection, clock),
      table_meter_(board.metrics_, connection),
      running_(std::make_shared<StatusBoard::Running>()) {
  running_->sync.connection = connection;
  running_->sync.source = source;
  running_->sync.database = database;
  running_->sync.started = clock.WallNow();
  running_->started = clock.Now();
  const std::lock_guard lock(board_.mutex_);
  running_->sync.number = ++board_.syncs_;
  board_.running_.push_back(running_);
}

SyncReport::~SyncReport() {
  const std::lock_guard lock(board_.mutex_);
  board_.running_.remove(running_);
}

void SyncReport::ShowStep(std::string_view step) {
  const std::lock_guard lock(board_.mutex_);
  running_->sync.step = step;
}

void SyncReport::Show(const SyncFigures& figures) {
  meter_.Show(figures);
  {
    const std::lock_guard lock(board_.mutex_);
    running_->sync.figures = figures;
    if (std::exchange(checkpoints_, figures.checkpoints) < figures.checkpoints) {
      running_->sync.last_checkpoint = clock_.WallNow();
    }
  }
  if (clock_.Now() - paced_at_ < limits::kPaceEvery) return;
  paced_at_ = clock_.Now();
  NotePace();
  if (board_.table_metrics_ > 0) ShowLargest();
}

void SyncReport::NotePace() {
  const std::lock_guard lock(board_.mutex_);
  RunningSync& sync = running_->sync;
  PacePoint point;
  point.seconds = std::chrono::duration<double>(clock_.Now() - running_->started).count();
  point.records = sync.figures.records;
  point.bytes = sync.figures.merged.bytes;
  point.progress = sync.progress;
  std::transform(sync.figures.waits.begin(), sync.figures.waits.end(), point.waits.begin(),
                 [](Clock::duration wait) { return std::chrono::duration<double>(wait).count(); });
  sync.pace.push_back(point);
  if (sync.pace.size() > limits::kPacePoints) sync.pace.pop_front();
}

// Only the sync's thread changes the tables, so it reads them without the mutex.
void SyncReport::ShowLargest() {
  const auto& tables = running_->tables;
  std::vector<std::size_t> order(tables.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t count = std::min(board_.table_metrics_, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&tables](std::size_t a, std::size_t b) {
                      const auto key = [&tables](std::size_t i) {
                        return std::max(tables[i].status.bytes, tables[i].status.estimated_bytes);
                      };
                      return std::pair(key(a), b) > std::pair(key(b), a);
                    });
  std::vector<TableMeter::Table> largest;
  for (std::size_t i = 0; i < count; ++i) {
    const TableStatus& table = tables[order[i]].status;
    largest.push_back({.name = table.name,
                       .rows = table.rows,
                       .bytes = table.bytes,
                       .slices_done = table.slices_done,
                       .slices_to_do = table.slices - std::min(table.slices, table.slices_done)});
  }
  table_meter_.Show(largest);
}

void SyncReport::ShowWorkers(std::vector<WorkerStatus> workers) {
  const std::lock_guard lock(board_.mutex_);
  running_->sync.workers = std::move(workers);
}

void SyncReport::ShowTables(std::vector<TableStatus> tables) {
  const std::lock_guard lock(board_.mutex_);
  running_->tables.clear();
  running_->tables.reserve(tables.size());
  running_->to_copy = running_->copied = 0;
  for (TableStatus& table : tables) {
    running_->to_copy += Weight(table);
    running_->copied += Done(table);
    running_->tables.push_back({std::move(table), ++version_});
  }
  running_->sync.tables = running_->tables.size();
  running_->sync.tables_version = version_;
  running_->sync.progress = running_->to_copy == 0 ? 1 : running_->copied / running_->to_copy;
}

void SyncReport::ShowChanged(std::vector<std::pair<std::size_t, TableStatus>> changed) {
  if (changed.empty()) return;
  const std::lock_guard lock(board_.mutex_);
  for (auto& [index, status] : changed) {
    StatusBoard::Running::Table& table = running_->tables[index];
    running_->copied -= Done(table.status);
    status.name = std::move(table.status.name);
    status.estimated_bytes = table.status.estimated_bytes;
    table.status = std::move(status);
    table.version = ++version_;
    running_->copied += Done(table.status);
  }
  running_->sync.tables_version = version_;
  running_->sync.progress = std::clamp(running_->copied / running_->to_copy, 0.0, 1.0);
}

void SyncReport::Notify(Notice::Kind kind, const std::string& table, std::string_view text) {
  Notice notice{.kind = kind,
                .when = clock_.WallNow(),
                .connection = running_->sync.connection,
                .table = table,
                .text = Shortened(WithoutQuoted(text), limits::kMaxNoticeBytes)};
  const std::lock_guard lock(board_.mutex_);
  board_.notices_.push_front(std::move(notice));
  if (board_.notices_.size() > limits::kNoticesOnBoard) board_.notices_.pop_back();
}

void SyncReport::End(SyncEnd end, std::string_view error) {
  meter_.End(end);
  if (end == SyncEnd::kRefused) return;
  const SyncFigures& figures = running_->sync.figures;
  board_.Remember(running_->sync,
                  {.started = running_->sync.started,
                   .ended = clock_.WallNow(),
                   .outcome = end,
                   .records = figures.records,
                   .bytes = figures.sent.bytes,
                   .error = Shortened(WithoutQuoted(error), limits::kMaxNoticeBytes)});
}

}  // namespace tributary
