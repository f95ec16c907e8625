#include "worker/sandbox/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/limits.h"
#include "worker/sandbox/landlock.h"
#include "worker/sandbox/sanitizers.h"
#include "worker/sandbox/syscalls.h"

namespace tributary {
namespace {

// Soft and hard alike, so that it cannot be raised again.
absl::Status LimitResource(decltype(RLIMIT_AS) resource, rlim_t limit, absl::string_view name) {
  const rlimit both{limit, limit};
  if (::setrlimit(resource, &both) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("enter sandbox: cannot set ", name, " to ",
                                                    limit, ": ", std::strerror(errno),
                                                    "; raise the limit the supervisor runs under"));
}

// An existing thread would not get the Landlock rules.
absl::Status CheckOneThread() {
  // The link count of a folder: one for itself, one for its entry in the parent, and one for each
  // folder in it.
  struct stat threads = {};
  if (::stat("/proc/self/task", &threads) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "enter sandbox: cannot count threads: ", std::strerror(errno), "; /proc must be mounted"));
  }
  // ThreadSanitizer has one of its own, which blocks all signals and stays outside.
  const nlink_t expected = 2 + 1 + (kThreadSanitized ? 1 : 0);
  if (threads.st_nlink <= expected) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "enter sandbox: there is another thread; enter it before making any");
}

}  // namespace

absl::StatusOr<SandboxReport> EnterSandbox(const SourceNeeds& needs,
                                           const SandboxOptions& options) {
  PrepareSanitizers();
  SandboxReport report;
  const absl::Status alone = CheckOneThread();
  if (!alone.ok()) return alone;
  absl::Status limited =
      LimitResource(RLIMIT_NOFILE, limits::kWorkerOpenFiles, "the open-files limit");
  if (!limited.ok()) return limited;
  if (options.address_space_bytes > 0 && !kSanitized) {
    limited = LimitResource(RLIMIT_AS, options.address_space_bytes, "the address-space limit");
    if (!limited.ok()) return limited;
    report.address_space_limited = true;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("enter sandbox: cannot give up new privileges: ", std::strerror(errno)));
  }
  const auto abi = ConfineTo(needs);
  if (!abi.ok()) return abi.status();
  report.landlock_abi = *abi;
  const absl::Status filtered = RestrictSyscalls(needs.connects());
  if (!filtered.ok()) return filtered;
  return report;
}

}  // namespace tributary
