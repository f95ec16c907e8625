// One sync: one Update call from request to end of stream. Run reads as its table
// of contents.
//
// Runs on a thread of its own. What it is given outlives it.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_SYNC_H_
#define TRIBUTARY_SUPERVISOR_SYNC_SYNC_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/log.h"
#include "proto/connector_sdk.pb.h"
#include "supervisor/delivery/message_writer.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/plan/plan.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/pool/doorbell.h"
#include "supervisor/pool/pool.h"
#include "supervisor/request/connection.h"
#include "supervisor/request/selection.h"
#include "supervisor/settings.h"
#include "supervisor/status/sync_report.h"
#include "supervisor/sync/checkpointer.h"
#include "supervisor/sync/epoch.h"
#include "supervisor/sync/merger.h"
#include "supervisor/sync/sync_digests.h"
#include "supervisor/sync/sync_world.h"
#include "supervisor/sync/table_accounts.h"

namespace tributary {

class LogLane;

// A parsed request: nothing in it is malformed.
struct SyncRequest {
  Connection connection;
  std::map<std::string, std::string> configuration;
  Selection selection;
  State state;
  // As received, for the first checkpoint of a replay.
  std::string state_json;
};

class Sync : private MergerHost {
 public:
  // `draining`: the process will end; the sync stops at a checkpoint. Ring `bell` after setting it.
  Sync(const Settings& settings, StatusBoard& board, SyncRequest request,
       std::shared_ptr<MessageWriter> writer, const std::atomic<bool>& draining, Doorbell bell,
       SyncWorld world = {});
  Sync(const Sync&) = delete;
  Sync& operator=(const Sync&) = delete;
  ~Sync() override;

  // Runs the whole sync. Returns the call's status; OK if a Task was sent.
  absl::Status Run();

  // Wakes the sync to check its conditions; any thread.
  void Wake() const { bell_.Ring(); }

 private:
  // The longest sleep between two checks.
  static constexpr std::chrono::milliseconds kLook{200};

  // The steps of Run, in their order.
  absl::Status RunSteps();
  absl::Status FindStaged();
  void OpenDigests();
  absl::Status AskCatalog();
  absl::Status ReplayStaged();
  absl::Status MakePlan();
  void BeginEpoch();
  void EmitPlan();
  absl::Status ReadTables();
  absl::Status Conclude(const absl::Status& outcome);

  // Nothing is replayed, because of `why`.
  absl::Status NoReplay(const std::string& why);
  std::vector<TableToCopy> WidenedTables() const;
  absl::Status WriteDirectly(std::string_view bytes, Hold hold);

  // Runs the lanes until all of them are done or the sync has to stop.
  absl::Status RunLanes(Scheduler& scheduler, bool follows);
  // Every selected table is live. If all have one content, the next sync need not read a source
  // that still has it.
  void SetComplete();
  // Waits until the client has taken everything. `ends_well`: the last message is a checkpoint,
  // also if staging fails meanwhile and a Warning about it follows.
  absl::Status FlushOut(bool ends_well);
  void LogEnd(SyncEnd end, const absl::Status& error);
  void Warn(const std::string& text);
  void SendTask(const std::string& text);
  // Sends Warnings about problems of staging.
  void EmitStagingWarnings();
  // Report to the board and the metrics. Long operations call CountIfDue.
  void Count();
  void CountWorkers();
  void CountLog();
  void CountIfDue();
  static absl::Status ShuttingDown();
  // CANCELLED: the client is gone. UNAVAILABLE: shutting down.
  absl::Status MayGoOn();

  bool ClientGone() override { return writer_->client_gone(); }
  bool Draining() override { return draining_.load(std::memory_order_relaxed); }
  bool CheckpointDue() override { return checkpoints_.Due(*epoch_.outbox(), Now()); }
  absl::Status Checkpoint() override;
  bool TakesMore() override { return epoch_.TakesMore() && digests_.TakesMore(); }
  absl::Status Pump() override;
  Clock::time_point Now() override { return world_.clock->Now(); }
  void Show(const Shown& shown) override;
  void Account(Member& member) override;

  const Settings& settings_;
  StatusBoard& board_;
  SyncRequest request_;
  const std::shared_ptr<MessageWriter> writer_;
  const std::atomic<bool>& draining_;
  const Doorbell bell_;
  const SyncWorld world_;
  const std::string selection_digest_;
  // From the state that came back, even if messages after it are replayed.
  const LogPosition confirmed_log_;

  // Destroyed in reverse order: workers first, because the epoch holds frames of their rings.
  Epoch epoch_;
  Checkpointer checkpoints_;
  std::unique_ptr<Pool> pool_;

  // The messages that an earlier sync staged after the state, until they have been sent again.
  struct Staged {
    std::unique_ptr<Replay> replay;
    // The state at its end.
    State reached;
    // Staging may hold messages after the state's position that must not be replayed.
    bool passed_over = false;
  };
  Staged staged_;

  // Digests of earlier syncs to compare with.
  SyncDigests digests_;

  Catalog catalog_;
  Plan plan_;
  // Something is read from the source, so the epoch is this sync's own.
  bool reads_ = false;
  // While tables are read.
  const Scheduler* scheduler_ = nullptr;
  TableAccounts* accounts_ = nullptr;
  const LogLane* log_ = nullptr;

  // The sync's report to board and metrics.
  std::vector<std::string> warnings_;
  SyncReport report_;
  SyncFigures figures_;
  Clock::time_point memory_at_{};
  // Of a replay, which has no outbox.
  std::uint64_t replayed_checkpoints_ = 0;
  Clock::time_point counted_at_{};
  Clock::time_point started_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_SYNC_H_
