// Names the commit that a read transaction sees.
//
// Two transactions with equal names have read the same content. Rarely, a name changes although the
// content has not.
//
// Rollback-journal modes: while a reader holds its lock the file does not change,
// and every commit moves the header's change counter. The name covers the 100
// header bytes, device, inode, size and modification time, so a replaced file cannot look unchanged
// either.
//
// WAL mode: the change counter does not change; the commit is named by the wal-index, the 48-byte
// header at the start of the -shm file (https://sqlite.org/walformat.html): salts, last frame, that
// frame's running checksum, page count. `iChange` is left out: it starts again when the index is
// rebuilt, and an idle file must keep its name when connections open and close. If the log is
// empty, the facts of the database file are added. The index is read through SQLite's own file
// methods: a second descriptor of the -shm file would drop SQLite's locks when closed.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_VERSION_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_VERSION_H_

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace tributary::sqlite {

// The first 100 bytes of a database; zeros if the file is empty.
struct FileHeader {
  // The last byte of the text encoding.
  static constexpr std::size_t kTextEncodingAt = 59;

  std::array<unsigned char, 100> bytes{};

  bool wal() const { return bytes[18] == 2 || bytes[19] == 2; }
  std::uint32_t page_bytes() const {
    const std::uint32_t stored = static_cast<std::uint32_t>(bytes[16] << 8 | bytes[17]);
    return stored == 1 ? 65536 : stored;
  }
  std::uint32_t read_version() const { return bytes[19]; }
  // 1: UTF-8, 2: UTF-16le, 3: UTF-16be. A file without a table has none yet; UTF-8 is the default.
  std::uint32_t text_encoding() const {
    return bytes[kTextEncodingAt] == 0 ? 1 : bytes[kTextEncodingAt];
  }
  std::uint32_t schema_format() const { return Number(44); }
  // 0 if not known: a SQLite before 3.7.0 was the last writer.
  std::uint64_t stated_bytes() const {
    return Number(24) == Number(92) ? std::uint64_t{Number(28)} * page_bytes() : 0;
  }

 private:
  std::uint32_t Number(std::size_t at) const {
    return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
           std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
  }
};

// The part of the wal-index header that distinguishes commits.
struct WalPosition {
  // Last frame (0: the log is empty), pages, that frame's checksum, salts.
  std::array<std::uint32_t, 6> words{};
  bool log_is_empty() const { return words[0] == 0; }
  bool operator==(const WalPosition&) const = default;
};

// Facts of a file at a path.
struct FileFacts {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_seconds = 0;
  std::int64_t modified_nanoseconds = 0;
  bool operator==(const FileFacts&) const = default;
};

// Zeros if there is no such file.
FileFacts FactsOf(const std::string& path);

// The file under `db`'s main database, as SQLite sees it.
sqlite3_file* MainFile(sqlite3* db);

// Empty if the file cannot be read; a shorter file reads as zeros.
std::optional<FileHeader> ReadFileHeader(sqlite3* db);

enum class WalIndex {
  kRead,
  kBeingWritten,
  // No one has it open and it is read-only here: SQLite keeps an index in its own memory.
  kUnshared,
};
WalIndex ReadWalPosition(sqlite3* db, WalPosition& position);

// Part of each name of content. Increased by every release that sends other rows or keys for the
// same content.
inline constexpr int kReadingVersion = 2;

// At most 40 characters. The name includes how rows are read: an earlier release may have sent the
// same content differently, so it does not count as unchanged.
std::string RollbackVersion(const FileHeader& header, const FileFacts& database);
std::string WalVersion(const WalPosition& position, const FileHeader& header,
                       const FileFacts& database);
// For a WAL database whose index cannot be shared (the -shm file is read-only and
// no one has it open): uses the log file's facts and header instead.
std::string UnsharedWalVersion(const FileHeader& header, const FileFacts& database,
                               const FileFacts& log);
// Different from every other: the commit is not known.
std::string UnknownVersion();

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_VERSION_H_
