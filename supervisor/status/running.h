// The board's record of a running sync. For the board and the sync's report.
#ifndef TRIBUTARY_SUPERVISOR_STATUS_RUNNING_H_
#define TRIBUTARY_SUPERVISOR_STATUS_RUNNING_H_

#include <cstdint>
#include <vector>

#include "supervisor/metrics/connection_meter.h"
#include "supervisor/status/board.h"

namespace tributary {

// Requires the board's mutex.
struct StatusBoard::Running {
  struct Table {
    TableStatus status;
    std::uint64_t version = 0;
  };
  RunningSync sync;
  Clock::time_point started;
  std::vector<Table> tables;
  // Weight of all tables, and of their copied parts: estimated bytes, at least 1 for each table.
  double to_copy = 0;
  double copied = 0;
};

struct StatusBoard::Known {
  KnownConnection status;
  std::unique_ptr<ConnectionMeter> meter;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_RUNNING_H_
