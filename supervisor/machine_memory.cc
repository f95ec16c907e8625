#include "supervisor/machine_memory.h"

#include <unistd.h>

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

constexpr char kGroups[] = "/sys/fs/cgroup";

// The limit in a control group's file; none if the file says "max" or does not exist.
void TakeLimit(const std::string& file, MemoryLimit& least) {
  std::string word;
  std::ifstream(file) >> word;
  std::uint64_t bytes = 0;
  if (!absl::SimpleAtoi(word, &bytes) || bytes >= least.bytes) return;
  least = {bytes, "the control group's limit"};
}

// The least limit of a group and its parents. In a container the group's path may be the host's,
// which does not exist there; then the limit is at the root.
void TakeLimitsUpwards(const std::string& root, std::string group, const char* file,
                       MemoryLimit& least) {
  while (true) {
    TakeLimit(absl::StrCat(root, group, "/", file), least);
    if (group.empty()) return;
    group.resize(group.rfind('/'));
  }
}

}  // namespace

MemoryLimit MemoryOfThisProcess() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  MemoryLimit least{pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), "the machine's"};
  std::ifstream groups("/proc/self/cgroup");
  // "4:memory:/pods/one" of version 1, "0::/pods/one" of version 2.
  for (std::string line; std::getline(groups, line);) {
    const std::size_t path = line.find('/');
    if (path == std::string::npos) continue;
    std::string group = line.substr(path);
    if (group == "/") group.clear();
    const std::string controllers = line.substr(0, path);
    if (absl::StartsWith(controllers, "0::")) {
      TakeLimitsUpwards(kGroups, group, "memory.max", least);
    } else if (absl::StrContains(controllers, ":memory:")) {
      TakeLimitsUpwards(absl::StrCat(kGroups, "/memory"), group, "memory.limit_in_bytes", least);
    }
  }
  return least;
}

}  // namespace tributary
