// Removes the staging of connections that no longer sync.
#ifndef TRIBUTARY_SUPERVISOR_ABANDONED_STAGING_H_
#define TRIBUTARY_SUPERVISOR_ABANDONED_STAGING_H_

#include <mutex>
#include <optional>
#include <utility>

#include "common/clock.h"
#include "common/log.h"
#include "supervisor/settings.h"

namespace tributary {

// Thread-safe.
class AbandonedStaging {
 public:
  // The arguments outlive the object.
  AbandonedStaging(const Settings& settings, Logger log, const Clock& clock = TheSystemClock())
      : settings_(settings), log_(std::move(log)), clock_(clock) {}

  // Drops staging that was not used for limits::kStagingAbandonedAfter, and logs it. Does nothing
  // if the last run was less than limits::kAbandonedStagingEvery ago: it reads the folder of each
  // connection, of which there may be many thousands. Blocks on the disk, so no sync waits for it.
  void DropIfDue();

 private:
  bool TakeTurn();

  const Settings& settings_;
  const Logger log_;
  const Clock& clock_;
  std::mutex mutex_;
  std::optional<Clock::time_point> last_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_ABANDONED_STAGING_H_
