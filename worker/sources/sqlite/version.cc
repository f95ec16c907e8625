#include "worker/sources/sqlite/version.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/digest.h"

namespace tributary::sqlite {
namespace {

constexpr std::size_t kDigits = 32;

void Add(const FileHeader& header, Digest& digest) {
  digest.Text({reinterpret_cast<const char*>(header.bytes.data()), header.bytes.size()});
}

// Identifies the file, not its content.
void AddPlace(const FileFacts& facts, Digest& digest) {
  digest.Number(facts.device).Number(facts.inode);
}

void Add(const FileFacts& facts, Digest& digest) {
  AddPlace(facts, digest);
  digest.Number(facts.bytes)
      .Number(static_cast<std::uint64_t>(facts.modified_seconds))
      .Number(static_cast<std::uint64_t>(facts.modified_nanoseconds));
}

// A name of the kind `kind`.
std::string Name(const char* kind, const Digest& digest) {
  return absl::StrCat(kind, kReadingVersion, "-", digest.Hex(kDigits));
}

constexpr std::size_t kIndexHeaderBytes = 48;
// Places in the wal-index header, in words of four bytes.
constexpr std::size_t kIsInitWord = 3;
constexpr std::size_t kFirstNamingWord = 4;
constexpr int kIndexRegionBytes = 32 * 1024;

}  // namespace

FileFacts FactsOf(const std::string& path) {
  struct stat stat {};
  if (::stat(path.c_str(), &stat) != 0) return {};
  return {.device = stat.st_dev,
          .inode = stat.st_ino,
          .bytes = static_cast<std::uint64_t>(stat.st_size),
          .modified_seconds = stat.st_mtim.tv_sec,
          .modified_nanoseconds = stat.st_mtim.tv_nsec};
}

sqlite3_file* MainFile(sqlite3* db) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) {
    return nullptr;
  }
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

std::optional<FileHeader> ReadFileHeader(sqlite3* db) {
  sqlite3_file* const file = MainFile(db);
  if (file == nullptr) return std::nullopt;
  FileHeader header;
  const int code =
      file->pMethods->xRead(file, header.bytes.data(), static_cast<int>(header.bytes.size()), 0);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return std::nullopt;
  return header;
}

WalIndex ReadWalPosition(sqlite3* db, WalPosition& position) {
  sqlite3_file* const file = MainFile(db);
  if (file == nullptr || file->pMethods->iVersion < 2 || file->pMethods->xShmMap == nullptr) {
    return WalIndex::kUnshared;
  }
  volatile void* region = nullptr;
  const int code = file->pMethods->xShmMap(file, 0, kIndexRegionBytes, 0, &region);
  if (code != SQLITE_OK && code != SQLITE_READONLY) return WalIndex::kUnshared;
  if (region == nullptr) return WalIndex::kBeingWritten;
  // Writers fill the second copy first, readers take the first copy first: if both agree, neither
  // was being written.
  using Words = std::array<std::uint32_t, kIndexHeaderBytes / 4>;
  const auto* const shared = static_cast<volatile std::uint32_t*>(region);
  Words first;
  Words second;
  for (std::size_t at = 0; at < first.size(); ++at) first[at] = shared[at];
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (std::size_t at = 0; at < second.size(); ++at) second[at] = shared[first.size() + at];
  if (first != second) return WalIndex::kBeingWritten;
  if (reinterpret_cast<const unsigned char*>(&first[kIsInitWord])[0] == 0) {
    return WalIndex::kBeingWritten;
  }
  std::copy_n(first.begin() + kFirstNamingWord, position.words.size(), position.words.begin());
  return WalIndex::kRead;
}

std::string RollbackVersion(const FileHeader& header, const FileFacts& database) {
  Digest digest;
  Add(header, digest);
  Add(database, digest);
  return Name("r", digest);
}

std::string WalVersion(const WalPosition& position, const FileHeader& header,
                       const FileFacts& database) {
  Digest digest;
  for (const std::uint32_t word : position.words) digest.Number(word);
  AddPlace(database, digest);
  if (position.log_is_empty()) {
    Add(header, digest);
    Add(database, digest);
  }
  return Name("w", digest);
}

std::string UnsharedWalVersion(const FileHeader& header, const FileFacts& database,
                               const FileFacts& log) {
  Digest digest;
  Add(header, digest);
  Add(database, digest);
  Add(log, digest);
  return Name("u", digest);
}

std::string UnknownVersion() {
  std::random_device random;
  return absl::StrFormat("x%08x%08x%08x%08x", random(), random(), random(), random());
}

}  // namespace tributary::sqlite
