#include "worker/sandbox/trial.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/file_descriptor.h"
#include "common/limits.h"
#include "worker/sandbox/sanitizers.h"

namespace tributary {
namespace {

constexpr int kRefused = 3;
// Any port: no connection is made.
constexpr std::uint16_t kSomePort = 5432;

absl::Status NotTried(const char* what) {
  return absl::FailedPreconditionError(absl::StrCat(
      "try the sandbox: ", what, ": ", std::strerror(errno),
      "; raise the limits on processes and open files that tributary's user runs under"));
}

// In the child: the Landlock version, or the error's text, goes into the pipe.
[[noreturn]] void EnterAndSay(int pipe) {
  SourceNeeds needs;
  needs.tcp_ports = {kSomePort};
  const auto report =
      EnterSandbox(needs, {.address_space_bytes = limits::kWorkerAddressSpaceBytes});
  const std::string said =
      report.ok() ? absl::StrCat(report->landlock_abi) : std::string(report.status().message());
  const bool whole = ::write(pipe, said.data(), said.size()) == static_cast<ssize_t>(said.size());
  ::_exit(!whole ? EXIT_FAILURE : report.ok() ? EXIT_SUCCESS : kRefused);
}

std::string ReadAll(int fd) {
  std::string all;
  char buffer[1024];
  while (true) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count > 0) all.append(buffer, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR)) return all;
  }
}

}  // namespace

absl::StatusOr<SandboxReport> TrySandbox() {
  int ends[2];
  if (::pipe(ends) != 0) return NotTried("make a pipe");
  const FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return NotTried("start a process");
  if (child == 0) EnterAndSay(writing.get());
  writing.Close();
  const std::string said = ReadAll(reading.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  SandboxReport report;
  report.address_space_limited = !kSanitized;
  if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS &&
      absl::SimpleAtoi(said, &report.landlock_abi)) {
    return report;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kRefused) {
    return absl::FailedPreconditionError(said);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("try the sandbox: the process that entered it was ended (wait status ", status,
                   "); let the container's seccomp profile pass prctl, seccomp and landlock_*, as "
                   "RuntimeDefault does"));
}

}  // namespace tributary
