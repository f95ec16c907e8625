// Whether the settings can work, looked at once before anything is served: a value that
// cannot ends the program, and does not leave it serving for nobody.
#ifndef TRIBUTARY_SUPERVISOR_SETTINGS_CHECK_H_
#define TRIBUTARY_SUPERVISOR_SETTINGS_CHECK_H_

#include <vector>

#include "absl/status/status.h"
#include "supervisor/settings.h"
#include "worker/sources/setup.h"

namespace tributary {

// Folders and the staging key. Makes --staging-dir where it is missing; one whose disk is
// full or fails is no wrong value, and staging is done without it (supervisor/staging).
// What is listened on and TLS are looked at where they are opened (server.h,
// web/web_server.h).
//
// FAILED_PRECONDITION: names the flag, its value, and what to do.
absl::Status CheckSettings(const Settings& settings, const std::vector<EngineSetup>& setups);

// Its parts, with the same errors: the folder of one engine's flag, and --staging-dir.
absl::Status CheckEngineFolder(const OperatorSetting& setting, const Settings& settings);
absl::Status CheckStagingDir(const Settings& settings);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SETTINGS_CHECK_H_
