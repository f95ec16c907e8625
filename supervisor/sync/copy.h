// Runs the copies of a plan: gives work to the workers, merges what they read
// into one stream, and keeps the combined state in step with it.
//
// The merger's rules. Rings are read in turn, by bytes. The order within a ring is
// kept. What a worker wrote is taken only while it answers to the work that it was
// given first, and only where that work's table is still in the same attempt.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_COPY_H_
#define TRIBUTARY_SUPERVISOR_SYNC_COPY_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "supervisor/delivery/outbox.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/plan/scheduler.h"
#include "supervisor/pool/pool.h"
#include "supervisor/sync/remarks.h"

namespace tributary {

// What the copy asks of the sync around it.
class CopyHost {
 public:
  virtual ~CopyHost() = default;
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
  virtual std::chrono::steady_clock::time_point Now() = 0;
};

class Copy {
 public:
  // Counts its records and Warnings in `figures`.
  Copy(Scheduler& scheduler, Pool& pool, Outbox& outbox, CopyHost& host, SyncFigures& figures)
      : scheduler_(scheduler), pool_(pool), outbox_(outbox), host_(host), figures_(figures) {}

  // Until all tables are live or set aside: OK. Where the source or the user has
  // to be waited for, the workers are stopped at their next marks and the reason
  // is returned: UNAVAILABLE, FAILED_PRECONDITION; draining, too, is UNAVAILABLE.
  // CANCELLED: the client is gone. What was read until then is in the outbox, and all
  // that a checkpoint has to have before it.
  absl::Status Run();

  std::uint64_t deaths() const { return deaths_; }

 private:
  using Clock = std::chrono::steady_clock;

  absl::Status CopyAll();
  void GiveWork();
  void DetachRings();
  void Detach(Member& member);
  // Puts it off where the rings of those that ended take all the memory that is meant
  // for rings.
  void Replace(Member& member);
  bool GiveOne(Member& member);
  Assignment MakeAssignment(const Work& work) const;
  void SendTruncates();

  // True: something was merged or changed.
  bool Merge(bool takes_more);
  // One large message at a time, so that only one is in memory.
  bool TakesFramesOf(const Member& member) const {
    return assembling_ == nullptr || assembling_ == &member;
  }
  void WatchAssembly(bool takes_more);
  void LookForCheckpoint();
  bool TakeFrames(Member& member);
  // False: the worker was ended for it.
  bool TakeFrame(Member& member, Frame& frame);
  bool TakeBatch(Member& member, Frame& frame);
  bool TakeMark(Member& member, const ReadWork& read, const Frame& frame);
  bool TakeEnd(Member& member, const Frame& frame);
  void ReadFailed(const ReadWork& read, const absl::Status& why);
  bool TakeAnswers(Member& member);
  bool TakeAnswer(Member& member, const FromWorker& answer);
  void Bury(Member& member);
  void DropParts(Member& member);

  void Widen(std::size_t table, const ReadEnd& end);
  void RestartMoved(std::size_t table);
  void SetAside(std::size_t table, const std::string& why);
  void StopStaleReads();
  // Before every checkpoint.
  void TellRemarks();
  void Warn(const std::string& text);
  // Stops the workers at their next marks, for `why`.
  void StopFor(absl::Status why);

  Scheduler& scheduler_;
  Pool& pool_;
  Outbox& outbox_;
  CopyHost& host_;
  SyncFigures& figures_;
  Remarks remarks_;
  absl::Status stopping_for_;
  Clock::time_point stopping_since_{};
  std::size_t next_ring_ = 0;
  std::uint64_t deaths_ = 0;
  // Workers that ended since the last mark.
  int deaths_in_row_ = 0;
  bool rings_detached_ = false;
  // Of workers that ended: their frames may wait for the client for as long as it likes.
  std::vector<std::weak_ptr<const void>> buried_rings_;
  // One could not be made.
  bool no_checkpoint_ = false;
  // The worker whose message comes in parts now, and how long the others have waited
  // for its next one while the stream would have taken it: for the worker, and for room
  // in its ring.
  Member* assembling_ = nullptr;
  Clock::duration waited_for_part_{};
  Clock::duration waited_for_room_{};
  Clock::time_point last_merge_{};
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_COPY_H_
