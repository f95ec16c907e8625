// The workers of one sync and what each of them has been given to do.
//
// Passive: the sync asks it to start, give, wait and look; nothing happens by
// itself. Used by the sync's thread, which starts the workers and outlives them.
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
#include "supervisor/plan/scheduler.h"
#include "supervisor/pool/ask.h"
#include "supervisor/pool/doorbell.h"
#include "supervisor/pool/worker.h"

namespace tributary {

// A worker's place in the pool, which another worker takes when it ends.
struct Member {
  struct Given {
    std::uint32_t id = 0;
    Work work;
    // That its slice is read in; nothing until its first mark.
    std::optional<std::string> version = {};
  };

  bool idle() const { return given.empty(); }
  std::uint64_t queued_bytes() const;
  std::size_t queued_cuts() const;
  // The answer is to a cut that is not yet the first: the ring, which is read
  // apart from the socket, still has the end of what was given before it.
  bool Awaits(const FromWorker& answer) const;

  std::unique_ptr<Worker> process;
  // In the order in which the worker does it.
  std::deque<Given> given;
  std::uint32_t next_id = 1;
  // Answers that wait for their turn, at most one for each cut given.
  std::deque<FromWorker> early;
  PulseWatch watch;
  // The beginning of a message that comes in several frames.
  std::string parts;
  // The process is gone; its ring may still hold frames.
  bool ended = false;
  // How it ended, for people.
  std::string ending;
};

class Pool {
 public:
  // `bell` and `metrics` outlive the pool.
  Pool(StartWorker start, Opening opening, std::size_t size, const Doorbell& bell,
       Metrics& metrics);

  // Starts workers until `count` places, at most the pool's size, are taken.
  // RESOURCE_EXHAUSTED where one cannot be started.
  absl::Status Start(std::size_t count);
  // Starts a worker in a place whose worker is gone.
  absl::Status Replace(Member& member);

  std::vector<Member>& members() { return members_; }

  // Sends the work; a worker that is gone is noticed by the next Receive.
  void Give(Member& member, Work work, Assignment assignment);

  // The worker's next answer on its control socket, if there is one and the work
  // that was given before it is over. A worker that is found gone, broken or
  // without a sign of life is ended and marked.
  std::optional<FromWorker> Receive(Member& member);
  // Ends the worker for what it did.
  void End(Member& member, const std::string& why, WorkerEnd end = WorkerEnd::kBroken);

  // Until a worker or the bell has something, or `timeout` has passed. Frames in the
  // rings of those that `takes_frames_of` names end it too.
  void Wait(std::chrono::milliseconds timeout,
            const std::function<bool(const Member&)>& takes_frames_of);

 private:
  StartWorker start_;
  Opening opening_;
  std::size_t size_;
  const Doorbell& bell_;
  Metrics& metrics_;
  std::vector<Member> members_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_POOL_H_
