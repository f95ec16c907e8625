#include "worker/sources/sqlite/result_code.h"

#include <sqlite3.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary::sqlite {

int PrimaryCode(int code) { return code & 0xff; }

bool IsPassing(int code) {
  switch (PrimaryCode(code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
      return true;
    default:
      return false;
  }
}

bool IsForOthersToMend(int code) {
  return PrimaryCode(code) == SQLITE_CANTOPEN || PrimaryCode(code) == SQLITE_READONLY;
}

absl::Status BeginError(int code, absl::string_view named, absl::string_view said) {
  const std::string place = absl::StrCat("open database \"", named, "\": ");
  switch (PrimaryCode(code)) {
    case SQLITE_READONLY:
      return absl::FailedPreconditionError(absl::StrCat(
          place,
          "its last writer ended in the middle of a commit, which a reader cannot undo; open "
          "it once with the application or the sqlite3 shell, then sync again"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return absl::UnavailableError(absl::StrCat(
          place,
          "another program holds its lock; sync again when that program's transaction is "
          "over"));
    case SQLITE_CANTOPEN:
      return absl::UnavailableError(
          absl::StrCat(place,
                       "the file or one of its side files (-wal, -shm, -journal) cannot be "
                       "opened; check that they are there and readable, then sync again"));
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return absl::FailedPreconditionError(
          absl::StrCat(place,
                       "it is damaged or encrypted; check it with PRAGMA integrity_check and "
                       "restore it from a backup"));
    default:
      return ReadError(code, named, said, "open database", "");
  }
}

absl::Status ReadError(int code, absl::string_view named, absl::string_view said,
                       absl::string_view operation, absl::string_view subject) {
  const std::string place = subject.empty() ? absl::StrCat(operation, " database \"", named, "\": ")
                                            : absl::StrCat(operation, " \"", subject, "\": ");
  switch (PrimaryCode(code)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      if (subject.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat(place, "it is damaged (", said,
                         "); check it with PRAGMA integrity_check and restore it from a backup"));
      }
      return absl::DataLossError(absl::StrCat(
          place,
          "a page of it is damaged; check the database with PRAGMA integrity_check and "
          "restore the table from a backup"));
    case SQLITE_ERROR:
      if (absl::StartsWith(said, "no such table") || absl::StartsWith(said, "no such column")) {
        return absl::NotFoundError(absl::StrCat(place,
                                                "it has changed since the catalog was read (", said,
                                                "); the next sync takes it as it is then"));
      }
      return absl::DataLossError(
          absl::StrCat(place, "SQLite cannot read it (", said,
                       "); change the table so that the sqlite3 shell can select from it"));
    case SQLITE_TOOBIG:
      return absl::DataLossError(absl::StrCat(place, "it holds a value of more than ",
                                              limits::kSqliteMaxValueBytes / limits::kMiB,
                                              " MiB; make it smaller or leave its column out"));
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(
          absl::StrCat(place, "out of memory; give tributary more or run fewer workers"));
    default:
      return absl::UnavailableError(absl::StrCat(place, said, " (SQLite code ", code,
                                                 "); check the file system, then sync again"));
  }
}

}  // namespace tributary::sqlite
