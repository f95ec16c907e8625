// `tributary check`: looks at all that a start and its syncs need, and says all that is
// wrong at once. A start ends at the first (settings_check.h), and what only a sync meets,
// as a memory limit that is too low, it does not meet at all.
//
// For an init container, a unit's ExecStartPre and people. Serves nothing, connects to no
// source, and leaves nothing but --staging-dir where it was missing.
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
  // It starts and syncs, but less well than it could.
  kWarning,
  // It does not start, or its syncs fail.
  kProblem,
};

struct Finding {
  Grade grade = Grade::kOk;
  // A flag, or a part of the machine.
  std::string subject;
  // What was found; where it is not well, the cure follows a semicolon.
  std::string text;
};

// `landlock_abi`: what a trial of the workers' sandbox gave (worker/sandbox/trial.h), or
// why it failed.
std::vector<Finding> CheckStart(const Settings& settings, const std::vector<EngineSetup>& setups,
                                const absl::StatusOr<int>& landlock_abi);

// A line for each: "problem  memory: …". True: there is no problem among them.
bool PrintFindings(const std::vector<Finding>& findings);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_START_CHECK_H_
