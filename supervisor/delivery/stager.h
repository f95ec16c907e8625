// Puts the stream into staging, beside the merger: StagerThread runs it on a thread of
// its own, so that compression and the disk cost the sync's thread nothing.
//
// An item's hold is kept until the item is staged, so its bytes are never only in
// a buffer that a failing disk would take along. After a failure nothing more is
// staged: the items that are not are given back, and the sync goes on without.
//
// WaitForWork and Turn belong to the thread that stages, from where `progress` is called
// too; the other calls belong to the sync's thread.
#ifndef TRIBUTARY_SUPERVISOR_DELIVERY_STAGER_H_
#define TRIBUTARY_SUPERVISOR_DELIVERY_STAGER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/delivery/item.h"
#include "supervisor/staging/staging.h"

namespace tributary {

class Stager {
 public:
  Stager(std::unique_ptr<EpochWriter> epoch, std::function<void()> progress);
  Stager(const Stager&) = delete;
  Stager& operator=(const Stager&) = delete;

  // Until Turn has something to do: true. False once Stop was called and what had been
  // given before is staged, or cannot be.
  bool WaitForWork();
  // One step: takes an item to the epoch, or flushes.
  void Turn();
  // Nothing is given any more.
  void Stop();

  // Takes the item; false after a failure. What is less than
  // limits::kBytesWorthWaking may wait for more, for a checkpoint or for WantFlush.
  bool Stage(const Item& item);
  // Asks that what was given be staged soon and not gathered further.
  void WantFlush();

  // All items up to this position are in staging.
  std::uint64_t staged_position() const { return staged_.load(std::memory_order_acquire); }
  // The disk failed; staged_position() moves no more.
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  absl::Status failure() const;
  // The same as a failure of the disk, where nobody can take the stager's turns.
  void GiveUp(absl::Status why);
  // After a failure: the items behind staged_position() that had been given.
  std::deque<Item> TakeUnstaged();

  // Nothing more fits the limit until a checkpoint has been sent or the client has
  // come further; what was given waits.
  bool full() const { return full_.load(std::memory_order_acquire); }

  // As EpochWriter's, behind the block that is being written. Nothing: a disk that hangs
  // holds that one up; ask again.
  absl::StatusOr<std::optional<StagedBlock>> Read(std::uint64_t position);
  // As EpochWriter's, but they wait for nothing: a disk may hang in a write for long.
  // The epoch hears of them before it next writes or reads. That is soon enough:
  // checkpoints that were sent lie before all that is yet to be read back, so what is
  // dropped meanwhile is wanted by nobody.
  void ReadBackFrom(std::uint64_t position) {
    read_back_from_.store(position, std::memory_order_relaxed);
  }
  void ConfirmSent(std::uint64_t position) {
    confirmed_.store(position, std::memory_order_relaxed);
  }
  // Bytes of the items up to staged_position().
  std::uint64_t staged_bytes() const { return staged_bytes_.load(std::memory_order_relaxed); }
  // Bytes on disk of this connection.
  std::uint64_t bytes_on_disk() const { return bytes_on_disk_.load(std::memory_order_relaxed); }

 private:
  absl::Status Append(const Item& item);
  absl::Status Flush();
  // Tells the epoch what the sync's thread has said meanwhile.
  void HandOn();
  // With mutex_.
  void Fail(absl::Status why);
  // Keeps what the epoch says of itself for other threads.
  absl::Status Told(absl::Status done);

  // The epoch is for one thread at a time. Whoever reads goes first, and waits no longer
  // than `patience`; false: in vain.
  void UseEpochToWrite();
  bool UseEpochToRead(std::chrono::milliseconds patience);
  void LeaveEpoch();
  struct EpochUse {
    Stager& stager;
    ~EpochUse() { stager.LeaveEpoch(); }
  };
  std::mutex epoch_mutex_;
  std::condition_variable epoch_left_;
  bool epoch_in_use_ = false;
  bool reader_waits_ = false;
  std::unique_ptr<EpochWriter> epoch_;
  // As the epoch has heard last.
  std::uint64_t handed_read_back_from_ = EpochWriter::kNoReadBack;
  std::function<void()> progress_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::size_t queued_bytes_ = 0;
  bool flush_wanted_ = false;
  bool stopping_ = false;
  absl::Status failure_;
  // Given to the epoch and not yet staged.
  std::deque<Item> gathering_;
  // staged_position() when progress_ was last called.
  std::uint64_t told_ = 0;

  std::atomic<std::uint64_t> read_back_from_{EpochWriter::kNoReadBack};
  std::atomic<std::uint64_t> confirmed_{0};
  std::atomic<std::uint64_t> staged_{0};
  std::atomic<bool> failed_{false};
  std::atomic<bool> full_{false};
  std::atomic<std::uint64_t> staged_bytes_{0};
  std::atomic<std::uint64_t> bytes_on_disk_{0};
};

// Stages for as long as it lives, and at its end all that the stager was given. Where
// there is no thread for it the stager gives up.
class StagerThread {
 public:
  explicit StagerThread(Stager& stager);
  StagerThread(const StagerThread&) = delete;
  StagerThread& operator=(const StagerThread&) = delete;
  ~StagerThread();

 private:
  Stager& stager_;
  std::thread thread_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_STAGER_H_
