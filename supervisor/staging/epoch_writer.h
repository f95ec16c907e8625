// Stages one sync's stream, in the order of its positions, and reads staged
// items back for a client that is slower than the source.
//
// One thread at a time, the one that uses the store; must not outlive the store.
// Calls block on the disk. The destructor does not flush.
#ifndef TRIBUTARY_SUPERVISOR_STAGING_EPOCH_WRITER_H_
#define TRIBUTARY_SUPERVISOR_STAGING_EPOCH_WRITER_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/staging/block.h"
#include "supervisor/staging/block_reader.h"
#include "supervisor/staging/connection_lock.h"
#include "supervisor/staging/item.h"
#include "supervisor/staging/room.h"
#include "supervisor/staging/segment.h"

namespace tributary {

class EpochWriter {
 public:
  static constexpr std::uint64_t kNoReadBack = std::numeric_limits<std::uint64_t>::max();

  EpochWriter(const EpochWriter&) = delete;
  EpochWriter& operator=(const EpochWriter&) = delete;
  ~EpochWriter();

  // Copies the item; its bytes may be freed when this returns. If this returns OK for a checkpoint,
  // the checkpoint and everything before it are in LevelDB.
  //
  // RESOURCE_EXHAUSTED: the limit is reached and nothing may be dropped; the item was not taken.
  // Call again once a checkpoint was sent (ConfirmSent) or the client has read more (ReadBackFrom).
  // A checkpoint never waits, because it makes room. OUT_OF_RANGE: the item can never fit the
  // limit. It was not taken. INVALID_ARGUMENT: not the next position, or too large for the stream.
  // UNAVAILABLE, INTERNAL: the disk or OpenSSL failed; every later Append and Flush returns
  // FAILED_PRECONDITION. The caller goes on without staging.
  absl::Status Append(const StagedItem& item);

  // Puts the collected items into LevelDB. Errors as Append's last two.
  absl::Status Flush();

  // All items up to here are in LevelDB and survive this process; 0 for none.
  std::uint64_t staged_position() const { return staged_position_; }

  // The items from `position` to the end of their block. Works after a failure, as far as the disk
  // does. OUT_OF_RANGE: after staged_position(). NOT_FOUND: dropped. DATA_LOSS, UNAVAILABLE: cannot
  // be read.
  absl::StatusOr<StagedBlock> Read(std::uint64_t position);

  // Nothing at or after `position` is dropped from now on; kNoReadBack ends this.
  void ReadBackFrom(std::uint64_t position);

  // The checkpoint at `position` was sent: everything up to it may be dropped when the staging is
  // full.
  void ConfirmSent(std::uint64_t position);

  // Of the connection, including other epochs. Within 1 % of the files' sizes.
  std::uint64_t bytes_on_disk() const { return room_->bytes(); }
  // Bytes of all items appended.
  std::uint64_t wire_bytes() const { return wire_bytes_; }
  // Of the items up to staged_position().
  std::uint64_t staged_wire_bytes() const { return staged_wire_bytes_; }

 private:
  friend class StagingStore;

  EpochWriter(StagingRoom* room, RoomEpoch* epoch, const ConnectionLock* lock,
              std::string epoch_key, std::uint64_t segment_bytes);

  absl::Status CheckItem(const StagedItem& item) const;
  absl::Status MakeRoom(const StagedItem& item);
  absl::Status AppendParts(const StagedItem& item);
  absl::Status PutGathered();
  absl::Status Put(BlockKey key, const BlockShape& shape, std::string_view raw,
                   std::size_t message_bytes);
  absl::Status OpenSegment(BlockKey first);
  void CloseSegment();
  absl::Status Fail(absl::Status status);
  void SetDroppable();

  StagingRoom* room_;
  RoomEpoch* epoch_;
  const ConnectionLock* lock_;
  std::string epoch_key_;
  const std::uint64_t segment_bytes_;

  BlockGatherer gathered_;
  BlockSealer sealer_;
  BlockReader reader_;
  // The segment being written; its span is the epoch's last once it holds a block.
  std::unique_ptr<Segment> segment_;
  bool segment_has_span_ = false;
  std::uint64_t last_segment_number_ = 0;

  std::uint64_t appended_position_ = 0;
  std::uint64_t staged_position_ = 0;
  std::uint64_t sent_position_ = 0;
  std::uint64_t read_back_from_ = kNoReadBack;
  std::uint64_t wire_bytes_ = 0;
  std::uint64_t gathered_wire_bytes_ = 0;
  std::uint64_t staged_wire_bytes_ = 0;
  absl::Status failure_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_STAGING_EPOCH_WRITER_H_
