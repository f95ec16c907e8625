// Puts the stream into staging in parallel to the merger: StagerThread runs it on its own thread,
// so that compression and the disk cost the sync's thread nothing.
//
// An item's hold is kept until the item is staged, so a failing disk never loses its only copy.
// After a failure nothing more is staged: items that are not staged are given back, and the sync
// goes on without staging.
//
// WaitForWork and Turn belong to the staging thread, which also calls `progress`; the other calls
// belong to the sync's thread.
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

  // Waits until Turn has something to do: true. False: Stop was called, and the items given before
  // are staged or cannot be.
  bool WaitForWork();
  // One step: writes an item to the epoch, or flushes.
  void Turn();
  // No more items will be given.
  void Stop();

  // Takes the item; false after a failure. Less than limits::kBytesWorthWaking may wait for more
  // items, for a checkpoint or for WantFlush.
  bool Stage(const Item& item);
  // Asks to stage the given items soon, without collecting more.
  void WantFlush();

  // All items up to this position are in staging.
  std::uint64_t staged_position() const { return staged_.load(std::memory_order_acquire); }
  // The disk failed; staged_position() no longer advances.
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  absl::Status failure() const;
  // The same as a failure of the disk, for when no thread can run the stager.
  void GiveUp(absl::Status why);
  // After a failure: the given items after staged_position().
  std::deque<Item> TakeUnstaged();

  // Nothing more fits the limit until a checkpoint has been sent or the client has read more; the
  // given items wait.
  bool full() const { return full_.load(std::memory_order_acquire); }

  // As EpochWriter's, after the block that is being written. Empty: the disk hangs in that block;
  // ask again.
  absl::StatusOr<std::optional<StagedBlock>> Read(std::uint64_t position);
  // As EpochWriter's, but they never wait, because a disk may hang in a write for long. The epoch
  // is told before it next writes or reads. This is early enough: sent checkpoints are before all
  // items that have yet to be read back, so no one needs what is dropped meanwhile.
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
  // Passes on to the epoch what the sync's thread has reported meanwhile.
  void HandOn();
  // Requires mutex_.
  void Fail(absl::Status why);
  // Copies the epoch's figures for other threads.
  absl::Status Told(absl::Status done);

  // The epoch may be used by one thread at a time. A reader goes first, and waits no longer than
  // `patience`; false: it did not get the epoch.
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
  // The values that the epoch was last told.
  std::uint64_t handed_read_back_from_ = EpochWriter::kNoReadBack;
  std::function<void()> progress_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;
  std::size_t queued_bytes_ = 0;
  bool flush_wanted_ = false;
  bool stopping_ = false;
  absl::Status failure_;
  // Passed to the epoch and not yet staged.
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

// Stages while it lives; its destructor waits until all given items are staged. If no thread can be
// started, the stager gives up.
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
