// The only place that has the state of the process and its syncs, now and recently. Syncs write to
// it (sync_report.h); the metrics, the JSON status and the page read it, and no code reads a Sync.
//
// Bounded by --max-syncs running syncs with their tables, and by limits.h for everything that stays
// after a sync.
//
// Thread-safe. A writer waits no longer than a reader takes to copy its values.
#ifndef TRIBUTARY_SUPERVISOR_STATUS_BOARD_H_
#define TRIBUTARY_SUPERVISOR_STATUS_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "common/clock.h"
#include "supervisor/metrics/connection_meter.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/status/status.h"

namespace tributary {

class StatusBoard {
 public:
  // `table_metrics`: how many tables of each sync have metrics. The arguments outlive the board.
  explicit StatusBoard(Metrics& metrics, std::size_t table_metrics = 0,
                       const Clock& clock = TheSystemClock());
  StatusBoard(const StatusBoard&) = delete;
  StatusBoard& operator=(const StatusBoard&) = delete;
  // All SyncReports must be destroyed before.
  ~StatusBoard();

  // Counts outside a sync.
  Metrics& metrics() { return metrics_; }
  // The process ends and accepts no more syncs.
  void Drains();

  // --- readers ---
  std::string Exposition() const { return metrics_.Exposition(); }
  bool draining() const;
  Overview Look() const;
  // At most limits::kTablesInAnswer. `since` is 0, or the version of an earlier answer.
  TableChanges TablesOf(std::uint64_t sync, std::uint64_t since) const;

 private:
  friend class SyncReport;
  struct Running;
  struct Known;

  void Remember(const RunningSync& sync, EndedSync ended);

  Metrics& metrics_;
  const std::size_t table_metrics_;
  const Clock& clock_;
  const WallTime started_;

  mutable std::mutex mutex_;
  bool draining_ = false;
  std::uint64_t syncs_ = 0;
  std::list<std::shared_ptr<Running>> running_;
  // The one that ended last comes first.
  std::list<Known> connections_;
  // Newest first.
  std::deque<Notice> notices_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_BOARD_H_
