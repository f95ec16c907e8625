// Any bytes as a ring written by a worker: each frame is within the ring and its limits, or the
// worker's fault is detected. The first bytes say how far the head moves before each look.
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "common/limits.h"
#include "supervisor/pool/ring_consumer.h"

namespace tributary {
namespace {

constexpr std::size_t kBytes = 16 * limits::kKiB;
constexpr std::size_t kLooks = 8;

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

void Check(const std::uint8_t* data, std::size_t size) {
  if (size < 2 * kLooks) return;
  auto memory = RingMemory::Create(kBytes);
  auto worker = RingMemory::Attach(FileDescriptor(::dup(memory->fd())), kBytes);
  auto ring = std::make_shared<RingConsumer>(*std::move(memory),
                                             FileDescriptor(::eventfd(0, EFD_NONBLOCK)));
  const std::uint8_t* const bytes = data + 2 * kLooks;
  std::memcpy(worker->data(0), bytes, std::min(size - 2 * kLooks, kBytes));
  std::uint64_t head = 0;
  std::vector<Hold> held;
  std::uint64_t sum = 0;
  for (std::size_t look = 0; look < kLooks; ++look) {
    std::uint16_t moved;
    std::memcpy(&moved, data + 2 * look, sizeof(moved));
    head += moved;
    worker->control().head.store(head);
    for (;;) {
      auto frame = ring->Next();
      if (!frame.ok()) {
        Require(absl::IsInvalidArgument(frame.status()), "a broken ring is reported with its code");
        return;
      }
      if (!frame->has_value()) break;
      Require((*frame)->payload.size() <= limits::kMaxFramePayloadBytes, "payloads are bounded");
      Require((*frame)->payload.size() <= kBytes, "a payload lies within the ring");
      Require((*frame)->records <= limits::kMaxRecordsInBatch, "records are bounded");
      // Reads each byte, for the sanitizer.
      for (const char byte : (*frame)->payload) sum += static_cast<unsigned char>(byte);
      if ((*frame)->assignment % 2 == 0) held.push_back((*frame)->hold);
    }
    Require(worker->control().tail.load() <= head, "only what was published is freed");
    if (sum % 3 == 0) held.clear();
  }
}

}  // namespace
}  // namespace tributary

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::Check(data, size);
  return 0;
}
