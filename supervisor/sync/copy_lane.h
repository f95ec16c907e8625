// The lane that copies tables: cuts them, has their slices read, and moves their cursors.
// The Scheduler decides what is read next, and the Gate whether a slice may open; this class
// translates between them and the workers' frames.
//
// Where a table's content has no name, rows that were given out after a slice's last mark may be
// gone when the slice is read again. They are taken back first: a worker deletes their keys
// (taking_back.cc).
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_
#define TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "supervisor/digests/digest_keeper.h"
#include "supervisor/plan/gate.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/sync/lane.h"
#include "supervisor/sync/remarks.h"

namespace tributary {

class CopyLane final : public Lane {
 public:
  // All arguments outlive the lane. `gate` is null if no table has a log, `digests` if none are
  // made.
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
  // The sync stops: no copy begins any more.
  bool stops() const { return stops_; }
  void Look(Clock::time_point) override {}
  void StopGiving() override;
  bool Wanted(std::uint64_t ticket) const override;
  bool Pauses(std::uint64_t ticket) const override;
  std::optional<std::size_t> TableOf(std::uint64_t ticket) const override;
  Verdict Opened(std::uint64_t ticket, const tributary::Opened& opened) override;
  Verdict Marked(std::uint64_t ticket, const Mark& mark) override;
  Verdict Digested(std::uint64_t ticket, Digests digests) override;
  Verdict Answered(std::uint64_t ticket, const Answer& page) override;
  Verdict Ended(std::uint64_t ticket, const AssignmentEnd& end) override;
  void Returned(std::uint64_t ticket, bool culprit, std::string_view ending) override;
  void EmitRemarks() override;

  // Copies of an earlier sync go on with their digests. Before anything is given out.
  void Resume();

  // For the log lane and the comparison. The log waits for these slices: they stop at their next
  // marks, and the rest of each opens again.
  void Yield(const std::vector<Gate::Slice>& slices);
  // The log worker's next snapshot has been merged: slices that waited for it may open.
  void ReopenWaiting();
  // The table's copy begins again.
  void Restart(std::size_t table, course::Event why);
  // The table's copied parts no longer count: it is copied from the beginning, in the next sync if
  // it is aside or this has happened too often. `why`: a part of a sentence.
  void Lose(
      std::size_t table,
      const std::string& why = "its rows were rewritten, or the log cannot tell their changes,");
  // Before a followed table is truncated, a checkpoint must say that its copy begins again. If the
  // earlier state came back, it would rely on the rows that are truncated, and the reason for which
  // the table begins again may no longer exist. True: such a checkpoint was requested just now, and
  // has to be put before anything else.
  bool RequestCheckpointBeforeTruncate();
  // Removes earlier digests of tables that have begun since the last call, and puts the TRUNCATEs
  // that are due. False: the disk prevents it, and the sync ends.
  bool BeginStarted();
  // Remarks of the log's worker about rows of a table. False: a correct worker does not send them.
  bool AddRemarks(std::size_t table, const ColumnRemarks& remarks);
  void Widen(std::size_t table, const google::protobuf::RepeatedPtrField<Widening>& columns);
  void SetAside(std::size_t table, const std::string& why);

 private:
  // When an unfinished read is given out again.
  enum class Again { kFirst, kLast, kAfterSnapshot };

  // Rows that are deleted before `then` is read, or before the table's copy goes on.
  struct TakingBack {
    std::size_t table = 0;
    std::uint32_t attempt = 0;
    GivenRows given;
    std::optional<ReadWork> then;
    // Of the records, those that are deleted and those that a worker has.
    std::size_t deleted = 0;
    std::size_t with_worker = 0;
    int deaths = 0;
  };

  // Work that was given to a worker and has not ended.
  struct UnderWay {
    Work work;
    // Not a read: the first of taking_back_, whose table this is of.
    bool takes_back = false;
    // Of a read: rows of it may be in the stream.
    bool opened = false;
    // Of a read: the gate did not admit it.
    bool refused = false;
    Again again = Again::kFirst;
    // Number of the log worker's snapshots that had been merged when it was given out.
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
  // A copy begins, and there are digests: the generation of its own, 0 if it makes none. `earlier`
  // and errors as DigestKeeper::BeginCopy's.
  absl::StatusOr<std::uint64_t> BeginDigests(std::size_t table, std::uint64_t earlier);

  // Of tables that begin from nothing.
  void EmitTruncates();
  // Once for each table.
  void WarnThatItCannotBeCompared(std::size_t table);
  // The gate's number of a slice, the same when it is read again.
  static Gate::Slice SliceOf(const ReadWork& read);
  bool PassesGate(UnderWay& opening, const Snapshot& snapshot, std::string_view life);
  void GiveOutAgain(const UnderWay& ended);
  // --- taking_back.cc ---
  // The source gives its content no name.
  bool IsNameless(std::size_t table) const;
  // The read has ended: what it sent after its last mark.
  GivenRows EndReading(std::uint64_t ticket, const UnderWay& ended);
  // The rest of the slice is read again, once `given` is taken back.
  void ReadAgain(const UnderWay& ended, GivenRows given);
  void TakeBack(std::size_t table, GivenRows given, std::optional<ReadWork> then);
  bool IsOver(const TakingBack& one) const;
  std::optional<Order> NextTakingBack();
  Verdict TakingBackEnded(const AssignmentEnd& end);
  void TakingBackReturned(bool culprit, std::string_view ending);
  // The first of taking_back_: its table is copied again; its rows are deleted.
  void GiveUpTakingBack();
  void TakenBack();

  // They no longer delay the log: one slice, or the refused ones of a table.
  void CloseSlice(const ReadWork& read);
  void CloseRefused(std::size_t table);

  // The results of a cut's sample, before any row of its tables is sent.
  void WidenCut(const CutWork& work, const Slices& slices);
  // The source changed while the table was read.
  void RestartMoved(std::size_t table);
  // The table begins again: its log worker is told, and the old attempt's work is no longer waited
  // for.
  void TakeOtherCourse(std::size_t table);
  // Whether digests of its rows are made.
  bool MakesDigests(std::size_t table) const;
  // If the table has become live, its digests count from now on.
  void SettleDigests(std::size_t table);
  void Warn(std::size_t table, const std::string& text, bool put_aside = false);

  Scheduler& scheduler_;
  Requests& requests_;
  const Logger log_;
  Gate* gate_;
  DigestKeeper* digests_;
  Remarks remarks_;
  // Tables of which the user has been told so.
  std::set<std::size_t> cannot_be_compared_;
  std::uint64_t last_ticket_ = 0;
  std::unordered_map<std::uint64_t, UnderWay> under_way_;
  // One at a time, as the state of a table names the last of them.
  std::deque<TakingBack> taking_back_;
  // Refused by the gate: the log waits until each has opened again.
  std::set<Gate::Slice> refused_;
  // These do not open again.
  bool stops_ = false;
  // A table of the log begins again, and no checkpoint was put since.
  bool begins_again_ = false;
  // Number of the log worker's snapshots that have been merged.
  std::uint64_t snapshots_ = 0;
  // Work to give out again after the next one.
  std::vector<ReadWork> wait_for_snapshot_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_COPY_LANE_H_
