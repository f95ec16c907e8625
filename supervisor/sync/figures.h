// Reads how far a sync has come from its parts, for its metrics. Each part counts
// in plain numbers where it works; nothing is counted twice.
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
// `selected`: tables, those that need no copy included.
void CountTables(const Scheduler& scheduler, std::size_t selected, SyncFigures& figures);
// Bytes in the rings that are not freed yet.
std::uint64_t RingBytes(Pool& pool);
// Looks at each worker's memory, keeps it in its place, and gives what it comes to.
std::uint64_t TakeMemory(Pool& pool);
// What the workers do now. `scheduler` may be nullptr.
std::vector<WorkerStatus> WorkersOf(Pool& pool, const Scheduler* scheduler);

// `done` is what the sync came to, `concluded` what its client is told.
SyncEnd EndOf(const absl::Status& done, const absl::Status& concluded, bool draining);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_FIGURES_H_
