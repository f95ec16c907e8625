// The lane that copies tables: cuts them, has their slices read, and moves their cursors.
// What is read next is the Scheduler's decision, and whether a slice may open beside the
// log is the Gate's; this translates between them and the workers' frames.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_
#define TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/log.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/plan/gate.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/sync/lane.h"
#include "supervisor/sync/remarks.h"

namespace tributary {

class CopyLane final : public Lane {
 public:
  // All of them outlive the lane. `gate` is null where no table has a log, `digests` where
  // none are made.
  CopyLane(Scheduler& scheduler, Requests& requests, Logger log = {}, Gate* gate = nullptr,
           DigestKeeper* digests = nullptr)
      : scheduler_(scheduler),
        requests_(requests),
        log_(std::move(log)),
        gate_(gate),
        digests_(digests) {}

  WorkerRole role() const override { return WorkerRole::kSlices; }
  std::optional<Order> Next() override;
  bool finished() const override { return scheduler_.finished(); }
  void Look(Clock::time_point) override {}
  void StopGiving() override;
  bool Wanted(std::uint64_t ticket) const override;
  bool Pauses(std::uint64_t ticket) const override;
  std::optional<std::size_t> TableOf(std::uint64_t ticket) const override;
  Verdict Opened(std::uint64_t ticket, const tributary::Opened& opened) override;
  Verdict Marked(std::uint64_t ticket, const Mark& mark) override;
  Verdict Digested(std::uint64_t ticket, const Digests& digests) override;
  Verdict Answered(std::uint64_t ticket, const Answer& page) override;
  Verdict Ended(std::uint64_t ticket, const AssignmentEnd& end) override;
  void Returned(std::uint64_t ticket, bool culprit, std::string_view ending) override;
  void EmitRemarks() override;

  // For the log lane and the comparison.
  // The log waits for these slices: they stop at their next marks, and what is left of
  // them opens anew.
  void Yield(const std::vector<Gate::Slice>& slices);
  // The log worker's next snapshot has been merged: slices that came before it may open.
  void ReopenWaiting();
  // The table's copy begins again.
  void Restart(std::size_t table, course::Event why);
  // What was copied of the table counts no longer: it is copied from the beginning, in the
  // next sync where it is aside or this has happened too often.
  void Lose(std::size_t table);
  // For tables that have begun since the last call. False: their digests prevent it,
  // and the sync ends.
  bool EmitTruncates();
  // What the log's worker remarked of rows of a table. False: no sound worker does.
  bool AddRemarks(std::size_t table, const ColumnRemarks& remarks);
  void Widen(std::size_t table, const google::protobuf::RepeatedPtrField<Widening>& columns);
  void SetAside(std::size_t table, const std::string& why);

 private:
  // When a read is given out again that did not come to its end.
  enum class Again { kFirst, kLast, kAfterSnapshot };

  // What was given to a worker and is not over.
  struct UnderWay {
    Work work;
    // Of a read: the gate did not admit it.
    bool refused = false;
    Again again = Again::kFirst;
    // How many snapshots of the log worker had been merged when it was given.
    std::uint64_t given_after = 0;
    // The log waits for it.
    bool yields = false;
    // Of a cut: the pages that have come.
    Slices slices = {};
    std::size_t slices_memory = 0;
  };

  const UnderWay& At(std::uint64_t ticket) const { return under_way_.at(ticket); }
  Assignment MakeAssignment(const Work& work) const;
  Verdict ReadEnded(std::uint64_t ticket, const UnderWay& ended, const AssignmentEnd& end);
  void CutEnded(const UnderWay& cut, const AssignmentEnd& end);

  // The gate's number of a slice, the same when it is read anew.
  static Gate::Slice SliceOf(const ReadWork& read);
  bool PassesGate(UnderWay& opening, const Snapshot& snapshot, std::string_view life);
  void GiveOutAgain(const UnderWay& ended);
  // They hold up the log no longer: one slice, and the refused ones of a table.
  void CloseSlice(const ReadWork& read);
  void CloseRefused(std::size_t table);

  // What a cut's sample found, before any row of its tables is sent.
  void WidenCut(const CutWork& work, const Slices& slices);
  // The source changed while the table was read.
  void RestartMoved(std::size_t table);
  // The table begins again: its log worker is told, and nothing of the old attempt is
  // waited for.
  void TakeOtherCourse(std::size_t table);
  // Digests of its rows are made.
  bool MakesDigests(std::size_t table) const;
  // Where the table has become live, its digests count from now on.
  void SettleDigests(std::size_t table);
  void Warn(std::size_t table, const std::string& text, bool put_aside = false);

  Scheduler& scheduler_;
  Requests& requests_;
  const Logger log_;
  Gate* gate_;
  DigestKeeper* digests_;
  Remarks remarks_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, UnderWay> under_way_;
  // Known to the gate as refused: the log waits until each has opened anew.
  std::set<Gate::Slice> refused_;
  // None of them opens anew.
  bool stops_ = false;
  // Snapshots of the log worker that have been merged.
  std::uint64_t snapshots_ = 0;
  // To be given out again after the next one.
  std::vector<ReadWork> wait_for_snapshot_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_
