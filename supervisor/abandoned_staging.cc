#include "supervisor/abandoned_staging.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/limits.h"
#include "supervisor/staging/staging.h"

namespace tributary {

bool AbandonedStaging::TakeTurn() {
  const Clock::time_point now = clock_.Now();
  const std::lock_guard lock(mutex_);
  if (last_.has_value() && now - *last_ < limits::kAbandonedStagingEvery) return false;
  last_ = now;
  return true;
}

void AbandonedStaging::DropIfDue() {
  if (!TakeTurn()) return;
  const auto dropped = StagingStore::DropAbandoned(settings_.staging_dir,
                                                   absl::FromChrono(limits::kStagingAbandonedAfter),
                                                   absl::FromChrono(clock_.WallNow()));
  if (!dropped.ok() && !absl::IsNotFound(dropped.status())) {
    log_.Warning("abandoned staging cannot be dropped",
                 {{log_key::kError, std::string(dropped.status().message())}});
  } else if (dropped.ok() && *dropped > 0) {
    log_.Info("dropped abandoned staging", {{"connections", absl::StrCat(*dropped)}});
  }
}

}  // namespace tributary
