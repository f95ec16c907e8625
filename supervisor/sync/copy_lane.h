// The lane that copies tables: cuts them, has their slices read, and moves their cursors.
// What is read next is the Scheduler's decision; this translates between it and the
// workers' frames.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_
#define TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "supervisor/plan/scheduler.h"
#include "supervisor/sync/lane.h"
#include "supervisor/sync/remarks.h"

namespace tributary {

class CopyLane final : public Lane {
 public:
  // Both outlive the lane.
  CopyLane(Scheduler& scheduler, Requests& requests) : scheduler_(scheduler), requests_(requests) {}

  WorkerRole role() const override { return WorkerRole::kSlices; }
  std::optional<Order> Next() override;
  bool finished() const override { return scheduler_.finished(); }
  bool Wanted(std::uint64_t ticket) const override;
  Verdict Opened(std::uint64_t ticket, const tributary::Opened& opened) override;
  Verdict Marked(std::uint64_t ticket, const Mark& mark) override;
  Verdict Answered(std::uint64_t ticket, const Answer& page) override;
  Verdict Ended(std::uint64_t ticket, const AssignmentEnd& end) override;
  void Returned(std::uint64_t ticket, bool culprit, std::string_view ending) override;
  void EmitRemarks() override;

 private:
  // What was given to a worker and is not over.
  struct UnderWay {
    Work work;
    // Of a cut: the pages that have come.
    Slices slices = {};
    std::size_t slices_memory = 0;
  };

  const UnderWay& At(std::uint64_t ticket) const { return under_way_.at(ticket); }
  const ReadWork& ReadAt(std::uint64_t ticket) const { return std::get<ReadWork>(At(ticket).work); }
  Assignment MakeAssignment(const Work& work) const;
  Verdict ReadEnded(const ReadWork& read, const AssignmentEnd& end);
  void CutEnded(const UnderWay& cut, const AssignmentEnd& end);
  void EmitTruncates();

  void Widen(std::size_t table, const AssignmentEnd& end);
  void RestartMoved(std::size_t table);
  void SetAside(std::size_t table, const std::string& why);
  void Warn(const std::string& text);

  Scheduler& scheduler_;
  Requests& requests_;
  Remarks remarks_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, UnderWay> under_way_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_
