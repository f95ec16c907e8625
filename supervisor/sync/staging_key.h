// The operator's key for staging, where one is given.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_STAGING_KEY_H_
#define TRIBUTARY_SUPERVISOR_SYNC_STAGING_KEY_H_

#include <string>

#include "absl/status/statusor.h"

namespace tributary {

// kStagingKeyBytes bytes, of a file that holds just them, or twice as many
// hexadecimal digits. FAILED_PRECONDITION otherwise.
absl::StatusOr<std::string> ReadStagingKeyFile(const std::string& path);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_STAGING_KEY_H_
