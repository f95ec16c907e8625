// Reads a sync's progress from its parts, for its metrics. Each part counts in plain numbers;
// nothing is counted twice.
//
// For the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_FIGURES_H_
#define TRIBUTARY_SUPERVISOR_SYNC_FIGURES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "supervisor/delivery/outbox.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/pool/pool.h"
#include "supervisor/status/status.h"

namespace tributary {

// `stager` may be nullptr.
void ReadDelivery(const Outbox& outbox, const Stager* stager, SyncFigures& figures);
void ReadWriter(const MessageWriter& writer, SyncFigures& figures);
// `selected`: tables, including those that need no copy.
void CountTables(const Scheduler& scheduler, std::size_t selected, SyncFigures& figures);
// Bytes in the rings that are not freed yet.
std::uint64_t RingBytes(Pool& pool);
// Reads each worker's memory, stores it in the worker's place, and returns the sum.
std::uint64_t TakeMemory(Pool& pool);
// The workers' current work. `scheduler` may be nullptr.
std::vector<WorkerStatus> WorkersOf(Pool& pool, const Scheduler* scheduler);

// `done` is the result of the sync, `concluded` the status that its client gets.
SyncEnd EndOf(const absl::Status& done, const absl::Status& concluded, bool draining);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_FIGURES_H_
