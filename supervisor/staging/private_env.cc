#include "supervisor/staging/private_env.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/file_descriptor.h"

namespace tributary {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr absl::string_view kRubbish = ".gone";

class UnsyncedFile : public leveldb::WritableFile {
 public:
  explicit UnsyncedFile(leveldb::WritableFile* file) : file_(file) {}

  leveldb::Status Append(const leveldb::Slice& bytes) override { return file_->Append(bytes); }
  leveldb::Status Close() override { return file_->Close(); }
  leveldb::Status Flush() override { return file_->Flush(); }
  leveldb::Status Sync() override { return file_->Flush(); }

 private:
  std::unique_ptr<leveldb::WritableFile> file_;
};

leveldb::Status Failed(const std::string& path, int error) {
  return error == ENOENT ? leveldb::Status::NotFound(path, std::strerror(error))
                         : leveldb::Status::IOError(path, std::strerror(error));
}

class PreadFile : public leveldb::RandomAccessFile {
 public:
  PreadFile(std::string path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  // Fewer bytes than `size`: the file ends there.
  leveldb::Status Read(std::uint64_t offset, std::size_t size, leveldb::Slice* result,
                       char* scratch) const override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got =
          ::pread(file_.get(), scratch + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return Failed(path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    *result = leveldb::Slice(scratch, done);
    return leveldb::Status::OK();
  }

 private:
  const std::string path_;
  const FileDescriptor file_;
};

class SilentLogger : public leveldb::Logger {
 public:
  void Logv(const char*, std::va_list) override {}
};

// LevelDB makes its files readable for everyone, but their folder is private, so another user can
// never open one.
leveldb::Status Restrict(const std::string& path, mode_t mode) {
  if (::chmod(path.c_str(), mode) == 0) return leveldb::Status::OK();
  return Failed(path, errno);
}

leveldb::Status RemoveTree(leveldb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  leveldb::Status status = env.GetChildren(path, &names);
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    const std::string child = absl::StrCat(path, "/", name);
    if (!env.RemoveFile(child).ok()) {
      leveldb::Status removed = RemoveTree(env, child);
      if (status.ok()) status = removed;
    }
  }
  leveldb::Status removed = env.RemoveDir(path);
  return status.ok() ? removed : status;
}

}  // namespace

leveldb::Logger* SilentLevelDbLog() {
  static leveldb::Logger* const log = new SilentLogger;
  return log;
}

leveldb::Status PrivateEnv::NewRandomAccessFile(const std::string& path,
                                                leveldb::RandomAccessFile** file) {
  *file = nullptr;
  FileDescriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.valid()) return Failed(path, errno);
  *file = new PreadFile(path, std::move(opened));
  return leveldb::Status::OK();
}

leveldb::WritableFile* PrivateEnv::Wrapped(leveldb::WritableFile* file) const {
  return syncs_ ? file : new UnsyncedFile(file);
}

leveldb::Status PrivateEnv::NewWritableFile(const std::string& path, leveldb::WritableFile** file) {
  leveldb::WritableFile* opened = nullptr;
  leveldb::Status status = target()->NewWritableFile(path, &opened);
  if (!status.ok()) return status;
  *file = Wrapped(opened);
  status = Restrict(path, kFileMode);
  if (!status.ok()) {
    delete *file;
    *file = nullptr;
  }
  return status;
}

leveldb::Status PrivateEnv::NewAppendableFile(const std::string& path,
                                              leveldb::WritableFile** file) {
  leveldb::WritableFile* opened = nullptr;
  leveldb::Status status = target()->NewAppendableFile(path, &opened);
  if (status.ok()) *file = Wrapped(opened);
  return status;
}

leveldb::Status PrivateEnv::CreateDir(const std::string& path) {
  leveldb::Status status = target()->CreateDir(path);
  return status.ok() ? Restrict(path, kFolderMode) : status;
}

absl::Status FromLevelDb(const leveldb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat("staging: ", doing, ": ", status.ToString());
  if (status.IsCorruption() || status.IsInvalidArgument()) return absl::DataLossError(text);
  return absl::UnavailableError(
      absl::StrCat(text, "; make room on that disk or repair it, or name another --staging-dir"));
}

absl::StatusOr<std::vector<std::string>> ListFolder(leveldb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  leveldb::Status status = env.GetChildren(path, &names);
  if (!status.ok()) return FromLevelDb(status, absl::StrCat("listing ", path));
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::uint64_t> FolderBytes(leveldb::Env& env, const std::string& path) {
  absl::StatusOr<std::vector<std::string>> names = ListFolder(env, path);
  if (!names.ok()) return names.status();
  std::uint64_t bytes = 0;
  for (const std::string& name : *names) {
    std::uint64_t size = 0;
    const std::string file = absl::StrCat(path, "/", name);
    leveldb::Status status = env.GetFileSize(file, &size);
    if (!status.ok()) return FromLevelDb(status, absl::StrCat("measuring ", file));
    bytes += size;
  }
  return bytes;
}

absl::Status RemoveFolder(leveldb::Env& env, const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0 && S_ISLNK(found.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "staging: removing ", path,
        ": it is a symbolic link, which staging never makes; remove it if no one needs it"));
  }
  std::string rubbish = path;
  if (!IsRubbish(path)) {
    rubbish = absl::StrCat(path, kRubbish);
    leveldb::Status renamed = env.RenameFile(path, rubbish);
    if (!renamed.ok()) return FromLevelDb(renamed, absl::StrCat("removing ", path));
  }
  return FromLevelDb(RemoveTree(env, rubbish), absl::StrCat("removing ", rubbish));
}

bool IsRubbish(const std::string& name) { return absl::EndsWith(name, kRubbish); }

std::string NameBefore(const std::string& rubbish) {
  return std::string(absl::StripSuffix(rubbish, kRubbish));
}

}  // namespace tributary
