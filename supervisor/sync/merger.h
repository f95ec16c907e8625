// Merges the streams of all workers into one: gives out what the lanes want read, takes
// frames from the rings, and puts them into the outbox in one order.
//
// Rings are read in turn, by bytes, and the order within a ring is kept. What a worker
// writes counts only while it belongs to the work that the worker was given first. A
// frame that its lane cannot take yet keeps its ring waiting, and no other.
//
// The merger alone knows the workers' streams: parts of large messages, pauses, rings of
// workers that ended. It does not know what work means; that is the lanes'.
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

// What the merger asks of the sync around it.
class MergerHost {
 public:
  virtual ~MergerHost() = default;
  virtual bool ClientGone() = 0;
  // The process is to end soon.
  virtual bool Draining() = 0;
  virtual bool CheckpointDue() = 0;
  // Sends a checkpoint of the state as it is now. FAILED_PRECONDITION: none can be
  // sent, nor will be; the user has to change something.
  virtual absl::Status Checkpoint() = 0;
  // Whether the stream takes more now; otherwise the rings wait.
  virtual bool TakesMore() = 0;
  virtual absl::Status Pump() = 0;
  virtual Clock::time_point Now() = 0;
  // For the board: a Warning is put, and what the worker does first is about to be over.
  virtual void Show(const Shown&) {}
  virtual void Account(Member&) {}
};

class Merger {
 public:
  // `lanes` in the order in which they are asked for work; `requests` is where they write
  // what they want done. Counts records and Warnings in `figures`. All of them outlive
  // the merger.
  Merger(std::vector<Lane*> lanes, Requests& requests, Pool& pool, Outbox& outbox, MergerHost& host,
         SyncFigures& figures, Logger log = {})
      : lanes_(std::move(lanes)),
        requests_(requests),
        pool_(pool),
        outbox_(outbox),
        host_(host),
        figures_(figures),
        log_(std::move(log)) {}

  // Until all lanes are finished: OK. Where the source or the user has to be waited for,
  // the workers are stopped at their next marks and the reason is returned: UNAVAILABLE,
  // FAILED_PRECONDITION; draining is UNAVAILABLE as well. CANCELLED: the client is gone.
  // What was read until then is in the outbox, and all that a checkpoint has to have
  // before it.
  absl::Status Run();

  std::uint64_t deaths() const { return deaths_; }

 private:
  absl::Status MergeAll();
  void LookForCheckpoint();
  // Carries out what the lanes have asked for.
  void ApplyRequests();
  void EmitRemarks();
  // Stops the workers at their next marks, for `why`.
  void StopFor(absl::Status why);
  // What is waited for where nothing could be merged.
  WaitStage WaitsFor(bool takes_more);
  bool AnyRingFull();
  bool GateHolds();
  bool AllIdle();
  bool LanesFinished() const;

  // giving.cc: work to workers.
  void GiveWork();
  bool AssignNext(Member& member);
  // Puts it off where the rings of those that ended take all the memory that is meant
  // for rings.
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
  // Nothing: the next frame has to wait.
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

  // Why the sync stops; nothing while it does not.
  std::optional<absl::Status> stopping_for_;
  Clock::time_point stopping_since_{};
  std::size_t next_ring_ = 0;
  // A checkpoint was refused (the state is too large); none is tried again.
  bool checkpoint_refused_ = false;

  std::uint64_t deaths_ = 0;
  // Workers that ended since the last mark.
  int deaths_in_row_ = 0;
  // Rings of ended workers whose frames gRPC still holds; bounds how many workers are
  // started meanwhile.
  std::vector<std::weak_ptr<const void>> held_rings_;

  // The worker whose message comes in parts now, and how long the others have waited
  // for its next one while the stream would have taken it: for the worker, and for room
  // in its ring.
  Member* assembling_ = nullptr;
  Clock::duration waited_for_part_{};
  Clock::duration waited_for_room_{};
  Clock::time_point last_merge_{};
  bool rings_detached_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_MERGER_H_
