#include "supervisor/digests/digest_writer.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

// Of one write to the database, which needs as much memory once more. Small enough to stay in the
// processor's cache on its way through the cipher and LevelDB.
constexpr std::size_t kWriteBytes = limits::kMiB / 2;

// In memory, about.
std::size_t BytesOf(const RecordChange& change) {
  return sizeof(change) + change.name.table.size() +
         change.name.numbers.size() * sizeof(std::uint64_t) +
         (change.plain.has_value() ? change.plain->size() : 0);
}

}  // namespace

DigestWriter::DigestWriter(DigestStore& store, std::function<void()> progress)
    : store_(store), progress_(std::move(progress)) {
  try {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "digests");
      Run();
    });
  } catch (const std::system_error& error) {
    failure_ = absl::UnavailableError(absl::StrCat("digests: no thread to write on: ", error.what(),
                                                   "; raise the limit on processes"));
  }
}

DigestWriter::~DigestWriter() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
    wanted_ = given_;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void DigestWriter::Give(std::vector<RecordChange> changes, bool urgent) {
  Step step{.changes = std::move(changes)};
  for (const RecordChange& change : step.changes) step.bytes += BytesOf(change);
  {
    const std::lock_guard lock(mutex_);
    ++given_;
    if (urgent) urgent_ = wanted_ = given_;
    if (!failure_.ok()) return;
    queued_bytes_ += step.bytes;
    queue_.push_back(std::move(step));
  }
  changed_.notify_all();
}

absl::Status DigestWriter::Wait(std::chrono::milliseconds patience,
                                const std::function<bool()>& done) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return !failure_.ok() || done(); });
  if (!failure_.ok()) return failure_;
  if (done()) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("digests: the disk has not taken them within ",
                                                  patience.count(),
                                                  " ms; repair it, or name another --staging-dir"));
}

absl::Status DigestWriter::Sync(std::chrono::milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = given_;
  }
  changed_.notify_all();
  return Wait(patience, [this] { return synced_.load() >= given_; });
}

absl::Status DigestWriter::Drain(std::chrono::milliseconds patience) {
  return Wait(patience, [this] { return written_ >= given_; });
}

bool DigestWriter::takes_more() const { return queued_bytes() <= kQueuedBytes || !failure().ok(); }

absl::Status DigestWriter::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool DigestWriter::Take(std::deque<Step>& steps, bool& syncs) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] {
    return stops_ || !failure_.ok() || !queue_.empty() || wanted_ > synced_.load();
  });
  if (!failure_.ok() || (stops_ && queue_.empty() && wanted_ <= synced_.load())) return false;
  steps = std::exchange(queue_, {});
  syncs = wanted_ > synced_.load();
  return true;
}

void DigestWriter::Run() {
  std::deque<Step> steps;
  bool syncs = false;
  while (Take(steps, syncs)) {
    // There may be nothing to write, only to sync.
    do {
      Write(steps, syncs);
      progress_();
    } while (!steps.empty());
  }
}

void DigestWriter::Write(std::deque<Step>& steps, bool syncs) {
  std::vector<RecordChange> changes;
  std::size_t bytes = 0;
  std::uint64_t taken = 0;
  for (; !steps.empty() && bytes < kWriteBytes; ++taken) {
    Step& step = steps.front();
    std::move(step.changes.begin(), step.changes.end(), std::back_inserter(changes));
    bytes += step.bytes;
    steps.pop_front();
  }
  // The last one syncs those before it.
  const bool last = steps.empty();
  const absl::Status written = store_.Write(changes, syncs && last);
  {
    const std::lock_guard lock(mutex_);
    queued_bytes_ -= bytes;
    if (written.ok()) {
      written_ += taken;
      if (syncs && last) synced_.store(written_, std::memory_order_release);
    } else {
      failure_ = written;
      for (const Step& step : std::exchange(steps, {})) queued_bytes_ -= step.bytes;
    }
  }
  changed_.notify_all();
}

}  // namespace tributary
