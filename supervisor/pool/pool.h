// The workers of one sync and the work that each has been given.
//
// Passive: it acts only when the sync calls it. Used by the sync's thread, which starts the workers
// and outlives them.
#ifndef TRIBUTARY_SUPERVISOR_POOL_POOL_H_
#define TRIBUTARY_SUPERVISOR_POOL_POOL_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "supervisor/pool/ask.h"
#include "supervisor/pool/doorbell.h"
#include "supervisor/pool/order.h"
#include "supervisor/pool/worker.h"

namespace tributary {

// A worker's place in the pool; when the worker ends, another takes the place.
struct Member {
  struct Given {
    // The assignment's id, as in its frames.
    std::uint32_t id = 0;
    Order order;
    // Its opened frame was taken.
    bool opened = false;
    // Merged rows and bytes of it that are not accounted for yet.
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };

  bool idle() const { return given.empty(); }
  std::uint64_t queued_bytes() const;
  std::size_t queued_questions() const;

  // Counted from 1; a worker's replacement has the same number.
  std::uint32_t number = 0;
  WorkerRole role = WorkerRole::kSlices;
  std::unique_ptr<Worker> process;
  // In the order in which the worker does it.
  std::deque<Given> given;
  std::uint32_t next_id = 1;
  // The time up to which its work has been accounted for.
  Clock::time_point since{};
  // When it was last looked at.
  std::uint64_t memory_bytes = 0;
  PulseWatch watch;
  // The beginning of a message that comes in several frames.
  std::string parts;
  // The next frame, if it could not be merged yet.
  std::optional<Frame> waiting;
  // The process is gone; its ring may still hold frames.
  bool ended = false;
  // How it ended, for people.
  std::string ending;
};

class Pool {
 public:
  // `bell`, `metrics` and `clock` outlive the pool.
  Pool(StartWorker start, Opening opening, std::size_t size, const Doorbell& bell, Metrics& metrics,
       const Clock& clock = TheSystemClock());

  // Starts workers for slices until `count` places, at most the pool's size, are taken.
  // RESOURCE_EXHAUSTED where one cannot be started.
  absl::Status Start(std::size_t count);
  // Starts the one worker for the log, beside the pool's size. Called once.
  absl::Status StartLogWorker();
  // Starts a worker in a place whose worker is gone.
  absl::Status Replace(Member& member);

  std::deque<Member>& members() { return members_; }

  // Sends the order's assignment; a worker that is gone is noticed by the next Look.
  void Give(Member& member, Order order);

  // Sends an order to the worker that follows the log, if there is one.
  void Steer(const FollowOrder& order);

  // Ends and marks each worker that is gone, has written on its control socket, or has work and
  // shows no sign of life.
  void Look(Member& member);
  // Ends the worker for what it did.
  void End(Member& member, const std::string& why, WorkerEnd end = WorkerEnd::kBroken);

  // Waits until a worker or the bell has something, or `timeout` has passed. Frames in the rings of
  // the workers that `takes_frames_of` names also end the wait.
  void Wait(std::chrono::milliseconds timeout,
            const std::function<bool(const Member&)>& takes_frames_of);

 private:
  absl::Status Add(WorkerRole role);

  StartWorker start_;
  Opening opening_;
  std::size_t size_;
  const Doorbell& bell_;
  Metrics& metrics_;
  const Clock& clock_;
  // Places keep their addresses.
  std::deque<Member> members_;
  std::size_t slice_workers_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_POOL_H_
