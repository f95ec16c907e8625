// The lane that follows the source's log: one order for the length of the sync. It moves
// the log position, asks the gate before a transaction is merged, makes tables join the log before
// they are copied, and makes them live once the log has passed their copy.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_LOG_LANE_H_
#define TRIBUTARY_SUPERVISOR_SYNC_LOG_LANE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/checkpoint/state.h"
#include "supervisor/plan/gate.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/sync/copy_lane.h"
#include "supervisor/sync/lane.h"

namespace tributary {

class LogLane final : public Lane {
 public:
  // All arguments outlive the lane. `copies` reads the tables that this lane follows; `confirmed`
  // is the position of the state that came back.
  LogLane(Scheduler& scheduler, State& state, const LogPosition& confirmed, Gate& gate,
          CopyLane& copies, Requests& requests, Logger log)
      : scheduler_(scheduler),
        state_(state),
        confirmed_(confirmed),
        gate_(gate),
        copies_(copies),
        requests_(requests),
        log_(std::move(log)) {}

  WorkerRole role() const override { return WorkerRole::kLog; }
  std::optional<Order> Next() override;
  bool finished() const override { return over_; }
  void Look(Clock::time_point now) override;
  void StopGiving() override {}
  bool Wanted(std::uint64_t) const override { return true; }
  bool Pauses(std::uint64_t) const override { return false; }
  Verdict Logged(std::uint64_t ticket, const LogReport& report) override;
  Verdict Ended(std::uint64_t ticket, const AssignmentEnd& end) override;
  void Returned(std::uint64_t ticket, bool culprit, std::string_view ending) override;
  void EmitRemarks() override {}

  // Its worker's last report, and when it was merged; empty before the first.
  struct Standing {
    LogStanding told;
    Clock::time_point at;
  };
  const std::optional<Standing>& standing() const { return standing_; }

 private:
  Verdict TakeSnapshot(const LogSnapshot& taken);
  Verdict TakeTransaction(std::uint64_t transaction);
  Verdict TakePosition(const LogPlace& place);
  Verdict TakeJoined(const Joined& joined);
  Verdict TakeChanged(const TableChanged& changed);
  Verdict TakeLost(std::uint32_t table);
  bool IsFollowed(std::uint32_t table) const;

  Scheduler& scheduler_;
  State& state_;
  const LogPosition confirmed_;
  Gate& gate_;
  CopyLane& copies_;
  Requests& requests_;
  const Logger log_;

  std::optional<Standing> standing_;
  Clock::time_point now_{};
  bool under_way_ = false;
  bool told_to_finish_ = false;
  // Whether a table's copy has begun again since then.
  bool copies_since_ = false;
  bool over_ = false;
  // Workers that ended at one position of the log.
  LogPosition death_at_;
  int deaths_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_LOG_LANE_H_
