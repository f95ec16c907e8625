// Writes changes to a digest store on its own thread, in order, so that the sync's thread does not
// wait for the disk. Urgent changes are synced as soon as the disk accepts them, together with all
// that have arrived meanwhile; the others are synced when Sync is called.
//
// After a failure nothing more is written, and synced() stays.
//
// Used by the sync's thread; `progress` is called from the writer's.
#ifndef TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_WRITER_H_
#define TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_WRITER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/limits.h"
#include "supervisor/delivery/journal.h"
#include "supervisor/digests/digest_store.h"

namespace tributary {

class DigestWriter final : public Journal {
 public:
  // If more wait to be written to the disk, the rings are not read.
  static constexpr std::size_t kQueuedBytes = 8 * limits::kMiB;

  // `store` outlives it.
  DigestWriter(DigestStore& store, std::function<void()> progress);
  DigestWriter(const DigestWriter&) = delete;
  DigestWriter& operator=(const DigestWriter&) = delete;
  // Writes all changes that were given, unless the disk has failed.
  ~DigestWriter() override;

  // Takes changes that come to the disk together. If they are urgent, messages that are put into
  // the outbox after this are sent only when the changes are on the disk.
  void Give(std::vector<RecordChange> changes, bool urgent);

  // Waits until all changes that were given are on the disk and synced. DEADLINE_EXCEEDED: not
  // within `patience`. Other errors are failure()'s.
  absl::Status Sync(std::chrono::milliseconds patience);
  // The same without syncing: until they can be read.
  absl::Status Drain(std::chrono::milliseconds patience);

  // Count urgent changes.
  std::uint64_t given() const override { return urgent_; }
  std::uint64_t synced() const override { return synced_.load(std::memory_order_acquire); }
  absl::Status failure() const override;
  // What the waiting changes take in memory, about.
  std::size_t queued_bytes() const { return queued_bytes_.load(std::memory_order_relaxed); }
  // At most kQueuedBytes wait; `progress` is called when that has changed. After a
  // failure nothing is kept, so there is always room.
  bool takes_more() const;

 private:
  struct Step {
    std::vector<RecordChange> changes;
    std::size_t bytes = 0;
  };
  void Run();
  // Writes the first of `steps`, and removes them. After a failure, none is left.
  void Write(std::deque<Step>& steps, bool syncs);
  // Takes all waiting steps; false: none will come.
  bool Take(std::deque<Step>& steps, bool& syncs);
  absl::Status Wait(std::chrono::milliseconds patience, const std::function<bool()>& done);

  DigestStore& store_;
  const std::function<void()> progress_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Step> queue_;
  // Numbers of steps: the last one given, the last urgent one, the last one to be synced.
  std::uint64_t given_ = 0;
  std::uint64_t urgent_ = 0;
  std::uint64_t wanted_ = 0;
  std::uint64_t written_ = 0;
  bool stops_ = false;
  absl::Status failure_;
  std::atomic<std::uint64_t> synced_{0};
  std::atomic<std::size_t> queued_bytes_{0};
  std::thread thread_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DIGESTS_DIGEST_WRITER_H_
