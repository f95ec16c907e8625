// A ring with both ends in one thread: what a worker would write, to be examined or dropped.
#ifndef TRIBUTARY_TESTS_BENCH_MEMORY_RING_H_
#define TRIBUTARY_TESTS_BENCH_MEMORY_RING_H_

#include <memory>
#include <optional>

#include "supervisor/pool/ring_consumer.h"
#include "worker/encoder/ring_producer.h"

namespace tributary::bench {

class MemoryRing {
 public:
  MemoryRing();

  // After writing, Take must be called before the ring is full.
  RingProducer& producer() { return *producer_; }
  // The next frame; nothing if there is none.
  std::optional<Frame> Take();

 private:
  FileDescriptor data_ready_;
  std::shared_ptr<RingConsumer> consumer_;
  std::optional<RingProducer> producer_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_MEMORY_RING_H_
