// Checks once, before anything is served, that the settings can work. A value that cannot work ends
// the program, so that it does not run without being able to serve.
#ifndef TRIBUTARY_SUPERVISOR_SETTINGS_CHECK_H_
#define TRIBUTARY_SUPERVISOR_SETTINGS_CHECK_H_

#include <vector>

#include "absl/status/status.h"
#include "supervisor/settings.h"
#include "worker/sources/setup.h"

namespace tributary {

// Checks the engines' flags, the folders and the key files. Makes --staging-dir if it is missing. A
// full or failing disk is not a wrong value: syncs then run without staging (supervisor/staging).
// Ports and TLS files are checked where they are opened (server.h, web/web_server.h).
//
// FAILED_PRECONDITION: names the flag, its value, and what to do.
absl::Status CheckSettings(const Settings& settings, const std::vector<EngineSetup>& setups);

// Parts of the above, with the same errors: the value of one engine's flag, and --staging-dir.
absl::Status CheckEngineSetting(const OperatorSetting& setting, const Settings& settings);
absl::Status CheckStagingDir(const Settings& settings);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SETTINGS_CHECK_H_
