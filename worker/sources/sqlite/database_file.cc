#include "worker/sources/sqlite/database_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/file_descriptor.h"
#include "worker/sources/sqlite/version.h"

namespace tributary::sqlite {
namespace {

// One page of the smallest size.
constexpr off_t kLeastDatabaseBytes = 512;

absl::Status Refused(const std::string& named, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("open database \"", named, "\": ", why));
}

// Empty, with errno set, if there is no such path.
std::string Resolved(const std::string& path) {
  std::array<char, PATH_MAX> real;
  return ::realpath(path.c_str(), real.data()) == nullptr ? std::string() : real.data();
}

std::string WhyNotFound(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "there is no such file; check `database_path`, which is relative to --sqlite-root";
    case EACCES:
      return "permission denied; let tributary's user read the file and its folder";
    case ELOOP:
      return "its symbolic links form a loop; correct `database_path`";
    case ENAMETOOLONG:
      return "the path is too long; correct `database_path`";
    default:
      return absl::StrCat(std::strerror(error), "; check `database_path` and its file system");
  }
}

bool LiesBelow(const std::string& path, const std::string& root) {
  if (root == "/") return true;
  return path.size() > root.size() && path.starts_with(root) && path[root.size()] == '/';
}

// Of what LiesBelow.
std::string Below(const std::string& path, const std::string& root) {
  return path.substr(root == "/" ? 1 : root.size() + 1);
}

// Fills path and below_root of `file`.
absl::Status Confine(std::string_view database_path, const std::string& root, DatabaseFile& file) {
  const std::string& named = file.named;
  const std::string real_root = Resolved(root.empty() ? "." : root);
  if (real_root.empty()) {
    return Refused(named, "the folder that --sqlite-root names cannot be opened; correct the flag");
  }
  const std::filesystem::path joined = std::filesystem::path(real_root) / database_path;
  std::string path = Resolved(joined.string());
  if (path.empty()) {
    const int error = errno;
    // A path outside gives the same error as a path that does not exist.
    if (!LiesBelow(joined.lexically_normal().string(), real_root)) {
      return Refused(named, "it lies outside the folder that --sqlite-root allows; move it there");
    }
    return Refused(named, WhyNotFound(error));
  }
  if (path == real_root) {
    return Refused(named, "it is the folder of --sqlite-root itself; name a database file in it");
  }
  if (!LiesBelow(path, real_root)) {
    return Refused(named, "it lies outside the folder that --sqlite-root allows; move it there");
  }
  file.below_root = Below(path, real_root);
  file.path = std::move(path);
  return absl::OkStatus();
}

const char* KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "not a regular file";
}

struct Opened {
  struct stat stat;
  FileHeader header;
};

// Looks at the file through a descriptor of its own.
absl::StatusOr<Opened> Look(const std::string& path, const std::string& named) {
  // O_NONBLOCK: opening a pipe must not wait for its other end.
  const FileDescriptor file(
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!file.valid()) {
    return Refused(named, errno == ENXIO ? "it is a socket or a device; name a database file"
                                         : WhyNotFound(errno));
  }
  Opened opened{};
  if (::fstat(file.get(), &opened.stat) != 0) return Refused(named, WhyNotFound(errno));
  if (!S_ISREG(opened.stat.st_mode)) {
    return Refused(named,
                   absl::StrCat("it is ", KindOf(opened.stat.st_mode), "; name a database file"));
  }
  const ssize_t got =
      ::pread(file.get(), opened.header.bytes.data(), opened.header.bytes.size(), 0);
  if (got < 0) {
    return absl::UnavailableError(
        absl::StrCat("read database \"", named, "\": ", std::strerror(errno)));
  }
  // procfs has content in files whose size is 0.
  if (got != 0 || opened.stat.st_size != 0) {
    constexpr std::string_view kMagic("SQLite format 3\0", 16);
    const std::string_view start(reinterpret_cast<const char*>(opened.header.bytes.data()),
                                 kMagic.size());
    if (start == kMagic && opened.stat.st_size < kLeastDatabaseBytes) {
      return Refused(named,
                     "it is shorter than its header states: it was copied in part; copy it again "
                     "as a whole, or restore it from a backup");
    }
    if (opened.stat.st_size < kLeastDatabaseBytes || got < 100 || start != kMagic) {
      return Refused(named,
                     "it is not a SQLite 3 database, or it is encrypted; name a plain SQLite file");
    }
  }
  return opened;
}

// Makes `path` as SQLite would: empty, with the database's mode and owner.
absl::Status MakeSideFile(const std::string& path, const struct stat& database) {
  const mode_t mode = database.st_mode & 0777;
  const FileDescriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  // The application has just made it.
  if (!file.valid() && errno == EEXIST) return absl::OkStatus();
  if (!file.valid()) return absl::ErrnoToStatus(errno, "");
  // Regardless of the umask: users who may write to the database must be able to write to these.
  [[maybe_unused]] const int given = ::fchmod(file.get(), mode);
  if (::geteuid() == 0) {
    [[maybe_unused]] const int kept = ::fchown(file.get(), database.st_uid, database.st_gid);
  }
  return absl::OkStatus();
}

bool OnReadOnlyFileSystem(const std::string& path) {
  struct statvfs system {};
  return ::statvfs(path.c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0;
}

absl::Status SeeToWalFiles(const struct stat& database, DatabaseFile& file) {
  const std::string log = file.path + "-wal";
  const std::string index = file.path + "-shm";
  struct stat there {};
  const bool log_holds_pages = ::stat(log.c_str(), &there) == 0 && there.st_size > 0;
  if (!log_holds_pages && OnReadOnlyFileSystem(file.path)) {
    file.immutable = true;
    return absl::OkStatus();
  }
  for (const std::string& path : {log, index}) {
    if (::access(path.c_str(), F_OK) == 0) continue;
    if (!MakeSideFile(path, database).ok()) {
      return Refused(
          file.named,
          "it is in WAL mode and its -wal and -shm files cannot be made; let tributary's "
          "user write to its folder, or keep the application connected while syncing");
    }
  }
  file.needs.paths.push_back({log, false});
  file.needs.paths.push_back({index, ::access(index.c_str(), W_OK) == 0});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DatabaseFile> LocateDatabase(std::string_view database_path,
                                            const std::string& root) {
  DatabaseFile file;
  file.named = std::filesystem::path(database_path).lexically_normal().string();
  const absl::Status confined = Confine(database_path, root, file);
  if (!confined.ok()) return confined;
  // Checked before it is opened: opening a device can have effects.
  struct statfs system {};
  if (::statfs(file.path.c_str(), &system) == 0 &&
      (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC)) {
    return Refused(file.named, "it belongs to the kernel; name a database file");
  }
  struct stat kind {};
  if (::stat(file.path.c_str(), &kind) == 0 && !S_ISREG(kind.st_mode)) {
    return Refused(file.named,
                   absl::StrCat("it is ", KindOf(kind.st_mode), "; name a database file"));
  }
  const auto opened = Look(file.path, file.named);
  if (!opened.ok()) return opened.status();

  file.needs.paths.push_back({file.path, false});
  if (opened->header.wal()) {
    const absl::Status ready = SeeToWalFiles(opened->stat, file);
    if (!ready.ok()) return ready;
  }
  const std::string journal = file.path + "-journal";
  struct stat there {};
  if (::lstat(journal.c_str(), &there) == 0 && S_ISREG(there.st_mode)) {
    file.needs.paths.push_back({journal, false});
  }
  return file;
}

}  // namespace tributary::sqlite
