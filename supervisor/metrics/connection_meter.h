// One connection in the metrics, while the process remembers it: when its syncs last ended. So an
// alarm can be raised for a connection that no longer syncs.
//
// For one thread at a time.
#ifndef TRIBUTARY_SUPERVISOR_METRICS_CONNECTION_METER_H_
#define TRIBUTARY_SUPERVISOR_METRICS_CONNECTION_METER_H_

#include <chrono>
#include <string>

#include "supervisor/metrics/metrics.h"

namespace tributary {

class ConnectionMeter {
 public:
  // `connection` is Connection::id.
  ConnectionMeter(Metrics& metrics, const std::string& connection);
  ConnectionMeter(const ConnectionMeter&) = delete;
  ConnectionMeter& operator=(const ConnectionMeter&) = delete;
  // Removes its series.
  ~ConnectionMeter();

  // A sync of it has ended, at `when`.
  void Ended(SyncEnd end, std::chrono::system_clock::time_point when);

 private:
  Metrics& metrics_;
  const std::string connection_;
  // Null until a sync has ended `ok`.
  prometheus::Gauge* last_ok_ = nullptr;
  prometheus::Gauge& last_end_;
  prometheus::Gauge& failures_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_METRICS_CONNECTION_METER_H_
