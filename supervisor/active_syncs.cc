#include "supervisor/active_syncs.h"

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/grpc_status.h"
#include "supervisor/heap.h"

namespace tributary {

void TellRefused(const absl::Status& error, Metrics& metrics, const Logger& log) {
  log.Warning("sync refused", {{log_key::kError, std::string(error.message())}});
  metrics.SyncEnded(SyncEnd::kRefused);
}

ActiveSyncs::~ActiveSyncs() { assert(threads_ == 0); }

absl::Status ActiveSyncs::Start(SyncRequest request, std::shared_ptr<ResponseWriter> writer) {
  const std::string connection = request.connection.id;
  const std::lock_guard lock(mutex_);
  if (draining()) return absl::UnavailableError("start sync: the connector is shutting down");
  const auto before = calls_.find(connection);
  if (before != calls_.end() && !before->second.back().writer->client_gone()) {
    return absl::AbortedError(
        "start sync: this connection is syncing already; wait for that sync or cancel it. If "
        "another connection reads the same database, give one of them a `connection_name`");
  }
  if (before == calls_.end() && calls_.size() >= settings_.max_syncs) {
    return absl::ResourceExhaustedError(
        absl::StrCat("start sync: ", settings_.max_syncs,
                     " syncs are running; try again later or raise --max-syncs"));
  }
  auto bell = Doorbell::Make();
  if (!bell.ok()) return bell.status();
  try {
    std::thread(&ActiveSyncs::Run, this, std::move(request), writer, *std::move(bell)).detach();
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("start sync: no thread: ", error.what(), "; raise the limit on processes"));
  }
  calls_[connection].push_back({.writer = std::move(writer), .sync = nullptr});
  ++threads_;
  return absl::OkStatus();
}

void ActiveSyncs::Run(SyncRequest request, std::shared_ptr<ResponseWriter> writer, Doorbell bell) {
  pthread_setname_np(pthread_self(), "sync");
  const std::string connection = request.connection.id;
  absl::StatusOr<Sync*> sync = TakeTurn(std::move(request), writer, std::move(bell));
  const absl::Status outcome = sync.ok() ? (*sync)->Run() : sync.status();
  // The connection must be free before the client can learn that the sync has ended.
  End(connection, *writer);
  writer->Finish(ToGrpc(outcome));
  // No one waits for this.
  ReturnFreeHeap();
  if (!draining()) abandoned_.DropIfDue();
  const std::lock_guard ended(mutex_);
  --threads_;
  ended_.notify_all();
}

absl::StatusOr<Sync*> ActiveSyncs::TakeTurn(SyncRequest request,
                                            std::shared_ptr<ResponseWriter> writer, Doorbell bell) {
  const auto until = clock_.Now() + kTurnPatience;
  const Logger log = log_.With(log_key::kConnection, request.connection.id);
  std::unique_lock lock(mutex_);
  Calls& calls = calls_.at(request.connection.id);
  while (calls.front().writer != writer) {
    if (writer->client_gone()) {
      metrics_.SyncEnded(SyncEnd::kCancelled);
      log.Info("sync ends", {{"outcome", NameOf(SyncEnd::kCancelled)}});
      return absl::CancelledError("start sync: the client is gone");
    }
    if (clock_.Now() > until) {
      absl::Status refused = absl::AbortedError(
          "start sync: the previous sync, whose client is gone, does not end; check the "
          "staging directory's disk and the source's disk");
      TellRefused(refused, metrics_, log);
      return refused;
    }
    ended_.wait_for(lock, kLook);
  }
  SyncWorld world;
  world.log = log;
  world.clock = &clock_;
  calls.front().sync =
      std::make_unique<Sync>(settings_, board_, std::move(request), std::move(writer), draining_,
                             std::move(bell), std::move(world));
  return calls.front().sync.get();
}

void ActiveSyncs::End(const std::string& connection, const ResponseWriter& writer) {
  std::unique_lock lock(mutex_);
  Calls& calls = calls_.at(connection);
  const auto call = std::find_if(calls.begin(), calls.end(),
                                 [&](const Call& one) { return one.writer.get() == &writer; });
  auto sync = std::move(call->sync);
  lock.unlock();
  // Staging may have much to write; the others do not wait for it.
  sync.reset();
  lock.lock();
  calls.erase(call);
  if (calls.empty()) calls_.erase(connection);
  ended_.notify_all();
}

bool ActiveSyncs::Drain() {
  std::unique_lock lock(mutex_);
  draining_.store(true, std::memory_order_relaxed);
  board_.Drains();
  for (const auto& [connection, calls] : calls_) {
    if (calls.front().sync != nullptr) calls.front().sync->Wake();
  }
  const bool ended = ended_.wait_for(lock, limits::kDrainLimit, [this] { return threads_ == 0; });
  for (const auto& [connection, calls] : calls_) {
    for (const Call& call : calls) {
      call.writer->Finish(ToGrpc(absl::UnavailableError(
          "the connector is shutting down, and this sync does not end; the next sync goes on")));
    }
  }
  return ended;
}

}  // namespace tributary
