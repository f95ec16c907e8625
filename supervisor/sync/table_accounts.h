// The account of each table in a sync: its phase in the scheduler, and its rows, bytes and workers'
// time. Reported to the board only if it has changed.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_TABLE_ACCOUNTS_H_
#define TRIBUTARY_SUPERVISOR_SYNC_TABLE_ACCOUNTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/status/sync_report.h"

namespace tributary {

class TableAccounts {
 public:
  // Puts all of the scheduler's tables on the board. Both outlive the accounts.
  TableAccounts(Scheduler& scheduler, SyncReport& report);

  // Adds the results of reading the table; `time` is a worker's.
  void Add(std::size_t table, std::uint64_t rows, std::uint64_t bytes, Clock::duration time);
  void PutAside(std::size_t table, std::string why);
  // Publishes the changes since the last call; puts the slices of all tables into `figures`.
  void Publish(SyncFigures& figures);

 private:
  struct Account {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    Clock::duration time{};
    std::string why = {};
    // As published.
    std::size_t slices_done = 0;
    std::size_t slices = 0;
    bool changed = false;
  };
  void Change(std::size_t table);
  TableStatus StatusOf(std::size_t table) const;

  Scheduler& scheduler_;
  SyncReport& report_;
  std::vector<Account> accounts_;
  // Changed since the last Publish; each once.
  std::vector<std::size_t> changed_;
  std::size_t slices_done_ = 0;
  std::size_t slices_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_TABLE_ACCOUNTS_H_
