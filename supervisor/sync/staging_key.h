// The operator's key for staging, if there is one.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_STAGING_KEY_H_
#define TRIBUTARY_SUPERVISOR_SYNC_STAGING_KEY_H_

#include <string>

#include "absl/status/statusor.h"

namespace tributary {

// Reads kStagingKeyBytes bytes from a file that holds exactly these, or twice as many hexadecimal
// digits. FAILED_PRECONDITION otherwise.
absl::StatusOr<std::string> ReadStagingKeyFile(const std::string& path);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_STAGING_KEY_H_
