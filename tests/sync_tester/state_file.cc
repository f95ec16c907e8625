#include "tests/sync_tester/state_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace tributary::tester {

namespace {

absl::Status FileError(const std::string& what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

absl::Status SyncFolder(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder.push_back('.');
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError("open folder", folder);
  const int synced = fsync(fd);
  close(fd);
  return synced == 0 ? absl::OkStatus() : FileError("sync folder", folder);
}

}  // namespace

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileError("open", path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return FileError("read", path);
  return text;
}

absl::StatusOr<std::optional<std::string>> ReadState(const std::string& path) {
  std::error_code failure;
  if (!std::filesystem::exists(path, failure) && !failure) return std::nullopt;
  absl::StatusOr<std::string> state = ReadWholeFile(path);
  if (!state.ok()) return state.status();
  return std::optional<std::string>(*std::move(state));
}

absl::Status WriteState(const std::string& path, std::string_view state) {
  // A rename would replace a device or a folder by a file.
  std::error_code failure;
  const auto kind = std::filesystem::status(path, failure).type();
  if (kind != std::filesystem::file_type::regular &&
      kind != std::filesystem::file_type::not_found) {
    return absl::InvalidArgumentError(absl::StrCat("state file ", path, " is no ordinary file"));
  }
  const std::string beside = path + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("make", beside);
  std::string_view left = state;
  while (!left.empty()) {
    const ssize_t wrote = write(fd, left.data(), left.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) break;
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
  absl::Status written =
      left.empty() && fsync(fd) == 0 ? absl::OkStatus() : FileError("write", beside);
  close(fd);
  if (!written.ok()) return written;
  if (std::rename(beside.c_str(), path.c_str()) != 0) return FileError("replace", path);
  return SyncFolder(path);
}

bool MeansNoState(const std::optional<std::string>& state) {
  if (!state) return true;
  std::string kept;
  for (const char c : *state) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') kept.push_back(c);
  }
  return kept.empty() || kept == "{}";
}

}  // namespace tributary::tester
