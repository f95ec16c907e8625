// The ring: a single-producer single-consumer byte queue in shared memory, one
// for each worker. The worker produces, the supervisor consumes. The bytes are
// described in FORMAT.md in this folder.
//
// It is an anonymous memory file (memfd), so a crash leaves nothing under /dev/shm; it is sealed
// against resizing, so a worker cannot turn the supervisor's reads into SIGBUS; all its pages are
// reserved when it is made. The data area is mapped twice in a row, so every frame is contiguous.
//
// There is no lock: each side publishes its own counter. A side that has to wait
// says so in the ring and sleeps on a bell (bell.h) that the other side rings.
#ifndef TRIBUTARY_COMMON_RING_RING_H_
#define TRIBUTARY_COMMON_RING_RING_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/file_descriptor.h"

namespace tributary {

// What a frame carries.
enum class FrameType : std::uint16_t {
  kBatch = 1,  // a finished UpdateResponse, or the last part of one
  kPart = 2,   // a part of an UpdateResponse that is larger than one frame
  // Serialized messages of proto/worker.proto:
  kMark = 3,     // Mark
  kEnd = 4,      // AssignmentEnd
  kAnswer = 5,   // Answer
  kOpened = 6,   // Opened
  kLog = 7,      // LogReport
  kDigests = 8,  // Digests
};

// Precedes every payload, aligned to its own size.
struct FrameHeader {
  std::uint32_t magic = 0;
  FrameType type{};
  // Bytes between the header and the payload.
  std::uint16_t skip = 0;
  std::uint32_t payload_bytes = 0;
  // The assignment the frame belongs to.
  std::uint32_t assignment = 0;
  // From 1, growing by one with each frame of the ring.
  std::uint64_t sequence = 0;
  // Records in a batch; 0 elsewhere.
  std::uint32_t records = 0;
  // After the payload, the compact form of a batch (common/batch/FORMAT.md); 0 if there is none.
  std::uint32_t compact_bytes = 0;

  // The whole frame, padding included; the next one begins after it.
  std::uint64_t FrameBytes() const;
};
inline constexpr std::uint32_t kFrameMagic = 0x54524942;  // "BIRT" in memory
inline constexpr std::size_t kFrameAlignment = 32;
inline std::uint64_t FrameHeader::FrameBytes() const {
  const std::uint64_t bytes =
      sizeof(FrameHeader) + std::uint64_t{skip} + payload_bytes + compact_bytes;
  return (bytes + kFrameAlignment - 1) & ~std::uint64_t{kFrameAlignment - 1};
}
static_assert(sizeof(FrameHeader) == kFrameAlignment);

// The first page of the file. Each counter is written by one side only and has a
// cache line of its own.
struct RingControl {
  // Bytes published since the start; written by the producer.
  alignas(64) std::atomic<std::uint64_t> head;
  // Grows whenever the worker shows a sign of life.
  alignas(64) std::atomic<std::uint64_t> pulse;
  // The tail that the producer sleeps for; 0 while it does not.
  alignas(64) std::atomic<std::uint64_t> producer_wants;
  // Bytes freed since the start; written by the consumer.
  alignas(64) std::atomic<std::uint64_t> tail;
  // The head that the consumer sleeps for; 0 while it does not.
  alignas(64) std::atomic<std::uint64_t> consumer_wants;
  // Assignments up to this number must stop at their next mark.
  alignas(64) std::atomic<std::uint32_t> pause_through;
};

// The mapping, on either side.
class RingMemory {
 public:
  // Makes and reserves a ring. `data_bytes` is a power of two and a multiple of
  // the page size. RESOURCE_EXHAUSTED: no memory.
  static absl::StatusOr<RingMemory> Create(std::size_t data_bytes);
  // Maps the ring behind `fd`, whose size and seals are checked.
  static absl::StatusOr<RingMemory> Attach(FileDescriptor fd, std::size_t data_bytes);

  // Returns another view of the same ring. This view keeps private copies of the ranges in `kept`,
  // at the same addresses, and no longer shows the ring; threads that read `kept` meanwhile are not
  // disturbed. RESOURCE_EXHAUSTED: no memory; nothing has changed.
  absl::StatusOr<RingMemory> Detach(const std::vector<std::string_view>& kept) const;

  RingMemory(RingMemory&& other) noexcept;
  RingMemory& operator=(RingMemory&&) = delete;
  ~RingMemory();

  RingControl& control() const { return *control_; }
  // The byte at counter `at`; at least data_bytes() bytes follow contiguously.
  char* data(std::uint64_t at) const { return data_ + (at & (data_bytes_ - 1)); }
  std::size_t data_bytes() const { return data_bytes_; }
  int fd() const { return fd_.get(); }

 private:
  RingMemory(FileDescriptor fd, RingControl* control, char* data, std::size_t data_bytes)
      : fd_(std::move(fd)), control_(control), data_(data), data_bytes_(data_bytes) {}
  static absl::StatusOr<RingMemory> Map(FileDescriptor fd, std::size_t data_bytes);

  FileDescriptor fd_;
  RingControl* control_;
  char* data_;
  std::size_t data_bytes_;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_RING_RING_H_
