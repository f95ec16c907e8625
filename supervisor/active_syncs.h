// The syncs that run now: one for each connection, so many in all, each on a
// thread of its own. A client that comes back after it left its sync waits for that
// sync's end, which may have much to write to staging yet.
//
// Thread-safe.
#ifndef TRIBUTARY_SUPERVISOR_ACTIVE_SYNCS_H_
#define TRIBUTARY_SUPERVISOR_ACTIVE_SYNCS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/log.h"
#include "supervisor/abandoned_staging.h"
#include "supervisor/delivery/response_writer.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/settings.h"
#include "supervisor/status/board.h"
#include "supervisor/sync/sync.h"

namespace tributary {

// Logs and counts an Update that does not become a sync.
void TellRefused(const absl::Status& error, Metrics& metrics, const Logger& log);

class ActiveSyncs {
 public:
  // What it is given outlives this.
  ActiveSyncs(const Settings& settings, AbandonedStaging& abandoned, StatusBoard& board, Logger log,
              const Clock& clock = TheSystemClock())
      : settings_(settings),
        abandoned_(abandoned),
        board_(board),
        metrics_(board.metrics()),
        log_(std::move(log)),
        clock_(clock) {}
  // None runs any more.
  ~ActiveSyncs();

  // Starts a sync that answers on `writer`. ABORTED: its connection is syncing, for a
  // client that is there. RESOURCE_EXHAUSTED: there are --max-syncs, or there is no
  // thread for another. UNAVAILABLE: shutting down. The writer is then left to the caller.
  absl::Status Start(SyncRequest request, std::shared_ptr<ResponseWriter> writer);

  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  // All syncs stop at a checkpoint, and no other starts. Waits until they have: true;
  // false where one does not within limits::kDrainLimit, as on a disk that hangs; its
  // call ends with UNAVAILABLE then.
  bool Drain();

 private:
  // The longest that a sync waits for the one before it, and between two looks at whether
  // its client is still there.
  static constexpr std::chrono::seconds kTurnPatience{30};
  static constexpr std::chrono::milliseconds kLook{100};

  // A call of Update that has been taken.
  struct Call {
    std::shared_ptr<ResponseWriter> writer;
    // While it is its turn and it is not being taken down.
    std::unique_ptr<Sync> sync;
  };
  // Of one connection, in the order in which they came: it is the first one's turn, and
  // no other's client but the last one's is there. Never empty.
  using Calls = std::list<Call>;

  // The thread of one call.
  void Run(SyncRequest request, std::shared_ptr<ResponseWriter> writer, Doorbell bell);
  // Waits for the sync before to end. ABORTED: it does not. CANCELLED: the client has
  // gone meanwhile.
  absl::StatusOr<Sync*> TakeTurn(SyncRequest request, std::shared_ptr<ResponseWriter> writer,
                                 Doorbell bell);
  // Frees the connection, with its staging.
  void End(const std::string& connection, const ResponseWriter& writer);

  const Settings& settings_;
  AbandonedStaging& abandoned_;
  StatusBoard& board_;
  Metrics& metrics_;
  const Logger log_;
  const Clock& clock_;
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  // Of a turn or a thread.
  std::condition_variable ended_;
  // By connection.
  std::map<std::string, Calls> calls_;
  std::size_t threads_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_ACTIVE_SYNCS_H_
