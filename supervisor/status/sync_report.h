// Reports one running sync to the board and the metrics.
//
// Used by the sync's thread. Tables are reported only when they change; everything else every
// limits::kMetricsEvery.
#ifndef TRIBUTARY_SUPERVISOR_STATUS_SYNC_REPORT_H_
#define TRIBUTARY_SUPERVISOR_STATUS_SYNC_REPORT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/metrics/table_meter.h"
#include "supervisor/status/board.h"
#include "supervisor/status/status.h"

namespace tributary {

class SyncReport {
 public:
  // The sync starts now. `connection` is Connection::id; `database` is shown to people.
  // `board` and `clock` outlive the report.
  SyncReport(StatusBoard& board, const std::string& connection, const std::string& source,
             const std::string& database, const Clock& clock = TheSystemClock());
  SyncReport(const SyncReport&) = delete;
  SyncReport& operator=(const SyncReport&) = delete;
  // Removes the sync from the running ones.
  ~SyncReport();

  // Its current step, for people; lives as long as the process.
  void ShowStep(std::string_view step);
  void Show(const SyncFigures& figures);
  void ShowWorkers(std::vector<WorkerStatus> workers);
  // All of them, before any of them changes.
  void ShowTables(std::vector<TableStatus> tables);
  // Each has its index in ShowTables' argument; its name and estimate are kept.
  void ShowChanged(std::vector<std::pair<std::size_t, TableStatus>> changed);
  // Quoted parts of `text` are removed.
  void Notify(Notice::Kind kind, const std::string& table, std::string_view text);
  // Called once, after the last Show. `error` is empty if there is none.
  void End(SyncEnd end, std::string_view error);

 private:
  void NotePace();
  void ShowLargest();

  StatusBoard& board_;
  const Clock& clock_;
  SyncMeter meter_;
  TableMeter table_meter_;
  const std::shared_ptr<StatusBoard::Running> running_;
  std::uint64_t version_ = 0;
  std::uint64_t checkpoints_ = 0;
  Clock::time_point paced_at_{};
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_SYNC_REPORT_H_
