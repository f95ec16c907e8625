// What the process counts of itself, for Prometheus. README.md says what each
// metric means.
//
// Counters and gauges of the process have no label that grows: all their series
// are there from the start. Those of one sync are a SyncMeter's (sync_meter.h).
//
// Thread-safe. Outlives all that it counts.
#ifndef TRIBUTARY_SUPERVISOR_METRICS_METRICS_H_
#define TRIBUTARY_SUPERVISOR_METRICS_METRICS_H_

#include <array>
#include <cstddef>
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

// How a worker came to its end.
enum class WorkerEnd {
  // It was no longer needed.
  kFinished,
  // By a signal, the kernel's for want of memory among them.
  kKilled,
  kExited,
  // Ended by the supervisor: without a sign of life for too long.
  kSilent,
  // Ended by the supervisor: it wrote what a sound worker does not write.
  kBroken,
};
inline constexpr std::size_t kWorkerEnds = 5;

// How a sync came to its end.
enum class SyncEnd {
  kOk,
  // A Task told the user what to mend.
  kTask,
  // The client is gone.
  kCancelled,
  // Because the process is to end.
  kDrained,
  kFailed,
  // It never began.
  kRefused,
};
inline constexpr std::size_t kSyncEnds = 6;
// The word for it, in metrics and logs.
const char* NameOf(SyncEnd end);

class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  void WorkerStarted();
  void WorkerEnded(WorkerEnd end);
  void SyncEnded(SyncEnd end);
  // A Task went to the user, before a sync began or in it.
  void TaskSent();
  // A sync goes on without staging.
  void StagingBypassed();

  // All of it in Prometheus' text format, version 0.0.4.
  std::string Exposition() const;

 private:
  friend class SyncMeter;

  // The three stages of a message's way.
  struct Stage {
    prometheus::Counter* messages;
    prometheus::Counter* bytes;
  };

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
  // With a series for each sync that runs.
  prometheus::Family<prometheus::Gauge>* sync_tables_;
  prometheus::Family<prometheus::Gauge>* sync_checkpoint_time_;
  prometheus::Family<prometheus::Gauge>* sync_staging_bytes_;
  prometheus::Family<prometheus::Gauge>* sync_ring_bytes_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_METRICS_METRICS_H_
