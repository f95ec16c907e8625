// The items that an earlier sync staged after a position, to be sent again.
//
// One thread at a time, the one that uses the store; must not outlive the store.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_REPLAY_H_
#define TRIBUTARY_SUPERVISOR_STAGING_REPLAY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "supervisor/staging/block_reader.h"
#include "supervisor/staging/item.h"
#include "supervisor/staging/room.h"

namespace tributary {

class Replay {
 public:
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;
  ~Replay();

  // The item at which the replay ends. Everything before it has been checked.
  const StagedItem& last_checkpoint() const { return last_checkpoint_.items.back(); }

  // The next items in order; nothing once the last checkpoint has been given.
  // An error means that the disk changed or failed after the replay was opened; the items given
  // before are valid.
  absl::StatusOr<std::optional<StagedBlock>> Next();

  // A checkpoint that covers all replayed items up to `position` was sent: they may be dropped when
  // staging is full. Before that, none is dropped while the replay lives.
  void ConfirmSent(std::uint64_t position);

 private:
  friend class StagingStore;

  Replay(RoomEpoch* epoch, std::string epoch_key);
  // Reads what is staged; see StagingStore::OpenReplay.
  absl::Status Prepare(std::uint64_t after_position, const std::function<bool()>& given_up);

  RoomEpoch* epoch_;
  std::string epoch_key_;
  BlockReader reader_;
  std::uint64_t next_position_ = 0;
  StagedBlock last_checkpoint_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_REPLAY_H_
