// The destinations of one sync's stream: its staging on the local disk, and the outbox that brings
// every message to staging and client. Without a working disk the stream is not staged.
//
// Used by the sync's thread. The arguments outlive it.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_EPOCH_H_
#define TRIBUTARY_SUPERVISOR_SYNC_EPOCH_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/delivery/message_writer.h"
#include "supervisor/delivery/outbox.h"
#include "supervisor/delivery/stager.h"
#include "supervisor/settings.h"
#include "supervisor/staging/replay.h"
#include "supervisor/staging/staging.h"
#include "supervisor/sync/sync_world.h"

namespace tributary {

class Epoch {
 public:
  // `wake` is called from other threads when staging has made progress.
  Epoch(const Settings& settings, const SyncWorld& world, MessageWriter& writer,
        std::function<void()> wake)
      : settings_(settings), world_(world), writer_(writer), wake_(std::move(wake)) {}

  // Opens the staging of `connection` (Connection::id). A disk that fails only causes a Warning.
  // ABORTED: another process has it. FAILED_PRECONDITION: the operator's key file is wrong.
  absl::Status OpenStaging(const std::string& connection);

  // The connection's folder on the local disk; empty if it cannot be used.
  std::string folder(const std::string& connection) const {
    return store_ == nullptr ? std::string() : settings_.staging_dir + "/" + connection;
  }
  const std::string& operator_key() const { return operator_key_; }

  // Drops the staging of all epochs except the state's.
  void KeepOnly(const std::string& epoch);
  void DropStaged();
  // Opens the messages staged after the state's position; errors as StagingStore::OpenReplay.
  absl::StatusOr<std::unique_ptr<Replay>> OpenReplay(const State& state,
                                                     const std::function<bool()>& given_up);

  // Gives `state` the id and key of a new epoch, whose positions begin at 1.
  void Renew(State& state) const;
  // Makes the outbox, which continues from the state's position. `stages`: messages are staged, in
  // an epoch that has just been renewed.
  void Begin(const State& state, bool stages);
  // The same for a stream that ends before it began.
  void BeginUnstaged();

  // Null before Begin.
  Outbox* outbox() { return outbox_.get(); }
  const Stager* stager() const { return stager_.get(); }
  // Whether the stream has room now.
  bool TakesMore() const;

  // Texts for Warnings about problems of staging since the last call.
  std::vector<std::string> TakeWarnings();

 private:
  std::string KeyOf(const State& state) const {
    return operator_key_.empty() ? state.staging_key : operator_key_;
  }
  void Bypass(const absl::Status& why);

  const Settings& settings_;
  const SyncWorld& world_;
  MessageWriter& writer_;
  std::function<void()> wake_;

  // Destroyed in reverse order: each may use those above it.
  std::string operator_key_;
  std::unique_ptr<StagingStore> store_;
  std::unique_ptr<Stager> stager_;
  std::shared_ptr<void> stager_runs_;
  std::unique_ptr<Outbox> outbox_;

  std::vector<std::string> warnings_;
  bool stager_failed_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_EPOCH_H_
