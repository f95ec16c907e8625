#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/debugger.h"
#include "worker/sandbox/sandbox.h"

namespace tributary {
namespace {

absl::Status Failed(const char* what) {
  return absl::FailedPreconditionError(absl::StrCat(
      "tie worker to its supervisor: cannot ", what, ": ", std::strerror(errno),
      "; tributary needs Linux 5.13 or newer and a container that does not filter this call"));
}

}  // namespace

absl::Status LeashToSupervisor(pid_t supervisor_pid, int last_fd) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Failed("ask for the parent-death signal");
  // If the supervisor died before the line above, no signal will come. Its log is gone too, so the
  // error cannot be reported.
  if (::getppid() != supervisor_pid) std::_Exit(EXIT_FAILURE);

  if (::close_range(static_cast<unsigned>(last_fd) + 1, UINT_MAX, 0) != 0) {
    return Failed("close inherited descriptors");
  }
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) {
    if (::signal(number, SIG_IGN) == SIG_ERR) return Failed("ignore a signal");
  }
  if (kForDebugger) return absl::OkStatus();
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return Failed("switch core dumps off");
  // RLIMIT_CORE has no effect if core_pattern is a pipe; this has.
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return Failed("switch tracing off");
  return absl::OkStatus();
}

}  // namespace tributary
