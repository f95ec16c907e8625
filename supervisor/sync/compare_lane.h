// The lane that compares tables: workers compare slices with digests of the sent rows, so that only
// changes are sent. DigestKeeper decides which digests these are, and when messages may leave.
//
// A table's slices are compared by any workers in any order, each in its own transaction. If the
// engine identifies contents, all of a table's slices must be of one content. If the source changes
// between two of them, the table begins again, and one worker compares all slices in one
// transaction. If the engine says that contents may differ (Opened.may_differ: SQLite with a
// rollback journal, whose transactions block others), the slices may be of several contents.
//
// Work that is under way when a table begins again, or is put aside, is stale. A table that cannot
// be compared is copied again, from TRUNCATE; so is a table without a key that has changed.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_COMPARE_LANE_H_
#define TRIBUTARY_SUPERVISOR_SYNC_COMPARE_LANE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/log.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/sync/copy_lane.h"
#include "supervisor/sync/lane.h"

namespace tributary {

class CompareLane final : public Lane {
 public:
  // Compares the tables that the scheduler says, also those that it says later. All arguments
  // outlive the lane. `returned`: the generation that the request's state named for a table. Counts
  // rows in `figures`.
  CompareLane(Scheduler& scheduler, DigestKeeper& digests, CopyLane& copies, Requests& requests,
              std::function<std::uint64_t(const TableName&)> returned, SyncFigures& figures,
              Logger log);

  WorkerRole role() const override { return WorkerRole::kSlices; }
  std::optional<Order> Next() override { return std::nullopt; }
  std::optional<Order> NextOf(std::uint32_t worker) override;
  bool finished() const override { return scheduler_.In(course::Phase::kComparing) == 0; }
  void Look(Clock::time_point) override {}
  void StopGiving() override { stops_ = true; }
  bool Wanted(std::uint64_t ticket) const override { return !Stale(under_way_.at(ticket)); }
  bool Pauses(std::uint64_t ticket) const override { return !Wanted(ticket); }
  std::optional<std::size_t> TableOf(std::uint64_t ticket) const override {
    return tables_[under_way_.at(ticket).table].index;
  }
  Verdict Opened(std::uint64_t ticket, const tributary::Opened& opened) override;
  Verdict Digested(std::uint64_t ticket, Digests digests) override;
  Verdict Marked(std::uint64_t ticket, const Mark& mark) override;
  Verdict Ended(std::uint64_t ticket, const AssignmentEnd& end) override;
  void Returned(std::uint64_t ticket, bool culprit, std::string_view ending) override;
  // CopyLane sends those of its tables.
  void EmitRemarks() override {}

 private:
  struct Slice {
    BoundRange range;
    bool done = false;
    int deaths = 0;
  };
  struct Table {
    std::size_t index = 0;
    std::uint32_t attempt = 0;
    bool begun = false;
    std::vector<Slice> slices = {};
    // Slices that are not assigned yet.
    std::deque<std::size_t> waiting = {};
    std::size_t done = 0;
    // The content that its slices read; empty before the first has opened.
    std::optional<std::string> content = {};
    bool contents_differ = false;
    // Of the rows, if one slice is the whole table.
    std::string page_digest = {};
    int moves = 0;
    // This worker compares all of it, in one transaction; 0: none chosen.
    bool in_one_piece = false;
    std::uint32_t worker = 0;
    std::uint64_t rows_read = 0;
    std::uint64_t rows_sent = 0;
  };
  struct UnderWay {
    std::size_t table = 0;
    std::uint32_t attempt = 0;
    std::size_t slice = 0;
    bool unusable = false;
    // The table has no key, and its rows have changed.
    bool changed = false;
  };

  bool Stale(const UnderWay& one) const;
  const TableToCopy& copy(const Table& table) const { return scheduler_.table(table.index); }
  bool IsCompared(std::size_t at) const {
    return scheduler_.phase(tables_[at].index) == course::Phase::kComparing;
  }
  bool GivesTo(const Table& table, std::uint32_t worker) const;
  // Nothing: the table is not compared any further.
  std::optional<Order> BeginAndGive(std::size_t at, std::uint32_t worker);
  // False: the table is not compared any further.
  bool Begin(Table& table);
  std::optional<Order> Give(std::size_t at, std::uint32_t worker);
  void GiveBack(const UnderWay& one, bool last);
  Verdict ReadEnded(const UnderWay& one, const AssignmentEnd& end);
  void FinishSlice(const UnderWay& one, const AssignmentEnd& end);
  void Finish(Table& table);
  // The content differs from that of earlier slices.
  void BeginAgain(Table& table);
  void CopyAgain(Table& table, const absl::Status& why);
  // Without a key single changes cannot be sent, so the table is copied again.
  void CopyChanged(Table& table);
  void SetAside(Table& table, const std::string& why);

  Scheduler& scheduler_;
  DigestKeeper& digests_;
  CopyLane& copies_;
  Requests& requests_;
  const std::function<std::uint64_t(const TableName&)> returned_;
  SyncFigures& figures_;
  const Logger log_;
  std::vector<Table> tables_;
  // Indexes in tables_, before next_, of those that may have work.
  std::set<std::size_t> under_comparison_;
  std::size_t next_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, UnderWay> under_way_;
  bool stops_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_COMPARE_LANE_H_
