#include "worker/sandbox/sandbox.h"

#include <sys/prctl.h>
#include <sys/resource.h>

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

}  // namespace

absl::StatusOr<SandboxReport> EnterSandbox(const SourceNeeds& needs,
                                           const SandboxOptions& options) {
  PrepareSanitizers();
  SandboxReport report;
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
  const auto abi = ConfineToFiles(needs);
  if (!abi.ok()) return abi.status();
  report.landlock_abi = *abi;
  const absl::Status filtered = RestrictSyscalls(needs.connects);
  if (!filtered.ok()) return filtered;
  return report;
}

}  // namespace tributary
