#include "supervisor/pool/ring_consumer.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/ring/bell.h"

namespace tributary {
namespace {

constexpr std::size_t kMaxSkipBytes = kFrameAlignment;

absl::Status Broken(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat("read ring: ", what, "; the worker is ended"));
}

}  // namespace

// One frame whose memory is in use.
struct RingConsumer::Lease {
  Lease(std::shared_ptr<RingConsumer> of, std::shared_ptr<RingMemory> in,
        std::uint64_t frame_number)
      : ring(std::move(of)), memory(std::move(in)), number(frame_number) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() { ring->Release(number); }

  std::shared_ptr<RingConsumer> ring;
  std::shared_ptr<RingMemory> memory;
  std::uint64_t number;
};

RingConsumer::RingConsumer(RingMemory memory, FileDescriptor space_free)
    : memory_(std::make_shared<RingMemory>(std::move(memory))),
      space_free_(std::move(space_free)) {}

absl::StatusOr<std::optional<Frame>> RingConsumer::Next() {
  const std::uint64_t head = memory_->control().head.load(std::memory_order_acquire);
  if (head == next_) return std::nullopt;
  const std::uint64_t published = head - next_;
  if (head < next_ || head - OldestHeld() > memory_->data_bytes() || head % kFrameAlignment != 0 ||
      published < sizeof(FrameHeader)) {
    return Broken("its head is where it cannot be");
  }
  FrameHeader header;
  std::memcpy(&header, memory_->data(next_), sizeof(header));
  if (header.magic != kFrameMagic) return Broken("a frame without its magic number");
  if (header.type < FrameType::kBatch || header.type > FrameType::kDigests) {
    return Broken("a frame of unknown type");
  }
  if (header.sequence != sequence_ + 1) return Broken("a frame out of sequence");
  if (header.payload_bytes > limits::kMaxFramePayloadBytes || header.skip > kMaxSkipBytes) {
    return Broken("a frame over the size limit");
  }
  if (header.records > limits::kMaxRecordsInBatch) return Broken("a batch of too many records");
  const bool has_bytes = header.type == FrameType::kBatch || header.type == FrameType::kPart;
  if (has_bytes && header.payload_bytes == 0) return Broken("a batch of nothing");
  const std::size_t most_compact =
      header.type == FrameType::kBatch ? limits::kMaxCompactBytes : std::size_t{0};
  if (header.compact_bytes > most_compact) return Broken("a compact form over the size limit");
  const std::uint64_t frame_bytes = header.FrameBytes();
  if (frame_bytes > published) return Broken("a frame that ends after its head");

  const char* const payload = memory_->data(next_) + sizeof(header) + header.skip;
  const std::string_view bytes(payload, header.payload_bytes + header.compact_bytes);
  Frame frame{.type = header.type,
              .assignment = header.assignment,
              .records = header.records,
              .payload = bytes.substr(0, header.payload_bytes),
              .compact = bytes.substr(header.payload_bytes),
              .hold = nullptr};
  next_ += frame_bytes;
  ++sequence_;
  std::uint64_t number;
  {
    const std::lock_guard lock(mutex_);
    number = first_ + outstanding_.size();
    outstanding_.push_back({next_, bytes, false});
  }
  frame.hold = std::make_shared<Lease>(shared_from_this(), memory_, number);
  return frame;
}

std::uint64_t RingConsumer::OldestHeld() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

bool RingConsumer::ArmDoorbell() {
  RingControl& control = memory_->control();
  const std::uint64_t wanted = next_ + limits::kBytesWorthWaking;
  control.consumer_wants.store(wanted, std::memory_order_seq_cst);
  const std::uint64_t head = control.head.load(std::memory_order_seq_cst);
  // Frames published before the announcement did not ring; the end of a read may be among them.
  if (head == next_) return true;
  control.consumer_wants.store(0, std::memory_order_relaxed);
  return false;
}

std::size_t RingConsumer::bytes_held() const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t head = memory_->control().head.load(std::memory_order_relaxed);
  return head > tail_ ? static_cast<std::size_t>(head - tail_) : 0;
}

void RingConsumer::Release(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  // A detached frame was already freed.
  if (number < first_) return;
  outstanding_[number - first_].released = true;
  std::uint64_t tail = tail_;
  while (!outstanding_.empty() && outstanding_.front().released) {
    tail = outstanding_.front().end;
    outstanding_.pop_front();
    ++first_;
  }
  if (tail != tail_) Free(tail);
}

absl::Status RingConsumer::Detach() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string_view> held;
  for (const Outstanding& frame : outstanding_) {
    if (!frame.released) held.push_back(frame.bytes);
  }
  if (held.empty()) return absl::OkStatus();
  auto fresh = memory_->Detach(held);
  if (!fresh.ok()) return fresh.status();
  memory_ = std::make_shared<RingMemory>(*std::move(fresh));
  first_ += outstanding_.size();
  outstanding_.clear();
  Free(next_);
  return absl::OkStatus();
}

void RingConsumer::Free(std::uint64_t tail) {
  tail_ = tail;
  RingControl& control = memory_->control();
  control.tail.store(tail_, std::memory_order_seq_cst);
  const std::uint64_t wanted = control.producer_wants.load(std::memory_order_seq_cst);
  if (wanted != 0 && tail_ >= wanted) {
    control.producer_wants.store(0, std::memory_order_relaxed);
    RingBell(space_free_.get());
  }
}

}  // namespace tributary
