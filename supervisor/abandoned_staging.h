// Staging of connections that no longer come.
#ifndef TRIBUTARY_SUPERVISOR_ABANDONED_STAGING_H_
#define TRIBUTARY_SUPERVISOR_ABANDONED_STAGING_H_

#include "common/log.h"
#include "supervisor/settings.h"

namespace tributary {

// Drops what nobody has used for limits::kStagingAbandonedAfter, and says so in the
// log. Any thread; blocks on the disk.
void DropAbandonedStaging(const Settings& settings, const Logger& log);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_ABANDONED_STAGING_H_
