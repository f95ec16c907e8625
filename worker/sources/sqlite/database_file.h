// The place of the database, and whether it may be opened: all checks before SQLite gets the path.
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
  // As the user wrote it, lexically normalized; the name in texts.
  std::string named;
  // `path` below --sqlite-root, which is without symbolic links, too.
  std::string below_root;
  // Nothing can write to it: a file system mounted read-only, and no log next to it.
  bool immutable = false;
  SourceNeeds needs;
};

// Resolves `database_path` below `root`, checks that it is a regular file that starts like a SQLite
// database (an empty file is an empty database), and prepares its side files. A WAL database
// without -wal and -shm gets empty ones, as SQLite itself would make them, because no file can be
// made inside the sandbox.
//
// FAILED_PRECONDITION if the user has to act, UNAVAILABLE if the file system fails. Leaves no
// descriptor of the database open: closing one later would drop SQLite's locks.
absl::StatusOr<DatabaseFile> LocateDatabase(std::string_view database_path,
                                            const std::string& root);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_DATABASE_FILE_H_
