// The syncs that run now: one for each connection, so many in all, each on a
// thread of its own.
//
// Thread-safe.
#ifndef TRIBUTARY_SUPERVISOR_ACTIVE_SYNCS_H_
#define TRIBUTARY_SUPERVISOR_ACTIVE_SYNCS_H_

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "supervisor/delivery/response_writer.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/settings.h"
#include "supervisor/sync/sync.h"

namespace tributary {

class ActiveSyncs {
 public:
  // Both outlive this.
  ActiveSyncs(const Settings& settings, Metrics& metrics)
      : settings_(settings), metrics_(metrics) {}
  // Waits for all of them.
  ~ActiveSyncs();

  // Starts a sync that answers on `writer`. ABORTED: its connection is syncing.
  // RESOURCE_EXHAUSTED: there are --max-syncs, or there is no thread for another.
  // UNAVAILABLE: shutting down. The writer is then left to the caller.
  absl::Status Start(SyncRequest request, std::shared_ptr<ResponseWriter> writer);

  bool draining() const { return draining_.load(std::memory_order_relaxed); }
  // All syncs stop at a checkpoint, and no other starts. Waits until they have.
  void Drain();

 private:
  // The thread of one sync.
  void Run(const std::string& connection, Sync& sync, ResponseWriter& writer);
  // Frees the connection, with its staging.
  void End(const std::string& connection);

  const Settings& settings_;
  Metrics& metrics_;
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  std::condition_variable ended_;
  // A sync that is being taken down stands here without one.
  std::map<std::string, std::unique_ptr<Sync>> running_;
  std::size_t threads_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_ACTIVE_SYNCS_H_
