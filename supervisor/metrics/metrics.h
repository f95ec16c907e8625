// The process's metrics, for Prometheus. README.md says what each metric means.
//
// Counters and gauges of the process have only labels with fixed values, so all their series exist
// from the start. Those of one sync belong to a SyncMeter (sync_meter.h).
//
// Thread-safe. Outlives all objects that it counts.
#ifndef TRIBUTARY_SUPERVISOR_METRICS_METRICS_H_
#define TRIBUTARY_SUPERVISOR_METRICS_METRICS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace tributary {

// How a worker ended.
enum class WorkerEnd {
  // It was no longer needed.
  kFinished,
  // By a signal, including the kernel's when memory runs out.
  kKilled,
  kExited,
  // Ended by the supervisor: without a sign of life for too long.
  kSilent,
  // Ended by the supervisor: it wrote something that a correct worker does not write.
  kBroken,
};
inline constexpr std::size_t kWorkerEnds = 5;

// How a sync ended.
enum class SyncEnd {
  kOk,
  // A Task told the user what to fix.
  kTask,
  // The client is gone.
  kCancelled,
  // Because the process ends.
  kDrained,
  kFailed,
  // It never began.
  kRefused,
};
inline constexpr std::size_t kSyncEnds = 6;
// The word for it, in metrics and logs.
const char* NameOf(SyncEnd end);

// What a sync waits for.
enum class WaitStage {
  // Its workers have nothing yet.
  kSource,
  // Workers wait, with full rings, for the sync's thread.
  kRing,
  // The log waits for slices that are open; counted in addition to the others.
  kGate,
  // The disk.
  kStaging,
  kClient,
};
inline constexpr std::size_t kWaitStages = 5;
const char* NameOf(WaitStage stage);

// Why something is read again.
enum class Retry {
  kWorkerEnded,
  // A connection broke, or transactions that it waits for still run.
  kSource,
  // A slice's snapshot lacks what was merged, or the log waits for the slice.
  kGate,
  // The source changed while the table was read.
  kMoved,
  // The log cannot say what happened to the rows.
  kRewritten,
  kWidened,
};
inline constexpr std::size_t kRetries = 6;

enum class Rpc { kConfigurationForm, kTest, kSchema, kUpdate };
inline constexpr std::size_t kRpcs = 4;

class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  void WorkerStarted();
  void WorkerEnded(WorkerEnd end);
  void SyncEnded(SyncEnd end);
  // A Task was sent to the user, before or during a sync.
  void TaskSent();
  // A sync goes on without staging.
  void StagingBypassed();
  // Until its answer; for an Update, until its first message was sent.
  void RpcTook(Rpc rpc, std::chrono::nanoseconds time);
  // Called once, at the start: the program's version, and how much each connection may stage.
  void Describe(const std::string& version, const std::string& reads_with,
                std::uint64_t staging_limit_bytes);
  // The certificate that is served from now on; Unix time.
  void CertificateServed(std::chrono::system_clock::time_point not_after);
  // Changed TLS files were accepted, or refused.
  void TlsReloaded(bool taken);

  // All of it in Prometheus' text format, version 0.0.4.
  std::string Exposition() const;

 private:
  friend class ConnectionMeter;
  friend class SyncMeter;
  friend class TableMeter;

  // The three stages of a message.
  struct Stage {
    prometheus::Counter* messages;
    prometheus::Counter* bytes;
  };

  // Parts of the constructor.
  void MakeSyncCounters();
  void MakeStreamCounters();
  void MakeProcessSeries();
  void MakeFamiliesOfSyncs();

  std::unique_ptr<prometheus::Registry> registry_;
  std::array<prometheus::Counter*, kWorkerEnds> worker_ends_{};
  std::array<prometheus::Counter*, kSyncEnds> sync_ends_{};
  prometheus::Gauge* workers_;
  prometheus::Gauge* syncs_;
  prometheus::Histogram* sync_seconds_;
  prometheus::Counter* records_;
  Stage merged_;
  Stage staged_;
  Stage sent_;
  prometheus::Counter* checkpoints_;
  prometheus::Counter* replayed_;
  prometheus::Counter* read_back_;
  prometheus::Counter* client_stalls_;
  prometheus::Counter* put_aside_;
  prometheus::Counter* warnings_;
  prometheus::Counter* tasks_;
  prometheus::Counter* staging_bypassed_;
  prometheus::Counter* sync_running_seconds_;
  std::array<prometheus::Counter*, kWaitStages> waits_{};
  std::array<prometheus::Counter*, kRetries> retries_{};
  std::array<prometheus::Histogram*, kRpcs> rpcs_{};
  std::array<prometheus::Counter*, 2> compared_{};
  prometheus::Family<prometheus::Gauge>* build_info_;
  prometheus::Gauge* staging_limit_;
  prometheus::Gauge* workers_memory_;
  prometheus::Gauge* certificate_not_after_;
  std::array<prometheus::Counter*, 2> tls_reloads_{};
  // With a series for each sync that runs.
  prometheus::Family<prometheus::Gauge>* sync_tables_;
  prometheus::Family<prometheus::Gauge>* sync_checkpoint_time_;
  prometheus::Family<prometheus::Gauge>* sync_staging_bytes_;
  prometheus::Family<prometheus::Gauge>* sync_ring_bytes_;
  prometheus::Family<prometheus::Gauge>* sync_slices_;
  prometheus::Family<prometheus::Gauge>* sync_log_lag_bytes_;
  prometheus::Family<prometheus::Gauge>* sync_log_lag_seconds_;
  prometheus::Family<prometheus::Gauge>* sync_retained_log_;
  prometheus::Family<prometheus::Gauge>* sync_retained_log_limit_;
  prometheus::Family<prometheus::Gauge>* sync_worker_memory_;
  // With a series for each of the largest tables of a sync that runs, if configured.
  prometheus::Family<prometheus::Gauge>* sync_table_rows_;
  prometheus::Family<prometheus::Gauge>* sync_table_bytes_;
  prometheus::Family<prometheus::Gauge>* sync_table_slices_;
  // With a series for each connection that is remembered.
  prometheus::Family<prometheus::Gauge>* connection_last_ok_;
  prometheus::Family<prometheus::Gauge>* connection_last_end_;
  prometheus::Family<prometheus::Gauge>* connection_failures_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_METRICS_METRICS_H_
