// The largest tables of one running sync in the metrics, if configured (--table-metrics): the only
// metrics with names of the source in their labels.
//
// For one thread at a time.
#ifndef TRIBUTARY_SUPERVISOR_METRICS_TABLE_METER_H_
#define TRIBUTARY_SUPERVISOR_METRICS_TABLE_METER_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "supervisor/metrics/metrics.h"

namespace tributary {

class TableMeter {
 public:
  struct Table {
    // schema.table
    std::string name;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::uint64_t slices_done = 0;
    std::uint64_t slices_to_do = 0;
  };

  // `connection` is Connection::id.
  TableMeter(Metrics& metrics, const std::string& connection)
      : metrics_(metrics), connection_(connection) {}
  TableMeter(const TableMeter&) = delete;
  TableMeter& operator=(const TableMeter&) = delete;
  // Removes its series.
  ~TableMeter();

  // From now on exactly these tables have series. Each name once.
  void Show(const std::vector<Table>& tables);

 private:
  // Rows, bytes, slices done and to do.
  using Gauges = std::array<prometheus::Gauge*, 4>;
  Gauges Add(const std::string& table);
  void Remove(const Gauges& gauges);

  Metrics& metrics_;
  const std::string connection_;
  std::map<std::string, Gauges> shown_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_METRICS_TABLE_METER_H_
