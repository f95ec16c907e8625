#include "worker/network/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

absl::Status Failed(const char* what) {
  return absl::ResourceExhaustedError(
      absl::StrCat("keep a file in memory: cannot ", what, ": ", std::strerror(errno),
                   "; free memory and descriptors on the connector's machine"));
}

bool WriteAll(int file, absl::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

MemoryFile::MemoryFile(FileDescriptor file) : file_(std::move(file)) {}

absl::StatusOr<MemoryFile> MemoryFile::Make(absl::string_view content) {
  FileDescriptor file(::memfd_create("tributary", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return Failed("make it");
  if (::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0) return Failed("restrict it to its owner");
  if (!WriteAll(file.get(), content)) return Failed("write it");
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return Failed("seal it");
  return MemoryFile(std::move(file));
}

std::string MemoryFile::path() const { return absl::StrCat("/proc/self/fd/", file_.get()); }

}  // namespace tributary
