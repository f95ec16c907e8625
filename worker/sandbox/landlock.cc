#include "worker/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/file_descriptor.h"

namespace tributary {
namespace {

// Of Landlock 3 to 6, which Debian 12's headers do not know. Values are the
// kernel's and do not change.
constexpr std::uint64_t kTruncate = 1ULL << 14;
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;
constexpr std::uint64_t kBindTcp = 1ULL << 0;
constexpr std::uint64_t kConnectTcp = 1ULL << 1;
constexpr std::uint64_t kScopeAbstractUnixSocket = 1ULL << 0;
constexpr std::uint64_t kScopeSignal = 1ULL << 1;
constexpr int kRuleForPort = 2;
struct PortRule {
  std::uint64_t allowed = 0;
  std::uint64_t port = 0;
};

// The resolver asks again by TCP on this port if an answer is too long for a datagram.
constexpr std::uint16_t kNameServerPort = 53;

// struct landlock_ruleset_attr as of Landlock 6. An older kernel accepts the longer one too, if the
// fields that it does not know are zero.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t tcp = 0;
  std::uint64_t scoped = 0;
};

// Everything that this kernel can refuse is refused, unless a rule allows it.
Ruleset RefuseAll(int abi) {
  Ruleset ruleset;
  ruleset.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (abi >= 2) ruleset.files |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) ruleset.files |= kTruncate;
  if (abi >= 5) ruleset.files |= kIoctlDevice;
  if (abi >= kLandlockWithPorts) ruleset.tcp = kBindTcp | kConnectTcp;
  if (abi >= 6) ruleset.scoped = kScopeAbstractUnixSocket | kScopeSignal;
  return ruleset;
}

// Libraries read this for every source: SQLite and others get their seeds here.
constexpr std::array kAlwaysReadable = {"/dev/null", "/dev/urandom"};

// The files that getaddrinfo reads. Symbolic links are followed now.
constexpr std::array kNameResolution = {"/etc/gai.conf",      "/etc/host.conf", "/etc/hosts",
                                        "/etc/nsswitch.conf", "/etc/protocols", "/etc/resolv.conf",
                                        "/etc/services"};

absl::Status Failed(absl::string_view what, absl::string_view subject) {
  return absl::FailedPreconditionError(
      absl::StrCat("enter sandbox: cannot ", what, " ", subject, ": ", std::strerror(errno)));
}

// What a path may name. For a source it must be the file itself: a link could have been put there
// since the source looked.
enum class Kind { kFile, kLinkToFile, kDevice };

absl::Status Allow(int ruleset, std::uint64_t access, const std::string& path, Kind kind) {
  const int follow = kind == Kind::kFile ? O_NOFOLLOW : 0;
  const FileDescriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC | follow));
  if (!file.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return absl::OkStatus();
    return Failed("reach", path);
  }
  struct stat found = {};
  if (::fstat(file.get(), &found) != 0) return Failed("look at", path);
  if (kind != Kind::kDevice && !S_ISREG(found.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "enter sandbox: ", path, " is not a regular file, or is a link; name the file itself"));
  }
  landlock_path_beneath_attr rule = {};
  rule.allowed_access = access;
  rule.parent_fd = file.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return Failed("allow", path);
  }
  return absl::OkStatus();
}

absl::Status AllowPort(int ruleset, std::uint16_t port) {
  const PortRule rule{kConnectTcp, port};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRuleForPort, &rule, 0) == 0) {
    return absl::OkStatus();
  }
  return Failed("allow", absl::StrCat("TCP port ", port));
}

absl::Status AllowAll(int ruleset, const Ruleset& refused, const SourceNeeds& needs) {
  absl::Status status;
  for (const SourceNeeds::Path& need : needs.paths) {
    std::uint64_t access = LANDLOCK_ACCESS_FS_READ_FILE;
    if (need.writable) access |= LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
    status.Update(Allow(ruleset, access & refused.files, need.path, Kind::kFile));
  }
  for (const char* path : kAlwaysReadable) {
    status.Update(Allow(ruleset, LANDLOCK_ACCESS_FS_READ_FILE, path, Kind::kDevice));
  }
  if (!needs.connects()) return status;
  for (const char* path : kNameResolution) {
    status.Update(Allow(ruleset, LANDLOCK_ACCESS_FS_READ_FILE, path, Kind::kLinkToFile));
  }
  if (refused.tcp == 0) return status;
  status.Update(AllowPort(ruleset, kNameServerPort));
  for (const std::uint16_t port : needs.tcp_ports) status.Update(AllowPort(ruleset, port));
  return status;
}

}  // namespace

int LandlockAbi() {
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return static_cast<int>(std::max(abi, 0L));
}

absl::StatusOr<int> ConfineTo(const SourceNeeds& needs) {
  const int abi = LandlockAbi();
  if (abi == 0) return 0;
  const Ruleset refused = RefuseAll(abi);
  const FileDescriptor ruleset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &refused, sizeof(refused), 0)));
  if (!ruleset.valid()) return Failed("make", "a Landlock ruleset");
  absl::Status status = AllowAll(ruleset.get(), refused, needs);
  if (!status.ok()) return status;

  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return Failed("enforce", "the Landlock ruleset");
  }
  return abi;
}

}  // namespace tributary
