#include "supervisor/delivery/stager.h"

#include <pthread.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kFullWait(20);
// How long the sync's thread may wait here; it must also serve its client and SIGTERM.
constexpr std::chrono::milliseconds kReadPatience(200);

}  // namespace

Stager::Stager(std::unique_ptr<EpochWriter> epoch, std::function<void()> progress)
    : epoch_(std::move(epoch)), progress_(std::move(progress)) {}

bool Stager::Stage(const Item& item) {
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return false;
  queue_.push_back(item);
  const bool asleep = queued_bytes_ < limits::kBytesWorthWaking;
  queued_bytes_ += item.bytes.size();
  const bool worth_waking = asleep && queued_bytes_ >= limits::kBytesWorthWaking;
  const bool wanted = item.kind == ItemKind::kCheckpoint && !std::exchange(flush_wanted_, true);
  if (worth_waking || wanted) changed_.notify_one();
  return true;
}

void Stager::WantFlush() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(flush_wanted_, true)) return;
  changed_.notify_one();
}

absl::Status Stager::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Stager::GiveUp(absl::Status why) {
  const std::lock_guard lock(mutex_);
  Fail(std::move(why));
}

void Stager::Fail(absl::Status why) {
  failure_ = std::move(why);
  failed_.store(true, std::memory_order_release);
}

std::deque<Item> Stager::TakeUnstaged() {
  const std::lock_guard lock(mutex_);
  std::deque<Item> unstaged = std::exchange(gathering_, {});
  for (Item& item : queue_) unstaged.push_back(std::move(item));
  queue_.clear();
  queued_bytes_ = 0;
  return unstaged;
}

void Stager::UseEpochToWrite() {
  std::unique_lock lock(epoch_mutex_);
  epoch_left_.wait(lock, [this] { return !epoch_in_use_ && !reader_waits_; });
  epoch_in_use_ = true;
}

bool Stager::UseEpochToRead(std::chrono::milliseconds patience) {
  std::unique_lock lock(epoch_mutex_);
  reader_waits_ = true;
  const bool free = epoch_left_.wait_for(lock, patience, [this] { return !epoch_in_use_; });
  reader_waits_ = false;
  if (free) epoch_in_use_ = true;
  return free;
}

void Stager::LeaveEpoch() {
  const std::lock_guard lock(epoch_mutex_);
  epoch_in_use_ = false;
  epoch_left_.notify_one();
}

absl::Status Stager::Append(const Item& item) {
  UseEpochToWrite();
  const EpochUse use{*this};
  HandOn();
  return Told(epoch_->Append({item.position, item.kind, item.bytes, item.compact}));
}

absl::Status Stager::Flush() {
  UseEpochToWrite();
  const EpochUse use{*this};
  HandOn();
  return Told(epoch_->Flush());
}

absl::Status Stager::Told(absl::Status done) {
  staged_bytes_.store(epoch_->staged_wire_bytes(), std::memory_order_relaxed);
  staged_.store(epoch_->staged_position(), std::memory_order_release);
  bytes_on_disk_.store(epoch_->bytes_on_disk(), std::memory_order_relaxed);
  return done;
}

absl::StatusOr<std::optional<StagedBlock>> Stager::Read(std::uint64_t position) {
  if (!UseEpochToRead(kReadPatience)) return std::nullopt;
  const EpochUse use{*this};
  HandOn();
  auto block = epoch_->Read(position);
  if (!block.ok()) return block.status();
  return *std::move(block);
}

void Stager::HandOn() {
  const std::uint64_t from = read_back_from_.load(std::memory_order_relaxed);
  if (std::exchange(handed_read_back_from_, from) != from) epoch_->ReadBackFrom(from);
  epoch_->ConfirmSent(confirmed_.load(std::memory_order_relaxed));
}

bool Stager::WaitForWork() {
  std::unique_lock lock(mutex_);
  const auto stopping = [this] { return stopping_; };
  if (!failure_.ok()) {
    // The items to give back are in queue_ and gathering_; only the end is left to do.
    changed_.wait(lock, stopping);
    return false;
  }
  if (full()) {
    // Room is made by calls from the sync's thread.
    return !changed_.wait_for(lock, kFullWait, stopping);
  }
  if (queue_.empty()) {
    changed_.wait(lock, [this] {
      return stopping_ || flush_wanted_ || queued_bytes_ >= limits::kBytesWorthWaking;
    });
  }
  return !stopping_ || flush_wanted_ || !queue_.empty();
}

void Stager::Turn() {
  std::unique_lock lock(mutex_);
  absl::Status done;
  if (!failure_.ok()) return;
  if (!queue_.empty()) {
    // The item stays at the front until it is staged, so a failure cannot lose it.
    const Item item = queue_.front();
    lock.unlock();
    done = Append(item);
    lock.lock();
    if (done.ok()) {
      queued_bytes_ -= item.bytes.size();
      queue_.pop_front();
      gathering_.push_back(item);
    }
  } else if (std::exchange(flush_wanted_, false)) {
    lock.unlock();
    done = Flush();
    lock.lock();
  }
  const bool is_full = absl::IsResourceExhausted(done);
  full_.store(is_full, std::memory_order_release);
  if (!is_full && !done.ok()) Fail(std::move(done));
  // Frames are freed without the lock: freeing rings a worker's doorbell.
  std::deque<Item> freed;
  while (!gathering_.empty() && gathering_.front().position <= staged_position()) {
    freed.push_back(std::move(gathering_.front()));
    gathering_.pop_front();
  }
  const std::uint64_t staged = staged_position();
  const bool moved = std::exchange(told_, staged) != staged;
  const bool tells = is_full || moved || !freed.empty() || failed();
  lock.unlock();
  freed.clear();
  if (tells) progress_();
}

void Stager::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  flush_wanted_ = true;
  changed_.notify_one();
}

StagerThread::StagerThread(Stager& stager) : stager_(stager) {
  try {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "stager");
      while (stager_.WaitForWork()) stager_.Turn();
    });
  } catch (const std::system_error& error) {
    stager_.GiveUp(absl::ResourceExhaustedError(
        absl::StrCat("no thread to stage on: ", error.what(), "; raise the limit on processes")));
  }
}

StagerThread::~StagerThread() {
  stager_.Stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tributary
