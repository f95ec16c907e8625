#include "worker/encoder/ring_producer.h"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/limits.h"
#include "common/ring/bell.h"

namespace tributary {
namespace {

constexpr int kSleepMilliseconds = 500;

}  // namespace

RingProducer::RingProducer(RingMemory memory, int data_ready, int space_free)
    : memory_(std::move(memory)), data_ready_(data_ready), space_free_(space_free) {}

char* RingProducer::Reserve(std::size_t payload_bytes) {
  const FrameHeader header{.payload_bytes = static_cast<std::uint32_t>(payload_bytes)};
  const std::uint64_t end = head_ + header.FrameBytes();
  if (end > known_tail_ + memory_.data_bytes()) WaitForSpace(end - memory_.data_bytes());
  return memory_.data(head_) + sizeof(FrameHeader);
}

void RingProducer::WaitForSpace(std::uint64_t needed_tail) {
  RingControl& control = memory_.control();
  for (;;) {
    known_tail_ = control.tail.load(std::memory_order_acquire);
    if (known_tail_ >= needed_tail) break;
    // A little more than needed, so that the consumer does not ring for each frame; never more than
    // can be freed.
    const std::uint64_t wanted = std::min(needed_tail + memory_.data_bytes() / 8, head_);
    control.producer_wants.store(std::max(wanted, needed_tail), std::memory_order_seq_cst);
    known_tail_ = control.tail.load(std::memory_order_seq_cst);
    if (known_tail_ >= needed_tail) break;
    // The consumer may be waiting for more bytes than the ring has room for.
    WakeConsumer();
    Beat();
    pollfd wait{space_free_, POLLIN, 0};
    const int sleep =
        while_full_ ? static_cast<int>(limits::kRingFullAfter.count()) : kSleepMilliseconds;
    if (::poll(&wait, 1, sleep) > 0) {
      ClearBell(space_free_);
    } else if (while_full_) {
      while_full_();
    }
  }
  control.producer_wants.store(0, std::memory_order_relaxed);
}

void RingProducer::Publish(FrameType type, std::uint32_t assignment, const Content& content) {
  const FrameHeader header{.magic = kFrameMagic,
                           .type = type,
                           .skip = static_cast<std::uint16_t>(content.skip),
                           .payload_bytes = static_cast<std::uint32_t>(content.payload_bytes),
                           .assignment = assignment,
                           .sequence = ++sequence_,
                           .records = content.records,
                           .compact_bytes = static_cast<std::uint32_t>(content.compact_bytes)};
  std::memcpy(memory_.data(head_), &header, sizeof(header));
  head_ += header.FrameBytes();
  RingControl& control = memory_.control();
  control.head.store(head_, std::memory_order_seq_cst);
  Beat();
  const std::uint64_t wanted = control.consumer_wants.load(std::memory_order_seq_cst);
  if (wanted != 0 && (head_ >= wanted || type == FrameType::kEnd)) WakeConsumer();
}

void RingProducer::WakeConsumer() {
  if (memory_.control().consumer_wants.exchange(0, std::memory_order_seq_cst) == 0) return;
  RingBell(data_ready_);
}

void RingProducer::Send(FrameType type, std::uint32_t assignment, std::string_view payload,
                        std::uint32_t records) {
  char* const at = Reserve(payload.size());
  std::memcpy(at, payload.data(), payload.size());
  Publish(type, assignment, {.payload_bytes = payload.size(), .records = records});
}

}  // namespace tributary
