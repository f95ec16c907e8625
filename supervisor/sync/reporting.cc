// The part of Sync that reports its figures, tables, workers and log to the board.
#include <utility>

#include "common/limits.h"
#include "common/text.h"
#include "supervisor/sync/figures.h"
#include "supervisor/sync/log_lane.h"
#include "supervisor/sync/messages.h"
#include "supervisor/sync/sync.h"

namespace tributary {
namespace {

// If the log's worker has reported nothing for this long, the log is delayed.
constexpr std::chrono::seconds kLogTells{15};

}  // namespace

void Sync::SendTask(const std::string& text) {
  LogShown(world_.log, "task", text);
  epoch_.outbox()->Put(ItemKind::kBatch, TaskMessage(text));
  board_.metrics().TaskSent();
  report_.Notify(Notice::Kind::kTask, "", text);
}

void Sync::Show(const Shown& shown) {
  report_.Notify(Notice::Kind::kWarning, shown.table, shown.text);
  if (shown.put_aside.has_value() && accounts_ != nullptr) {
    accounts_->PutAside(*shown.put_aside, WithoutQuoted(shown.text));
  }
}

void Sync::Account(Member& member) {
  // Without accounts the lanes may already be destroyed.
  if (member.idle() || accounts_ == nullptr) return;
  Member::Given& first = member.given.front();
  const Clock::duration time = Now() - std::exchange(member.since, Now());
  const auto table = first.order.lane->TableOf(first.order.ticket);
  if (!table.has_value()) return;
  accounts_->Add(*table, std::exchange(first.rows, 0), std::exchange(first.bytes, 0), time);
}

void Sync::CountWorkers() {
  if (pool_ == nullptr) {
    figures_.worker_memory_bytes = 0;
    report_.ShowWorkers({});
    return;
  }
  for (Member& member : pool_->members()) Account(member);
  // Reading a process's memory means reading a file.
  const bool looks = Now() - memory_at_ >= limits::kWorkerMemoryEvery;
  if (looks) {
    memory_at_ = Now();
    figures_.worker_memory_bytes = TakeMemory(*pool_);
  }
  report_.ShowWorkers(WorkersOf(*pool_, scheduler_));
}

void Sync::CountLog() {
  if (log_ == nullptr || !log_->standing().has_value()) return;
  const auto& [told, at] = *log_->standing();
  LogFigures& log = figures_.log.emplace();
  log.lag_bytes = told.lag_bytes();
  log.lag_seconds =
      std::chrono::duration<double>(std::chrono::milliseconds(told.lag_milliseconds())).count();
  // Its worker reports every few seconds; if nothing comes, the log is delayed.
  const Clock::duration age = Now() - at;
  if (age > kLogTells) log.lag_seconds += std::chrono::duration<double>(age).count();
  log.retained_bytes = told.retained_bytes();
  log.retained_limit_bytes = told.retained_limit_bytes();
}

}  // namespace tributary
