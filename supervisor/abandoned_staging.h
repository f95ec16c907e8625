// Staging of connections that no longer come.
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
  // What it is given outlives it.
  AbandonedStaging(const Settings& settings, Logger log, const Clock& clock = TheSystemClock())
      : settings_(settings), log_(std::move(log)), clock_(clock) {}

  // Drops what nobody has used for limits::kStagingAbandonedAfter, and says so in the
  // log. Only the first time, and then where limits::kAbandonedStagingEvery has passed:
  // it looks at the folder of each connection, of which there may be many thousands.
  // Blocks on the disk, so no sync waits for it.
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
