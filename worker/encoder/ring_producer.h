// The worker's end of its ring: reserves contiguous space, fills it in place and
// publishes it as a frame.
//
// Used by one thread. It beats the pulse while it waits for space, so that a worker with a slow
// client does not look as if it hangs.
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
  // It rings `data_ready` for the supervisor and sleeps on `space_free`; both bells outlive this
  // object.
  RingProducer(RingMemory memory, int data_ready, int space_free);

  // Reserves space for one frame with up to `payload_bytes` after its header; the caller fills it
  // from the returned address on. Waits until the space is free. One reservation at a time; a
  // second call before Publish may ask for more and moves nothing.
  char* Reserve(std::size_t payload_bytes);

  // The content of a reservation, from its start on.
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
  // Called while a frame waits for space, after kRingFullAfter and then at that interval; must not
  // write to the ring. Null: nothing.
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
