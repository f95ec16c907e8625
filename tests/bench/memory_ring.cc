#include "tests/bench/memory_ring.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "common/limits.h"

namespace tributary::bench {
namespace {

template <typename Value>
Value OrEnd(absl::StatusOr<Value> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "make ring: %s\n", value.status().ToString().c_str());
  std::exit(EXIT_FAILURE);
}

}  // namespace

MemoryRing::MemoryRing() : data_ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  RingMemory memory = OrEnd(RingMemory::Create(limits::kRingBytes));
  FileDescriptor same(::fcntl(memory.fd(), F_DUPFD_CLOEXEC, 0));
  FileDescriptor space_free(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const int rung = space_free.get();
  consumer_ = std::make_shared<RingConsumer>(std::move(memory), std::move(space_free));
  producer_.emplace(OrEnd(RingMemory::Attach(std::move(same), limits::kRingBytes)),
                    data_ready_.get(), rung);
}

std::optional<Frame> MemoryRing::Take() { return OrEnd(consumer_->Next()); }

}  // namespace tributary::bench
