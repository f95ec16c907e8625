// The running syncs: one for each connection, a limited number in all, each on its own thread. A
// client that left its sync and comes back waits until that sync has ended, which may still have
// much to write to staging.
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

// Logs and counts an Update call that is refused.
void TellRefused(const absl::Status& error, Metrics& metrics, const Logger& log);

class ActiveSyncs {
 public:
  // The arguments outlive the object.
  ActiveSyncs(const Settings& settings, AbandonedStaging& abandoned, StatusBoard& board, Logger log,
              const Clock& clock = TheSystemClock())
      : settings_(settings),
        abandoned_(abandoned),
        board_(board),
        metrics_(board.metrics()),
        log_(std::move(log)),
        clock_(clock) {}
  // No sync runs at destruction.
  ~ActiveSyncs();

  // Starts a sync that answers on `writer`. ABORTED: its connection is already syncing, and that
  // client is connected. RESOURCE_EXHAUSTED: --max-syncs are running, or no thread can be started.
  // UNAVAILABLE: shutting down. After an error the writer is the caller's.
  absl::Status Start(SyncRequest request, std::shared_ptr<ResponseWriter> writer);

  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  // Stops all syncs at a checkpoint and starts no others. True: all have ended. False: one has not
  // ended within limits::kDrainLimit, for example on a disk that hangs; its call then ends with
  // UNAVAILABLE.
  bool Drain();

 private:
  // The longest that a sync waits for the previous one, and how often it checks meanwhile that its
  // client is still connected.
  static constexpr std::chrono::seconds kTurnPatience{30};
  static constexpr std::chrono::milliseconds kLook{100};

  // A call of Update that has been accepted.
  struct Call {
    std::shared_ptr<ResponseWriter> writer;
    // Set while it is this call's turn and its sync is not being destroyed.
    std::unique_ptr<Sync> sync;
  };
  // The calls of one connection, in order of arrival. The first one has its turn; of the others,
  // only the last one's client is still connected. Never empty.
  using Calls = std::list<Call>;

  // The thread of one call.
  void Run(SyncRequest request, std::shared_ptr<ResponseWriter> writer, Doorbell bell);
  // Waits for the previous sync to end. ABORTED: it does not end. CANCELLED: the client has left
  // meanwhile.
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
  // Signalled at the end of a turn or of a thread.
  std::condition_variable ended_;
  // By connection.
  std::map<std::string, Calls> calls_;
  std::size_t threads_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_ACTIVE_SYNCS_H_
