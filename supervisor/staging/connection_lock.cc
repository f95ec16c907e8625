#include "supervisor/staging/connection_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tributary {
namespace {

// An abandoned folder can be removed between opening and locking its file, but not many times in a
// row.
constexpr int kMaxAttempts = 8;

std::string LockPath(const std::string& connection_path) {
  return absl::StrCat(connection_path, "/LOCK");
}

absl::Status Refused(absl::string_view path, int error) {
  const std::string text =
      absl::StrCat("staging: locking ", path, ": ", std::strerror(error),
                   "; repair that disk or its permissions, or name another --staging-dir");
  return error == ENOENT ? absl::NotFoundError(text) : absl::UnavailableError(text);
}

absl::Status OwnedByAnother(int file, const std::string& connection_path) {
  char owner[32];
  const ssize_t size = ::pread(file, owner, sizeof(owner), 0);
  long process = 0;
  const bool known =
      size > 0 &&
      absl::SimpleAtoi(absl::string_view(owner, static_cast<std::size_t>(size)), &process);
  return absl::AbortedError(
      absl::StrCat("staging: ", connection_path, " is in use by ",
                   known ? absl::StrCat("process ", process) : std::string("another process"),
                   "; a connection has one sync at a time: wait for it, or end that process"));
}

// Whether `file` is still the one at `path`.
bool StillThere(int file, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

absl::StatusOr<ConnectionLock> ConnectionLock::Acquire(const std::string& connection_path) {
  const std::string path = LockPath(connection_path);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return Refused(path, errno);
    ConnectionLock lock(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      return errno == EWOULDBLOCK ? OwnedByAnother(file, connection_path) : Refused(path, errno);
    }
    if (!StillThere(file, path)) continue;
    const std::string owner = absl::StrCat(::getpid(), "\n");
    if (::ftruncate(file, 0) != 0 ||
        ::pwrite(file, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size())) {
      return Refused(path, errno);
    }
    return lock;
  }
  return absl::AbortedError(
      absl::StrCat("staging: ", connection_path, " is being removed by another process"));
}

ConnectionLock::ConnectionLock(ConnectionLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

ConnectionLock& ConnectionLock::operator=(ConnectionLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

ConnectionLock::~ConnectionLock() {
  if (file_ < 0) return;
  // A worker that is being started has a copy of the descriptor and so holds the lock, too.
  ::flock(file_, LOCK_UN);
  ::close(file_);
}

void ConnectionLock::Touch() const {
  // If this fails, the connection looks older than it is. It is locked anyway, and staging may be
  // lost at any time.
  (void)::futimens(file_, nullptr);
}

absl::StatusOr<absl::Time> ConnectionLock::LastTouched(const std::string& connection_path) {
  struct stat found {};
  if (::stat(LockPath(connection_path).c_str(), &found) != 0 &&
      ::stat(connection_path.c_str(), &found) != 0) {
    return Refused(connection_path, errno);
  }
  return absl::TimeFromTimespec(found.st_mtim);
}

}  // namespace tributary
