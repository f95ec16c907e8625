#include "supervisor/active_syncs.h"

#include <pthread.h>

#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "supervisor/abandoned_staging.h"
#include "supervisor/grpc_status.h"

namespace tributary {

ActiveSyncs::~ActiveSyncs() { Drain(); }

absl::Status ActiveSyncs::Start(SyncRequest request, std::shared_ptr<ResponseWriter> writer) {
  const std::string connection = request.connection.id;
  const std::lock_guard lock(mutex_);
  if (draining()) return absl::UnavailableError("start sync: the connector is shutting down");
  if (running_.contains(connection)) {
    return absl::AbortedError(
        "start sync: this connection is syncing already; wait for that sync or cancel it");
  }
  if (running_.size() >= settings_.max_syncs) {
    return absl::ResourceExhaustedError(
        absl::StrCat("start sync: ", settings_.max_syncs,
                     " syncs are running; try again later or raise --max-syncs"));
  }
  auto bell = Doorbell::Make();
  if (!bell.ok()) return bell.status();
  Sync* const sync =
      (running_[connection] = std::make_unique<Sync>(settings_, metrics_, std::move(request),
                                                     writer, draining_, *std::move(bell)))
          .get();
  try {
    std::thread([this, connection, writer, sync] { Run(connection, *sync, *writer); }).detach();
  } catch (const std::system_error& error) {
    running_.erase(connection);
    return absl::ResourceExhaustedError(
        absl::StrCat("start sync: no thread: ", error.what(), "; raise the limit on processes"));
  }
  ++threads_;
  return absl::OkStatus();
}

void ActiveSyncs::Run(const std::string& connection, Sync& sync, ResponseWriter& writer) {
  pthread_setname_np(pthread_self(), "sync");
  // Also here, because a supervisor may run for months.
  DropAbandonedStaging(settings_);
  const absl::Status outcome = sync.Run();
  // The connection is free again before the client can know that it has ended.
  End(connection);
  writer.Finish(ToGrpc(outcome));
  const std::lock_guard ended(mutex_);
  --threads_;
  ended_.notify_all();
}

void ActiveSyncs::End(const std::string& connection) {
  std::unique_lock lock(mutex_);
  auto sync = std::move(running_[connection]);
  lock.unlock();
  // Staging may have much to write; the others do not wait for it.
  sync.reset();
  lock.lock();
  running_.erase(connection);
}

void ActiveSyncs::Drain() {
  std::unique_lock lock(mutex_);
  draining_.store(true, std::memory_order_relaxed);
  for (const auto& [connection, sync] : running_) {
    if (sync != nullptr) sync->Wake();
  }
  ended_.wait(lock, [this] { return threads_ == 0; });
}

}  // namespace tributary
