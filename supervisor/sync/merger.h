// Merges the streams of all workers into one: gives out the lanes' work, takes frames from the
// rings, and puts them into the outbox in one order.
//
// Rings are read in turn, by bytes, and the order within a ring is kept. A frame counts only if it
// belongs to the worker's first assignment. If a lane cannot take a frame yet, only that ring
// waits.
//
// The merger alone knows the workers' streams: parts of large messages, pauses, rings of workers
// that ended. Only the lanes know what the work means.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_MERGER_H_
#define TRIBUTARY_SUPERVISOR_SYNC_MERGER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/log.h"
#include "supervisor/delivery/outbox.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/pool/pool.h"
#include "supervisor/sync/lane.h"

namespace tributary {

// The merger's interface to its sync.
class MergerHost {
 public:
  virtual ~MergerHost() = default;
  virtual bool ClientGone() = 0;
  // The process will end soon.
  virtual bool Draining() = 0;
  virtual bool CheckpointDue() = 0;
  // Sends a checkpoint of the state as it is now. FAILED_PRECONDITION: no checkpoint can be sent
  // until the user changes something.
  virtual absl::Status Checkpoint() = 0;
  // Whether the stream has room; otherwise the rings wait.
  virtual bool TakesMore() = 0;
  virtual absl::Status Pump() = 0;
  virtual Clock::time_point Now() = 0;
  // For the board: a Warning is put; the worker's first assignment is about to end.
  virtual void Show(const Shown&) {}
  virtual void Account(Member&) {}
};

class Merger {
 public:
  // `lanes` are asked for work in this order; they write their requests into `requests`. Counts
  // records and Warnings in `figures`. All arguments outlive the merger.
  Merger(std::vector<Lane*> lanes, Requests& requests, Pool& pool, Outbox& outbox, MergerHost& host,
         SyncFigures& figures, Logger log = {})
      : lanes_(std::move(lanes)),
        requests_(requests),
        pool_(pool),
        outbox_(outbox),
        host_(host),
        figures_(figures),
        log_(std::move(log)) {}

  // Runs until all lanes are finished: OK. If the sync has to wait for the source or the user, it
  // stops the workers at their next marks and returns the reason: UNAVAILABLE, FAILED_PRECONDITION;
  // draining is UNAVAILABLE as well. CANCELLED: the client is gone. The outbox then has everything
  // that was read, and everything that must precede a checkpoint.
  absl::Status Run();

  std::uint64_t deaths() const { return deaths_; }

 private:
  absl::Status MergeAll();
  void LookForCheckpoint();
  void PutCheckpoint();
  // Carries out the lanes' requests.
  void ApplyRequests();
  void EmitRemarks();
  // Stops the workers at their next marks, for `why`.
  void StopFor(absl::Status why);
  // What the sync waits for if nothing could be merged.
  WaitStage WaitsFor(bool takes_more);
  bool AnyRingFull();
  bool GateHolds();
  bool AllIdle();
  bool LanesFinished() const;

  // giving.cc: work to workers.
  void GiveWork();
  bool AssignNext(Member& member);
  // Waits if the rings of ended workers use all memory that is meant for rings.
  void Replace(Member& member);
  void PauseUnwanted();
  void ReturnWorkOf(Member& member);

  // Frames from workers. True: something was merged or changed.
  bool MergeRings(bool takes_more);
  // One large message at a time, so that only one is in memory.
  bool TakesFramesOf(const Member& member) const {
    return assembling_ == nullptr || assembling_ == &member;
  }
  bool TakeFrames(Member& member);
  // Empty: the next frame has to wait.
  Verdict TakeFrame(Member& member, Frame& frame);
  Verdict TakeReport(Member& member, const Frame& frame);
  Verdict TakeEnd(Member& member, const Frame& frame);

  // assembly.cc: messages of several frames, and rings that a slow client keeps full.
  Verdict TakeBatch(Member& member, Frame& frame);
  void Count(Member& member, std::uint64_t rows, std::size_t bytes);
  void DropParts(Member& member);
  void WatchAssembly(bool takes_more);
  void DetachRings();
  void Detach(Member& member);

  const std::vector<Lane*> lanes_;
  Requests& requests_;
  Pool& pool_;
  Outbox& outbox_;
  MergerHost& host_;
  SyncFigures& figures_;
  const Logger log_;

  // Why the sync stops; empty while it does not.
  std::optional<absl::Status> stopping_for_;
  Clock::time_point stopping_since_{};
  std::size_t next_ring_ = 0;
  // A checkpoint was refused (the state is too large); none is tried again.
  bool checkpoint_refused_ = false;

  std::uint64_t deaths_ = 0;
  // Workers that ended since the last mark.
  int deaths_in_row_ = 0;
  // Rings of ended workers whose frames gRPC still holds; they bound how many workers are started.
  std::vector<std::weak_ptr<const void>> held_rings_;

  // The worker whose message is arriving in parts, and how long the others have waited for its next
  // part while the stream had room: for the worker, and for room in its ring.
  Member* assembling_ = nullptr;
  Clock::duration waited_for_part_{};
  Clock::duration waited_for_room_{};
  Clock::time_point last_merge_{};
  bool rings_detached_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_MERGER_H_
