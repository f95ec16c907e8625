// Writes changes to a digest store on a thread of its own, in order, so that the disk costs
// the sync's thread nothing. What is urgent is synced as soon as the disk takes it, all that
// has come meanwhile in one go; the rest when somebody asks.
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
#include "supervisor/delivery/journal.h"
#include "supervisor/digests/digest_store.h"

namespace tributary {

class DigestWriter final : public Journal {
 public:
  // `store` outlives it.
  DigestWriter(DigestStore& store, std::function<void()> progress);
  DigestWriter(const DigestWriter&) = delete;
  DigestWriter& operator=(const DigestWriter&) = delete;
  // Writes what was given before, unless the disk has failed.
  ~DigestWriter() override;

  // Gives changes that come to the disk together. Messages that are put into the outbox
  // after this leave only once they are there, if it is urgent.
  void Give(std::vector<RecordChange> changes, bool urgent);

  // Until all that was given is on the disk and synced. DEADLINE_EXCEEDED: not within
  // `patience`. Else as failure().
  absl::Status Sync(std::chrono::milliseconds patience);
  // The same without syncing: until it can be read.
  absl::Status Drain(std::chrono::milliseconds patience);

  // Of what is urgent.
  std::uint64_t given() const override { return urgent_; }
  std::uint64_t synced() const override { return synced_.load(std::memory_order_acquire); }
  absl::Status failure() const override;
  // What waits in memory.
  std::size_t queued_bytes() const { return queued_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Step {
    std::vector<RecordChange> changes;
    std::size_t bytes = 0;
  };
  void Run();
  // Takes what waits; false: nothing will.
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
