// Where the database is, and whether it may be opened: everything that is decided
// before SQLite sees the path.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_DATABASE_FILE_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_DATABASE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "worker/sources/source.h"

namespace tributary::sqlite {

struct DatabaseFile {
  // Absolute and without symbolic links.
  std::string path;
  // As the user wrote it, made lexically normal; the name in texts.
  std::string named;
  // `path` below --sqlite-root, which is without symbolic links, too.
  std::string below_root;
  // Nothing can write to it: a file system mounted read-only, no log beside it.
  bool immutable = false;
  SourceNeeds needs;
};

// Resolves `database_path` below `root`, checks that it is a regular file that
// starts as a SQLite database does (an empty file is an empty database), and sees
// to its side files. A WAL database without -wal and -shm gets empty ones, as
// SQLite itself would make them: once the sandbox is closed no file can be made.
//
// FAILED_PRECONDITION where the user has to act, UNAVAILABLE where the file system
// fails. Leaves no descriptor of the database open: closing one later would drop
// SQLite's locks on it.
absl::StatusOr<DatabaseFile> LocateDatabase(std::string_view database_path,
                                            const std::string& root);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_DATABASE_FILE_H_
