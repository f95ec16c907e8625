#include "supervisor/sync/figures.h"

#include "absl/strings/str_cat.h"
#include "supervisor/sync/lane.h"

namespace tributary {

void ReadDelivery(const Outbox& outbox, const Stager* stager, SyncFigures& figures) {
  figures.merged = {outbox.put_messages(), outbox.put_bytes()};
  figures.read_back = outbox.read_back();
  figures.client_stalls = outbox.client_stalls();
  if (stager == nullptr) return;
  figures.staged = {stager->staged_position(), stager->staged_bytes()};
  figures.staging_bytes = stager->bytes_on_disk();
}

void ReadWriter(const MessageWriter& writer, SyncFigures& figures) {
  figures.sent = {writer.sent_messages(), writer.sent_bytes()};
}

void CountTables(const Scheduler& scheduler, std::size_t selected, SyncFigures& figures) {
  using course::Phase;
  figures.tables_pending = scheduler.In(Phase::kPending);
  figures.tables_copying = scheduler.In(Phase::kCopying) + scheduler.In(Phase::kCatchingUp) +
                           scheduler.In(Phase::kComparing);
  figures.tables_aside = scheduler.In(Phase::kAside);
  figures.tables_live = selected - scheduler.tables() + scheduler.In(Phase::kLive);
}

std::uint64_t RingBytes(Pool& pool) {
  std::uint64_t bytes = 0;
  for (const Member& member : pool.members()) {
    if (member.process != nullptr) bytes += member.process->ring().bytes_held();
  }
  return bytes;
}

std::uint64_t TakeMemory(Pool& pool) {
  std::uint64_t bytes = 0;
  for (Member& member : pool.members()) {
    member.memory_bytes = member.process == nullptr ? 0 : member.process->memory_bytes();
    bytes += member.memory_bytes;
  }
  return bytes;
}

std::vector<WorkerStatus> WorkersOf(Pool& pool, const Scheduler* scheduler) {
  std::vector<WorkerStatus> workers;
  for (const Member& member : pool.members()) {
    if (member.process == nullptr) continue;
    WorkerStatus& worker = workers.emplace_back();
    worker.number = member.number;
    worker.pid = member.process->pid();
    worker.memory_bytes = member.memory_bytes;
    worker.ring_bytes = member.process->ring().bytes_held();
    worker.doing = "waits";
    if (member.idle()) continue;
    const Order& order = member.given.front().order;
    const auto table = order.lane->TableOf(order.ticket);
    if (order.kind == Order::Kind::kFollow) {
      worker.doing = "follows the log";
    } else if (order.kind == Order::Kind::kQuestion) {
      worker.doing = "cuts tables into slices";
    } else if (table.has_value() && scheduler != nullptr) {
      worker.doing = absl::StrCat("reads ", NameOf(scheduler->table(*table)));
    } else {
      worker.doing = "reads";
    }
  }
  return workers;
}

SyncEnd EndOf(const absl::Status& done, const absl::Status& concluded, bool draining) {
  if (concluded.ok()) return absl::IsFailedPrecondition(done) ? SyncEnd::kTask : SyncEnd::kOk;
  if (absl::IsCancelled(concluded)) return SyncEnd::kCancelled;
  if (absl::IsUnavailable(concluded) && draining) return SyncEnd::kDrained;
  // Another process has the connection's staging.
  if (absl::IsAborted(concluded)) return SyncEnd::kRefused;
  return SyncEnd::kFailed;
}

}  // namespace tributary
