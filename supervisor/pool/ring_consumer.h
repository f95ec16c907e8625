// The supervisor's end of a ring. The worker at the other end is not trusted:
// every header is copied once, checked, and only the copy is used.
//
// Next is called by one thread. Frames may be given back from any thread and in
// any order; ring space is freed in order. The memory lives as long as any frame of it is held,
// even after its worker is gone.
#ifndef TRIBUTARY_SUPERVISOR_POOL_RING_CONSUMER_H_
#define TRIBUTARY_SUPERVISOR_POOL_RING_CONSUMER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"
#include "common/ring/ring.h"
#include "supervisor/pool/worker.h"

namespace tributary {

class RingConsumer final : public FrameSource, public std::enable_shared_from_this<RingConsumer> {
 public:
  // `space_free` is the bell that the worker sleeps on (common/ring/bell.h).
  RingConsumer(RingMemory memory, FileDescriptor space_free);

  absl::StatusOr<std::optional<Frame>> Next() override;
  bool ArmDoorbell() override;
  absl::Status Detach() override;
  std::size_t bytes_held() const override;
  std::uint64_t pulse() const override {
    return memory_->control().pulse.load(std::memory_order_relaxed);
  }
  void PauseThrough(std::uint32_t id) override {
    if (id <= paused_through_) return;
    paused_through_ = id;
    memory_->control().pause_through.store(id, std::memory_order_relaxed);
  }
  std::uint32_t paused_through() const override { return paused_through_; }
  std::weak_ptr<const void> lifetime() const override { return weak_from_this(); }

  int memory_fd() const { return memory_->fd(); }
  int space_free_fd() const { return space_free_.get(); }

 private:
  struct Outstanding {
    std::uint64_t end;
    std::string_view bytes;
    bool released;
  };
  struct Lease;
  void Release(std::uint64_t number);
  // Start of the oldest frame that is still held, or else of the next one.
  std::uint64_t OldestHeld() const;

  void Free(std::uint64_t tail);

  // Shared with the frames in it.
  std::shared_ptr<RingMemory> memory_;
  FileDescriptor space_free_;
  std::uint64_t next_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint32_t paused_through_ = 0;

  mutable std::mutex mutex_;
  // Frames handed out and not yet freed, oldest first; the front is number first_.
  std::deque<Outstanding> outstanding_;
  std::uint64_t first_ = 0;
  std::uint64_t tail_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_POOL_RING_CONSUMER_H_
