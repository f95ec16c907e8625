// One running sync in the metrics. What it has counted is added to the process's
// counters; what holds for it alone stands under its connection's id, from its
// start to its end.
//
// Used by the sync's thread. The parts of a sync count for themselves in plain
// numbers; these come here a few times a second.
#ifndef TRIBUTARY_SUPERVISOR_METRICS_SYNC_METER_H_
#define TRIBUTARY_SUPERVISOR_METRICS_SYNC_METER_H_

#include <cstdint>
#include <string>

#include "common/clock.h"
#include "supervisor/metrics/metrics.h"

namespace tributary {

// How far a sync has come.
struct SyncFigures {
  struct Stage {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };

  // Since the sync's start; these never fall.
  std::uint64_t records = 0;
  // Rows that were held against digests.
  std::uint64_t rows_read = 0;
  Stage merged;
  Stage staged;
  Stage sent;
  std::uint64_t checkpoints = 0;
  std::uint64_t replayed = 0;
  std::uint64_t read_back = 0;
  std::uint64_t client_stalls = 0;
  std::uint64_t warnings = 0;

  // Now.
  std::uint64_t tables_pending = 0;
  std::uint64_t tables_copying = 0;
  std::uint64_t tables_live = 0;
  // Never falls: the next sync tries them again.
  std::uint64_t tables_aside = 0;
  std::uint64_t staging_bytes = 0;
  std::uint64_t ring_bytes = 0;
};

class SyncMeter {
 public:
  // The sync starts now. `connection` is Connection::id. `clock` outlives the meter.
  SyncMeter(Metrics& metrics, const std::string& connection, const Clock& clock = TheSystemClock());
  SyncMeter(const SyncMeter&) = delete;
  SyncMeter& operator=(const SyncMeter&) = delete;
  // What stands under the connection's id goes.
  ~SyncMeter();

  void Show(const SyncFigures& figures);
  // Called once, behind the last Show.
  void End(SyncEnd end);

 private:
  Metrics& metrics_;
  const Clock& clock_;
  const Clock::time_point started_ = clock_.Now();
  // What has been added to the process's counters.
  SyncFigures shown_;
  prometheus::Gauge& pending_;
  prometheus::Gauge& copying_;
  prometheus::Gauge& live_;
  prometheus::Gauge& aside_;
  prometheus::Gauge& checkpoint_time_;
  prometheus::Gauge& staging_bytes_;
  prometheus::Gauge& ring_bytes_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_METRICS_SYNC_METER_H_
