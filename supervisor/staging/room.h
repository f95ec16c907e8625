// The room that one connection's staging may take, and the order of dropping when it is full: first
// epochs without a holder, oldest first, then the oldest segments of held epochs, as far as their
// holders allow.
//
// One thread at a time.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_ROOM_H_
#define TRIBUTARY_SUPERVISOR_STAGING_ROOM_H_

#include <cstdint>
#include <list>

#include "absl/status/status.h"
#include "supervisor/staging/epoch_folder.h"

namespace tributary {

// An epoch on disk, and what its holder, if any, allows to drop.
struct RoomEpoch {
  EpochFolder folder;
  // A writer or a replay uses it: it is not dropped as a whole.
  bool held = false;
  // Its holder is a writer.
  bool written = false;
  // Of a held epoch: segments that end at or before this position may be dropped.
  std::uint64_t droppable_through = 0;
};

class StagingRoom {
 public:
  explicit StagingRoom(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  std::uint64_t limit_bytes() const { return limit_bytes_; }
  std::uint64_t bytes() const;
  bool Fits(std::uint64_t bytes) const { return this->bytes() + bytes <= limit_bytes_; }

  // Oldest first. The addresses of its elements stay.
  std::list<RoomEpoch>& epochs() { return epochs_; }
  // nullptr if it is not on disk.
  RoomEpoch* Find(std::uint64_t epoch);

  // Drops until `bytes` more fit. RESOURCE_EXHAUSTED: nothing more may be dropped. UNAVAILABLE: the
  // disk fails.
  absl::Status Make(std::uint64_t bytes);

 private:
  absl::Status DropOne(bool* dropped);

  const std::uint64_t limit_bytes_;
  std::list<RoomEpoch> epochs_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_ROOM_H_
