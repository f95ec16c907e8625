// The worker's end of its ring: reserves contiguous space, fills it in place and
// publishes it as a frame.
//
// Used by one thread. Waiting for space beats the pulse, so that a worker whose
// client is slow is not taken for one that hangs.
#ifndef TRIBUTARY_WORKER_ENCODER_RING_PRODUCER_H_
#define TRIBUTARY_WORKER_ENCODER_RING_PRODUCER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/ring/ring.h"

namespace tributary {

class RingProducer {
 public:
  // `data_ready` is rung for the supervisor, `space_free` is slept on; both are
  // bells that outlive this object.
  RingProducer(RingMemory memory, int data_ready, int space_free);

  // Space for one frame with up to `payload_bytes` behind its header, which the
  // caller fills from the returned address on. Waits until it is free. One
  // reservation at a time; a second call before Publish may ask for more and moves
  // nothing.
  char* Reserve(std::size_t payload_bytes);

  // What stands in a reservation from its start on.
  struct Content {
    std::size_t skip = 0;
    std::size_t payload_bytes = 0;
    std::size_t compact_bytes = 0;
    std::uint32_t records = 0;
  };
  // Publishes the reservation as a frame.
  void Publish(FrameType type, std::uint32_t assignment, const Content& content);

  // Reserve, copy and publish.
  void Send(FrameType type, std::uint32_t assignment, std::string_view payload,
            std::uint32_t records = 0);

  // Whether the supervisor wants `assignment` to stop at its next mark.
  bool PauseWanted(std::uint32_t assignment) const {
    return memory_.control().pause_through.load(std::memory_order_relaxed) >= assignment;
  }
  // What to do while a frame waits for space, from kRingFullAfter on and as often as that;
  // it must not write to the ring. Null: nothing.
  void WhileFull(std::function<void()> act) { while_full_ = std::move(act); }

  void Beat() { memory_.control().pulse.fetch_add(1, std::memory_order_relaxed); }

 private:
  void WaitForSpace(std::uint64_t needed_tail);
  // Where it sleeps.
  void WakeConsumer();

  RingMemory memory_;
  int data_ready_;
  int space_free_;
  std::uint64_t head_ = 0;
  std::uint64_t known_tail_ = 0;
  std::uint64_t sequence_ = 0;
  std::function<void()> while_full_;
};

}  // namespace tributary

#endif  // TRIBUTARY_WORKER_ENCODER_RING_PRODUCER_H_
