// One sync: one Update call from request to end of stream. Run reads as its table
// of contents.
//
// Runs on a thread of its own. What it is given outlives it.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_SYNC_H_
#define TRIBUTARY_SUPERVISOR_SYNC_SYNC_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "proto/connector_sdk.pb.h"
#include "supervisor/delivery/outbox.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/plan/plan.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/pool/pool.h"
#include "supervisor/pool/worker_process.h"
#include "supervisor/request/connection.h"
#include "supervisor/request/selection.h"
#include "supervisor/settings.h"
#include "supervisor/sync/merger.h"

namespace tributary {

// A request that has been read: nothing in it is malformed.
struct SyncRequest {
  Connection connection;
  std::map<std::string, std::string> configuration;
  Selection selection;
  State state;
  // As it came, for the first checkpoint of a replay.
  std::string state_json;
};

// So many bytes that nobody can guess.
std::string RandomBytes(std::size_t count);

// What a sync has of the world outside its process.
struct SyncWorld {
  StartWorker start_worker = &WorkerProcess::Start;
  leveldb::Env* disk = leveldb::Env::Default();
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
  std::function<std::string(std::size_t)> random_bytes = &RandomBytes;
  // What may wait for the client.
  std::size_t write_window_bytes = limits::kWriteWindowBytes;
  // Sees to it that the stager's turns are taken until what it returns is let go.
  std::function<std::shared_ptr<void>(Stager&)> run_stager = [](Stager& stager) {
    return std::make_shared<StagerThread>(stager);
  };
};

class Sync : private MergerHost {
 public:
  // `draining`: the process is to end; the sync stops at a checkpoint. `bell` is
  // rung by whoever sets it.
  Sync(const Settings& settings, Metrics& metrics, SyncRequest request,
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
  using Clock = std::chrono::steady_clock;
  // The longest sleep between two looks around.
  static constexpr std::chrono::milliseconds kLook{200};

  absl::Status OpenStaging();
  absl::Status FindStaged();
  absl::Status AskCatalog();
  absl::Status ReplayStaged();
  absl::Status MakePlan();
  absl::Status BeginEpoch();
  void TellPlan();
  absl::Status ReadTables();
  void SetComplete();
  absl::Status FlushOut();

  absl::Status NoReplay(const std::string& why);
  std::vector<TableToCopy> WidenedTables() const;
  // What to say at the end: a Task for what the user has to mend.
  absl::Status Conclude(const absl::Status& outcome);
  void StageWarning(const absl::Status& why);
  // To the metrics. CountIfDue is for whoever may be at it for long.
  void Count();
  void CountIfDue();
  absl::Status WriteDirectly(std::string_view bytes, Hold hold);
  static absl::Status ShuttingDown();
  // CANCELLED: the client is gone. UNAVAILABLE: shutting down.
  absl::Status MayGoOn();

  bool ClientGone() override { return writer_->client_gone(); }
  bool Draining() override { return draining_.load(std::memory_order_relaxed); }
  bool CheckpointDue() override;
  // FAILED_PRECONDITION: the state is too large to be read back; nothing was put.
  absl::Status Checkpoint() override;
  bool TakesMore() override;
  absl::Status Pump() override;
  Clock::time_point Now() override { return world_.now(); }

  const Settings& settings_;
  Metrics& metrics_;
  SyncRequest request_;
  std::shared_ptr<MessageWriter> writer_;
  const std::atomic<bool>& draining_;
  Doorbell bell_;
  SyncWorld world_;

  // In the order in which they may go: the last one first.
  std::string operator_key_;
  std::unique_ptr<StagingStore> store_;
  std::unique_ptr<Replay> replay_;
  std::unique_ptr<Stager> stager_;
  std::shared_ptr<void> stager_runs_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Pool> pool_;

  // The state at the end of what is staged.
  State reached_;
  // Something may be staged behind the state that is not to be sent any more.
  bool passes_over_staged_ = false;
  std::string selection_digest_;
  Catalog catalog_;
  Plan plan_;
  std::vector<std::string> warnings_;
  bool reads_ = false;
  bool staging_failure_told_ = false;

  Clock::time_point started_ = world_.now();
  Clock::time_point last_checkpoint_at_{};
  std::uint64_t last_checkpoint_ = 0;
  std::uint64_t put_bytes_at_checkpoint_ = 0;

  SyncMeter meter_;
  SyncFigures figures_;
  // Of a replay, which has no outbox.
  std::uint64_t replayed_checkpoints_ = 0;
  // While tables are copied.
  const Scheduler* scheduler_ = nullptr;
  Clock::time_point counted_at_{};
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_SYNC_H_
