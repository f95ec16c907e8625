// Brings items to staging and, in the order of their positions, to the client.
//
// While the client keeps up, an item goes from its ring to gRPC without a copy, and also to the
// stager. If the client is slow, the items' ring space is released once they are staged, and they
// are read back from staging when their turn comes. So a slow client costs no memory and holds no
// ring. A checkpoint is sent only when it and all before it are staged and all before it is
// written.
//
// Used by the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_DELIVERY_OUTBOX_H_
#define TRIBUTARY_SUPERVISOR_DELIVERY_OUTBOX_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/limits.h"
#include "supervisor/delivery/item.h"
#include "supervisor/delivery/journal.h"
#include "supervisor/delivery/message_writer.h"
#include "supervisor/delivery/stager.h"

namespace tributary {

class Outbox {
 public:
  // Without a stager nothing is staged. Both outlive the outbox. Positions continue after
  // `last_position`. At most `window_bytes` plus one message wait in the writer.
  Outbox(MessageWriter& writer, Stager* stager, std::uint64_t last_position,
         std::size_t window_bytes = limits::kWriteWindowBytes)
      : writer_(writer),
        stager_(stager),
        window_bytes_(window_bytes),
        last_position_(last_position),
        handed_over_bytes_(writer.pending_bytes()) {}

  // Gives the bytes the next position. `hold` keeps them and their compact form.
  std::uint64_t Put(ItemKind kind, std::string_view bytes, std::string_view compact, Hold hold);
  std::uint64_t Put(ItemKind kind, std::string bytes);

  // From now on, an item leaves only when all entries that `journal` had got before it are on the
  // disk. The journal outlives the outbox.
  void LeaveAfter(const Journal& journal) { journal_ = &journal; }

  // Hands over as much as the client has room for. DATA_LOSS, UNAVAILABLE: items staged for a slow
  // client cannot be read back, or the journal has failed; the sync has to end, and the next one
  // continues from the last checkpoint sent.
  absl::Status Pump(Clock::time_point now);

  bool has_stager() const { return stager_ != nullptr; }
  // Items that are put are also staged, unless the disk has failed.
  bool staging() const { return stager_ != nullptr && !stager_->failed(); }
  // Asks to stage all items soon, which releases their ring space: for a worker that needs the
  // space to complete a message.
  void WantStaged() {
    if (staging()) stager_->WantFlush();
  }

  // Of all items since the start.
  std::uint64_t put_bytes() const { return put_bytes_; }
  std::uint64_t put_messages() const { return put_messages_; }
  std::uint64_t last_position() const { return last_position_; }
  std::uint64_t checkpoints_sent() const;
  // Items read back from staging for a slow client, and how often a client became so slow that this
  // was necessary.
  std::uint64_t read_back() const { return read_back_; }
  std::uint64_t client_stalls() const { return client_stalls_; }
  // Everything put has been handed to gRPC.
  bool empty() const { return waiting_.empty() && spilled_from_ > spilled_to_; }
  // Items are being read back for a slow client.
  bool behind() const { return spilled_from_ <= spilled_to_; }
  // Bytes of items that are in no ring and that client or staging have not taken yet. Items in a
  // ring are bounded by the ring, the others only by this.
  std::size_t waiting_heap_bytes() const { return heap_bytes_->load(std::memory_order_relaxed); }

 private:
  absl::Status PumpItems(Clock::time_point now);
  // Whether the journal allows it to be sent.
  bool MayLeave(std::uint64_t position);
  // Whether gRPC can take more; if not, the sync is woken when it can.
  bool HasRoom();
  void HandOver(ItemKind kind, std::uint64_t position, std::string_view bytes, Hold hold);
  // Tells staging which checkpoints were sent: it may drop what they cover.
  void ConfirmSent();
  std::uint64_t written_bytes() const { return handed_over_bytes_ - writer_.pending_bytes(); }
  void Spill();
  absl::Status ReadBack();
  void RecoverUnstaged();
  bool MaySend(const Item& item) const;

  MessageWriter& writer_;
  Stager* stager_;
  const Journal* journal_ = nullptr;
  // The journal entry that must be on the disk before positions from this one on are sent; both
  // ascend.
  struct Hurdle {
    std::uint64_t position;
    std::uint64_t number;
  };
  std::deque<Hurdle> hurdles_;
  std::uint64_t last_hurdle_ = 0;
  std::size_t window_bytes_;
  std::uint64_t last_position_;
  std::uint64_t put_bytes_ = 0;
  std::uint64_t put_messages_ = 0;
  // Checkpoints handed over and not yet written, and where in the stream they end.
  struct Checkpoint {
    std::uint64_t position;
    std::uint64_t end_byte;
  };
  std::deque<Checkpoint> checkpoints_;
  // Checkpoints before those.
  std::uint64_t written_checkpoints_ = 0;
  std::uint64_t read_back_ = 0;
  std::uint64_t client_stalls_ = 0;
  // Bytes passed to the writer; those that it had before this outbox count until they are written.
  std::uint64_t handed_over_bytes_;
  // Positions that are only in staging now, [from, to]; they come before waiting_. None if from >
  // to.
  std::uint64_t spilled_from_ = 1;
  std::uint64_t spilled_to_ = 0;
  std::deque<Item> waiting_;
  // Decremented when the last hold is released, even after the outbox is destroyed.
  std::shared_ptr<std::atomic<std::size_t>> heap_bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  Clock::time_point waiting_since_{};
  bool recovered_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_OUTBOX_H_
