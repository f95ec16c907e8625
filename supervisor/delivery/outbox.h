// Brings items to staging and, in the order of their positions, to the client.
//
// As long as the client keeps up, an item goes from its ring to gRPC without a
// copy and beside it to the stager. Behind a client that does not, the items'
// ring space is given up once they are staged, and they are read back from
// staging when their turn comes; so a slow client costs no memory and holds no
// ring. A checkpoint is sent only when it and all before it are staged and all
// before it is written.
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
  // Without a stager nothing is staged. Both outlive the outbox. Positions go on
  // from `last_position`. No more than `window_bytes`, and one message, wait in the
  // writer.
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

  // From now on, what is put leaves only once `journal` has on the disk what was given to
  // it before. It outlives the outbox.
  void LeaveAfter(const Journal& journal) { journal_ = &journal; }

  // Hands over what the client has room for. DATA_LOSS, UNAVAILABLE: what was
  // staged for a slow client cannot be read back, or the journal has failed; the sync has
  // to end, and the next one reads on from the last checkpoint sent.
  absl::Status Pump(Clock::time_point now);

  bool has_stager() const { return stager_ != nullptr; }
  // What is put is staged, too, unless the disk has failed.
  bool staging() const { return stager_ != nullptr && !stager_->failed(); }
  // Asks that all that was put be staged soon, which lets go of the ring space that it
  // holds: for a worker that needs that space before it can bring a whole message.
  void WantStaged() {
    if (staging()) stager_->WantFlush();
  }

  // Of all items, ever.
  std::uint64_t put_bytes() const { return put_bytes_; }
  std::uint64_t put_messages() const { return put_messages_; }
  std::uint64_t last_position() const { return last_position_; }
  std::uint64_t checkpoints_sent() const;
  // Items read back from staging for a client that is behind, and how often one
  // stood still until they had to be.
  std::uint64_t read_back() const { return read_back_; }
  std::uint64_t client_stalls() const { return client_stalls_; }
  // Everything put has been handed to gRPC.
  bool empty() const { return waiting_.empty() && spilled_from_ > spilled_to_; }
  // Items are being read back for a client that is behind.
  bool behind() const { return spilled_from_ <= spilled_to_; }
  // Of the items that are in no ring, and that the client or staging has yet to
  // take: a ring bounds what it holds, only this bounds the others.
  std::size_t waiting_heap_bytes() const { return heap_bytes_->load(std::memory_order_relaxed); }

 private:
  absl::Status PumpItems(Clock::time_point now);
  // Whether the journal lets it leave.
  bool MayLeave(std::uint64_t position);
  // Whether gRPC is to be given more; where not, the sync is woken when it is.
  bool HasRoom();
  void HandOver(ItemKind kind, std::uint64_t position, std::string_view bytes, Hold hold);
  // Tells staging of checkpoints that have left: it may drop what they cover.
  void ConfirmSent();
  std::uint64_t written_bytes() const { return handed_over_bytes_ - writer_.pending_bytes(); }
  void Spill();
  absl::Status ReadBack();
  void RecoverUnstaged();
  bool MaySend(const Item& item) const;

  MessageWriter& writer_;
  Stager* stager_;
  const Journal* journal_ = nullptr;
  // What has to be in the journal before positions from this one on leave; both ascend.
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
  // Those before them.
  std::uint64_t written_checkpoints_ = 0;
  std::uint64_t read_back_ = 0;
  std::uint64_t client_stalls_ = 0;
  // To the writer; what it had before this outbox counts while it is under way.
  std::uint64_t handed_over_bytes_;
  // Positions that are only in staging now, [from, to]; they come before
  // waiting_. None where from > to.
  std::uint64_t spilled_from_ = 1;
  std::uint64_t spilled_to_ = 0;
  std::deque<Item> waiting_;
  // Counted down wherever the last hold is let go, also when the outbox is gone.
  std::shared_ptr<std::atomic<std::size_t>> heap_bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  Clock::time_point waiting_since_{};
  bool recovered_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_OUTBOX_H_
