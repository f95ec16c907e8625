#include "common/ring/bell.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

absl::Status Failed() {
  return absl::ResourceExhaustedError(absl::StrCat("make doorbell: ", std::strerror(errno),
                                                   "; raise the open-files limit, and "
                                                   "let tributary read /proc"));
}

}  // namespace

absl::StatusOr<FileDescriptor> MakeBell() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Failed();
  const FileDescriptor reads(ends[0]);
  const FileDescriptor writes(ends[1]);
  return OpenBellFor(ends[0], O_RDWR);
}

absl::StatusOr<FileDescriptor> OpenBellFor(int bell, int access) {
  const std::string path = absl::StrCat("/proc/self/fd/", bell);
  FileDescriptor opened(::open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC));
  if (!opened.valid()) return Failed();
  return opened;
}

void RingBell(int bell) {
  // Eight bytes, as an eventfd takes, so that the bell may also be an eventfd.
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto put = ::write(bell, &one, sizeof(one));
}

void ClearBell(int bell) {
  std::array<char, 512> rings;
  [[maybe_unused]] const auto got = ::read(bell, rings.data(), rings.size());
}

}  // namespace tributary
