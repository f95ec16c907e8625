// `tributary check`: checks everything that a start and its syncs need, and lists all problems at
// once. A normal start ends at the first problem (settings_check.h) and does not see problems that
// only a sync meets, such as a memory limit that is too low.
//
// For an init container, a unit's ExecStartPre and people. Serves nothing, connects to no source,
// and creates nothing except a missing --staging-dir.
#ifndef TRIBUTARY_SUPERVISOR_START_CHECK_H_
#define TRIBUTARY_SUPERVISOR_START_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "supervisor/settings.h"
#include "worker/sources/setup.h"

namespace tributary {

enum class Grade {
  kOk,
  // It starts and syncs, but not as well as it could.
  kWarning,
  // It does not start, or its syncs fail.
  kProblem,
};

struct Finding {
  Grade grade = Grade::kOk;
  // A flag, or a part of the machine.
  std::string subject;
  // What was found; if something is wrong, the cure follows a semicolon.
  std::string text;
};

// `landlock_abi`: the result of a trial of the workers' sandbox (worker/sandbox/trial.h), or why it
// failed.
std::vector<Finding> CheckStart(const Settings& settings, const std::vector<EngineSetup>& setups,
                                const absl::StatusOr<int>& landlock_abi);

// A line for each: "problem  memory: …". True: there is no problem among them.
bool PrintFindings(const std::vector<Finding>& findings);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_START_CHECK_H_
