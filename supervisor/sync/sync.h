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

// A request that has been read: nothing in it is malformed.
struct SyncRequest {
  Connection connection;
  std::map<std::string, std::string> configuration;
  Selection selection;
  State state;
  // As it came, for the first checkpoint of a replay.
  std::string state_json;
};

class Sync : private MergerHost {
 public:
  // `draining`: the process is to end; the sync stops at a checkpoint. `bell` is
  // rung by whoever sets it.
  Sync(const Settings& settings, StatusBoard& board, SyncRequest request,
       std::shared_ptr<MessageWriter> writer, const std::atomic<bool>& draining, Doorbell bell,
       SyncWorld world = {});
  Sync(const Sync&) = delete;
  Sync& operator=(const Sync&) = delete;
  ~Sync() override;

  // The whole sync. The call's status; a Task has been sent before an OK.
  absl::Status Run();

  // The sync looks around; any thread.
  void Wake() const { bell_.Ring(); }

 private:
  // The longest sleep between two looks around.
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

  // Replaying. Nothing is replayed, because of `why`.
  absl::Status NoReplay(const std::string& why);
  std::vector<TableToCopy> WidenedTables() const;
  absl::Status WriteDirectly(std::string_view bytes, Hold hold);

  // The lanes' work, until all of them are done or the sync has to stop.
  absl::Status RunLanes(Scheduler& scheduler, bool follows);
  // Every selected table is live; where all of them have one content, a source that
  // still has it needs no look.
  void SetComplete();
  // Until the client has taken everything.
  absl::Status FlushOut();
  void LogEnd(SyncEnd end, const absl::Status& error);
  void Warn(const std::string& text);
  void SendTask(const std::string& text);
  // Warnings of what staging has run into.
  void EmitStagingWarnings();
  // To the board and the metrics. CountIfDue is for whoever may be at it for long.
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
  bool TakesMore() override { return epoch_.TakesMore(); }
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
  // Of the state that came back, whatever is replayed after it.
  const LogPosition confirmed_log_;

  // Destroyed in reverse: workers first, for their rings' frames are the epoch's.
  Epoch epoch_;
  Checkpointer checkpoints_;
  std::unique_ptr<Pool> pool_;

  // What an earlier sync has staged after the state, until it has been sent again.
  struct Staged {
    std::unique_ptr<Replay> replay;
    // The state at its end.
    State reached;
    // Staging may hold messages after the state's position that must not be replayed.
    bool passed_over = false;
  };
  Staged staged_;

  // What of earlier syncs there is to compare with.
  SyncDigests digests_;

  Catalog catalog_;
  Plan plan_;
  // Something is read from the source, so that the epoch is this sync's own.
  bool reads_ = false;
  // While tables are read.
  const Scheduler* scheduler_ = nullptr;
  TableAccounts* accounts_ = nullptr;
  const LogLane* log_ = nullptr;

  // What is told of the sync.
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
