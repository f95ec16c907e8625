#include "common/ring/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <new>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tributary {
namespace {

constexpr std::size_t kControlBytes = 4096;
static_assert(sizeof(RingControl) <= kControlBytes);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::string Errno() { return std::strerror(errno); }

bool ValidSize(std::size_t data_bytes) {
  return std::has_single_bit(data_bytes) && data_bytes % kControlBytes == 0;
}

}  // namespace

absl::StatusOr<RingMemory> RingMemory::Create(std::size_t data_bytes) {
  if (!ValidSize(data_bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat("make ring: ", data_bytes, " bytes is not a power of two of pages"));
  }
  FileDescriptor fd(::memfd_create("tributary-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("make ring: no memory file: ", Errno(), "; raise the open-files limit"));
  }
  const auto size = static_cast<off_t>(kControlBytes + data_bytes);
  bool reserved = ::ftruncate(fd.get(), size) == 0;
  while (reserved && ::fallocate(fd.get(), 0, 0, size) != 0) reserved = errno == EINTR;
  if (!reserved) {
    return absl::ResourceExhaustedError(
        absl::StrCat("make ring: cannot reserve ", size, " bytes of shared memory: ", Errno(),
                     "; give the process more memory or start fewer --workers"));
  }
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) {
    return absl::InternalError(absl::StrCat("make ring: cannot seal its size: ", Errno()));
  }
  auto memory = Map(std::move(fd), data_bytes);
  if (memory.ok()) new (&memory->control()) RingControl{};
  return memory;
}

absl::StatusOr<RingMemory> RingMemory::Attach(FileDescriptor fd, std::size_t data_bytes) {
  struct stat status {};
  // -1, all bits set, if the file cannot be sealed.
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  if (!ValidSize(data_bytes) || ::fstat(fd.get(), &status) != 0 ||
      static_cast<std::size_t>(status.st_size) != kControlBytes + data_bytes || seals < 0 ||
      (seals & kSeals) != kSeals) {
    return absl::InternalError("attach ring: the descriptor is not a sealed ring of this build");
  }
  return Map(std::move(fd), data_bytes);
}

absl::StatusOr<RingMemory> RingMemory::Map(FileDescriptor fd, std::size_t data_bytes) {
  // One address range for the control page and two copies of the data, so that no other mapping can
  // get between them.
  const std::size_t total = kControlBytes + 2 * data_bytes;
  void* const base = ::mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrCat("map ring: no address space: ", Errno()));
  }
  char* const start = static_cast<char*>(base);
  constexpr int kAccess = PROT_READ | PROT_WRITE;
  constexpr int kFlags = MAP_SHARED | MAP_FIXED;
  if (::mmap(start, kControlBytes + data_bytes, kAccess, kFlags, fd.get(), 0) == MAP_FAILED ||
      ::mmap(start + kControlBytes + data_bytes, data_bytes, kAccess, kFlags, fd.get(),
             kControlBytes) == MAP_FAILED) {
    const auto status = absl::ResourceExhaustedError(absl::StrCat("map ring: ", Errno()));
    ::munmap(base, total);
    return status;
  }
  return RingMemory(std::move(fd), reinterpret_cast<RingControl*>(start), start + kControlBytes,
                    data_bytes);
}

absl::StatusOr<RingMemory> RingMemory::Detach(const std::vector<std::string_view>& kept) const {
  FileDescriptor fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!fd.valid()) {
    return absl::ResourceExhaustedError(absl::StrCat("detach ring: ", Errno()));
  }
  auto fresh = Map(std::move(fd), data_bytes_);
  if (!fresh.ok()) return fresh.status();
  void* const copies = ::mmap(nullptr, 2 * data_bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (copies == MAP_FAILED) {
    return absl::ResourceExhaustedError(absl::StrCat("detach ring: ", Errno()));
  }
  for (const std::string_view bytes : kept) {
    std::memcpy(static_cast<char*>(copies) + (bytes.data() - data_), bytes.data(), bytes.size());
  }
  // Atomic for other threads: one that touches the range meanwhile waits in its page fault until
  // the copies are there.
  if (::mremap(copies, 2 * data_bytes_, 2 * data_bytes_, MREMAP_MAYMOVE | MREMAP_FIXED, data_) ==
      MAP_FAILED) {
    const auto status = absl::ResourceExhaustedError(absl::StrCat("detach ring: ", Errno()));
    ::munmap(copies, 2 * data_bytes_);
    return status;
  }
  return fresh;
}

RingMemory::RingMemory(RingMemory&& other) noexcept
    : fd_(std::move(other.fd_)),
      control_(std::exchange(other.control_, nullptr)),
      data_(other.data_),
      data_bytes_(other.data_bytes_) {}

RingMemory::~RingMemory() {
  if (control_ != nullptr) ::munmap(control_, kControlBytes + 2 * data_bytes_);
}

}  // namespace tributary
