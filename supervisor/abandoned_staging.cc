#include "supervisor/abandoned_staging.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/limits.h"
#include "supervisor/staging/staging.h"

namespace tributary {

void DropAbandonedStaging(const Settings& settings, const Logger& log) {
  const auto dropped = StagingStore::DropAbandoned(
      settings.staging_dir, absl::FromChrono(limits::kStagingAbandonedAfter), absl::Now());
  if (!dropped.ok() && !absl::IsNotFound(dropped.status())) {
    log.Warning("staging of connections that no longer come cannot be dropped",
                {{log_key::kError, std::string(dropped.status().message())}});
  } else if (dropped.ok() && *dropped > 0) {
    log.Info("dropped the staging of connections that no longer come",
             {{"connections", absl::StrCat(*dropped)}});
  }
}

}  // namespace tributary
