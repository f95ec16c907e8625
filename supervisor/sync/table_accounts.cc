#include "supervisor/sync/table_accounts.h"

#include <utility>

#include "supervisor/plan/course.h"

namespace tributary {

TableAccounts::TableAccounts(Scheduler& scheduler, SyncReport& report)
    : scheduler_(scheduler), report_(report), accounts_(scheduler.tables()) {
  std::vector<TableStatus> tables;
  tables.reserve(accounts_.size());
  for (std::size_t i = 0; i < accounts_.size(); ++i) tables.push_back(StatusOf(i));
  report_.ShowTables(std::move(tables));
}

TableStatus TableAccounts::StatusOf(std::size_t table) const {
  const Account& account = accounts_[table];
  const Scheduler::SliceCount slices = scheduler_.slices(table);
  return {.name = NameOf(scheduler_.table(table)),
          .phase = course::NameOf(scheduler_.phase(table)),
          .rows = account.rows,
          .bytes = account.bytes,
          .slices_done = slices.done,
          .slices = slices.all,
          .estimated_bytes = scheduler_.table(table).estimated_bytes,
          .worker_seconds = std::chrono::duration<double>(account.time).count(),
          .why = account.why};
}

void TableAccounts::Add(std::size_t table, std::uint64_t rows, std::uint64_t bytes,
                        Clock::duration time) {
  Account& account = accounts_[table];
  account.rows += rows;
  account.bytes += bytes;
  account.time += time;
  Change(table);
}

void TableAccounts::PutAside(std::size_t table, std::string why) {
  accounts_[table].why = std::move(why);
  Change(table);
}

void TableAccounts::Change(std::size_t table) {
  if (!std::exchange(accounts_[table].changed, true)) changed_.push_back(table);
}

void TableAccounts::Publish(SyncFigures& figures) {
  for (const std::size_t table : scheduler_.TakeChanged()) Change(table);
  std::vector<std::pair<std::size_t, TableStatus>> changed;
  changed.reserve(changed_.size());
  for (const std::size_t table : std::exchange(changed_, {})) {
    Account& account = accounts_[table];
    TableStatus status = StatusOf(table);
    slices_done_ += status.slices_done - std::exchange(account.slices_done, status.slices_done);
    slices_ += status.slices - std::exchange(account.slices, status.slices);
    account.changed = false;
    changed.emplace_back(table, std::move(status));
  }
  report_.ShowChanged(std::move(changed));
  figures.slices_done = slices_done_;
  figures.slices_to_do = slices_ - slices_done_;
}

}  // namespace tributary
