// A worker as the sync sees it: what it is sent, and the frames that it writes. WorkerProcess is
// the real one; simulations have another.
//
// Used by the thread that started it.
#ifndef TRIBUTARY_SUPERVISOR_POOL_WORKER_H_
#define TRIBUTARY_SUPERVISOR_POOL_WORKER_H_

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/ring/ring.h"
#include "proto/worker.pb.h"
#include "supervisor/metrics/metrics.h"

namespace tributary {

// Keeps the bytes that a string_view points into; the last copy frees them.
using Hold = std::shared_ptr<const void>;

struct Frame {
  FrameType type{};
  std::uint32_t assignment = 0;
  std::uint32_t records = 0;
  std::string_view payload;
  // Of a batch; empty if it has none.
  std::string_view compact;
  Hold hold;
};

// The consuming end of a ring.
class FrameSource {
 public:
  virtual ~FrameSource() = default;

  // The next published frame, if there is one. INVALID_ARGUMENT: a correct worker cannot have
  // written the bytes in the ring.
  virtual absl::StatusOr<std::optional<Frame>> Next() = 0;

  // Announces that the consumer is about to sleep until data_ready is rung, which happens for
  // limits::kBytesWorthWaking or the end of a read. False: there is a frame already, and nothing is
  // announced.
  virtual bool ArmDoorbell() = 0;

  // Frees the whole ring for the worker although frames of it are held: the holders keep private
  // copies of the bytes at the same addresses. For a client that stops reading with the oldest
  // frames in its window, since ring space is freed in order. RESOURCE_EXHAUSTED: no memory for the
  // copies; nothing has changed.
  virtual absl::Status Detach() = 0;

  // Assignments up to `id` must stop at their next mark.
  virtual void PauseThrough(std::uint32_t id) = 0;
  // The value that was set here; the worker can overwrite the word in the ring.
  virtual std::uint32_t paused_through() const = 0;

  // Bytes that are published and not yet freed.
  virtual std::size_t bytes_held() const = 0;
  // Changes while the worker lives.
  virtual std::uint64_t pulse() const = 0;

  // Expires when neither this object nor a frame of it is held, and its memory is freed.
  virtual std::weak_ptr<const void> lifetime() const = 0;
};

class Worker {
 public:
  virtual ~Worker() = default;

  // Kills and reaps it; returns how it had ended, for people: "killed by signal 9". The metrics
  // count `why`; without it, how it had ended.
  virtual std::string End(std::optional<WorkerEnd> why = std::nullopt) = 0;
  virtual bool alive() const = 0;

  // UNAVAILABLE: it is gone. RESOURCE_EXHAUSTED: its queue is full.
  virtual absl::Status Send(const Assignment& assignment) = 0;
  // The same for a worker that follows the log.
  virtual absl::Status Steer(const FollowOrder& order) = 0;
  // Sends the bytes that the worker did not accept at once. UNAVAILABLE: it is gone.
  // INVALID_ARGUMENT: it wrote on its control socket, which it must not.
  virtual absl::Status Look() = 0;
  // Waits until the ring or Look may have something new, or `timeout` has passed.
  virtual void Wait(std::chrono::milliseconds timeout) = 0;
  // For a poll(2) over many: ready when Look may have something new.
  virtual pollfd Awaited() const = 0;

  virtual FrameSource& ring() = 0;

  // For people: 0 if there is no process.
  virtual pid_t pid() const { return 0; }
  // The process's own memory now, with its ring; 0: not known.
  virtual std::uint64_t memory_bytes() const { return 0; }
};

// Starts a worker with `opening`; it rings the bell `data_ready` when it has
// published a frame. RESOURCE_EXHAUSTED: no memory, descriptors or processes left.
using StartWorker = std::function<absl::StatusOr<std::unique_ptr<Worker>>(
    int data_ready, const Opening& opening, Metrics& metrics)>;

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_WORKER_H_
