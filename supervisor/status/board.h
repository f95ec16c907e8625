// The one place that knows how the process and its syncs are, now and lately. Syncs write
// into it (sync_report.h); the metrics, the status as JSON and the page read it, and
// nobody reads a Sync.
//
// Bounded: as many running syncs as --max-syncs with the tables of each, limits.h for all
// that stays after a sync.
//
// Thread-safe. A writer is held up for no longer than a reader takes to copy what it
// reads.
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
  // `table_metrics`: of how many tables of each sync the metrics tell. What it is given
  // outlives the board.
  explicit StatusBoard(Metrics& metrics, std::size_t table_metrics = 0,
                       const Clock& clock = TheSystemClock());
  StatusBoard(const StatusBoard&) = delete;
  StatusBoard& operator=(const StatusBoard&) = delete;
  // No SyncReport is there any longer.
  ~StatusBoard();

  // What is counted without a sync.
  Metrics& metrics() { return metrics_; }
  // The process ends, and takes no sync any longer.
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
  // The one that has ended last comes first.
  std::list<Known> connections_;
  // Newest first.
  std::deque<Notice> notices_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STATUS_BOARD_H_
