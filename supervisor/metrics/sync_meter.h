// One running sync in the metrics. Its counts are added to the process's counters; its own gauges
// carry its connection's id, from its start to its end.
//
// Used by the sync's thread. The parts of a sync count in plain numbers, which are copied here a
// few times a second.
#ifndef TRIBUTARY_SUPERVISOR_METRICS_SYNC_METER_H_
#define TRIBUTARY_SUPERVISOR_METRICS_SYNC_METER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "common/clock.h"
#include "supervisor/metrics/metrics.h"

namespace tributary {

// How a log is followed.
struct LogFigures {
  // Bytes that are not merged yet, and the age of the newest merged part while there are some.
  std::uint64_t lag_bytes = 0;
  double lag_seconds = 0;
  // Bytes that the source holds back, and the limit at which the sync ends for that; 0: not known.
  std::uint64_t retained_bytes = 0;
  std::uint64_t retained_limit_bytes = 0;
};

// The progress of a sync.
struct SyncFigures {
  struct Stage {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };

  // Since the sync's start; never decreases.
  std::uint64_t records = 0;
  // Rows that were compared with digests.
  std::uint64_t rows_read = 0;
  // Of those, that were sent.
  std::uint64_t rows_sent = 0;
  Stage merged;
  Stage staged;
  Stage sent;
  std::uint64_t checkpoints = 0;
  std::uint64_t replayed = 0;
  std::uint64_t read_back = 0;
  std::uint64_t client_stalls = 0;
  std::uint64_t warnings = 0;
  std::array<Clock::duration, kWaitStages> waits{};
  std::array<std::uint64_t, kRetries> retries{};

  // Now.
  std::uint64_t tables_pending = 0;
  std::uint64_t tables_copying = 0;
  std::uint64_t tables_live = 0;
  // Never decreases: only the next sync tries them again.
  std::uint64_t tables_aside = 0;
  std::uint64_t staging_bytes = 0;
  std::uint64_t ring_bytes = 0;
  std::uint64_t slices_done = 0;
  std::uint64_t slices_to_do = 0;
  // Of its workers, with their rings.
  std::uint64_t worker_memory_bytes = 0;

  // Empty: it follows no log, or has no report of it yet.
  std::optional<LogFigures> log;

  Clock::duration& waited(WaitStage stage) { return waits[static_cast<std::size_t>(stage)]; }
  void CountRetry(Retry why) { ++retries[static_cast<std::size_t>(why)]; }
};

class SyncMeter {
 public:
  // The sync starts now. `connection` is Connection::id. `clock` outlives the meter.
  SyncMeter(Metrics& metrics, const std::string& connection, const Clock& clock = TheSystemClock());
  SyncMeter(const SyncMeter&) = delete;
  SyncMeter& operator=(const SyncMeter&) = delete;
  // Removes the series with the connection's id.
  ~SyncMeter();

  void Show(const SyncFigures& figures);
  // Called once, after the last Show.
  void End(SyncEnd end);

 private:
  void ShowLog(const LogFigures& log);

  Metrics& metrics_;
  const Clock& clock_;
  const Clock::time_point started_ = clock_.Now();
  // The counts already added to the process's counters.
  SyncFigures shown_;
  Clock::time_point shown_at_ = started_;
  prometheus::Gauge& pending_;
  prometheus::Gauge& copying_;
  prometheus::Gauge& live_;
  prometheus::Gauge& aside_;
  prometheus::Gauge& checkpoint_time_;
  prometheus::Gauge& staging_bytes_;
  prometheus::Gauge& ring_bytes_;
  prometheus::Gauge& slices_done_;
  prometheus::Gauge& slices_to_do_;
  prometheus::Gauge& worker_memory_;
  // Null until there is a log.
  std::array<prometheus::Gauge*, 4> log_{};
  const std::string connection_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_METRICS_SYNC_METER_H_
