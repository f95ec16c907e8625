#include "supervisor/staging/room.h"

#include "absl/strings/str_cat.h"

namespace tributary {

std::uint64_t StagingRoom::bytes() const {
  std::uint64_t bytes = 0;
  for (const RoomEpoch& epoch : epochs_) bytes += epoch.folder.bytes();
  return bytes;
}

RoomEpoch* StagingRoom::Find(std::uint64_t epoch) {
  for (RoomEpoch& each : epochs_) {
    if (each.folder.epoch() == epoch) return &each;
  }
  return nullptr;
}

absl::Status StagingRoom::Make(std::uint64_t bytes) {
  while (!Fits(bytes)) {
    bool dropped = false;
    absl::Status status = DropOne(&dropped);
    if (!status.ok()) return status;
    if (!dropped) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "staging: the limit of ", limit_bytes_,
          " bytes is reached and nothing may be dropped yet; wait until a checkpoint is sent"));
    }
  }
  return absl::OkStatus();
}

absl::Status StagingRoom::DropOne(bool* dropped) {
  for (auto epoch = epochs_.begin(); epoch != epochs_.end(); ++epoch) {
    if (epoch->held) continue;
    absl::Status removed = epoch->folder.Remove();
    if (!removed.ok()) return removed;
    epochs_.erase(epoch);
    *dropped = true;
    return absl::OkStatus();
  }
  for (RoomEpoch& epoch : epochs_) {
    const std::deque<SegmentSpan>& segments = epoch.folder.segments();
    if (segments.empty() || segments.front().last_position > epoch.droppable_through) continue;
    *dropped = true;
    return epoch.folder.DropFirst();
  }
  return absl::OkStatus();
}

}  // namespace tributary
