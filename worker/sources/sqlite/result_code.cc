#include "worker/sources/sqlite/result_code.h"

#include <sqlite3.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary::sqlite {
namespace {

// https://sqlite.org/fileformat2.html: 1 is for a rollback journal, 2 for a log; schema formats 1
// to 4 have been in use since 2005.
constexpr std::uint32_t kNewestReadVersion = 2;
constexpr std::uint32_t kNewestSchemaFormat = 4;

}  // namespace

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

absl::Status HeaderError(const FileHeader& header, std::uint64_t file_bytes,
                         absl::string_view named) {
  const std::string place = absl::StrCat("open database \"", named, "\": ");
  if (header.read_version() > kNewestReadVersion || header.schema_format() > kNewestSchemaFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        place, "it is in a format that ", ThisSqlite(), " does not know (read version ",
        header.read_version(), ", schema format ", header.schema_format(),
        "); a newer SQLite wrote it, or its header is damaged: update tributary, or "
        "check the file with the application's own SQLite"));
  }
  if (file_bytes < header.stated_bytes()) {
    return absl::FailedPreconditionError(absl::StrCat(
        place, "it is shorter than its header states, ", file_bytes, " bytes instead of ",
        header.stated_bytes(),
        ": it was copied in part or while it was written; copy it again as a whole, or restore it "
        "from a backup"));
  }
  return absl::OkStatus();
}

bool IsMalformedSchema(int code, absl::string_view said) {
  return PrimaryCode(code) == SQLITE_CORRUPT && absl::StartsWith(said, "malformed database schema");
}

std::string WithoutValues(int code, absl::string_view said) {
  // Texts that begin with these are SQLite's own, and a name follows.
  for (const absl::string_view whole :
       {"no such ", "unknown function: ", "non-deterministic use of ", "malformed database schema",
        "malformed JSON", "JSON cannot hold BLOB values", "json_object() labels must be TEXT",
        "integer overflow", "LIKE or GLOB pattern too complex", "local time unavailable"}) {
    if (absl::StartsWith(said, whole)) return std::string(said);
  }
  // A value may follow these.
  for (const absl::string_view beginning : {"JSON path error", "bad JSON path"}) {
    if (absl::StartsWith(said, beginning)) return std::string(beginning);
  }
  return sqlite3_errstr(code);
}

std::string ThisSqlite() {
  return absl::StrCat("SQLite ", sqlite3_libversion(), ", the version in this program,");
}

absl::Status ReadError(int code, absl::string_view named, absl::string_view said,
                       absl::string_view operation, absl::string_view table,
                       absl::string_view column) {
  const std::string place =
      table.empty()
          ? absl::StrCat(operation, " database \"", named, "\": ")
          : absl::StrCat(operation, " \"", table, "\"",
                         column.empty() ? "" : absl::StrCat(", column \"", column, "\""), ": ");
  const int primary = PrimaryCode(code);
  if (primary == SQLITE_NOMEM) {
    return absl::ResourceExhaustedError(
        absl::StrCat(place, "out of memory; give tributary more or run fewer workers"));
  }
  if (IsPassing(code) || primary == SQLITE_FULL) {
    return absl::UnavailableError(absl::StrCat(place, said, " (SQLite code ", code,
                                               "); check the file system, then sync again"));
  }
  if (table.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(place, "it is damaged (", said,
                     "); check it with PRAGMA integrity_check and restore it from a backup"));
  }
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) {
    return absl::DataLossError(
        absl::StrCat(place,
                     "a page of it is damaged; check the database with PRAGMA integrity_check and "
                     "restore the table from a backup"));
  }
  if (primary == SQLITE_TOOBIG) {
    return absl::DataLossError(absl::StrCat(place, "it holds a value of more than ",
                                            limits::kSqliteMaxValueBytes / limits::kMiB,
                                            " MiB; make it smaller or leave its column out"));
  }
  if (absl::StartsWith(said, "no such table") || absl::StartsWith(said, "no such column")) {
    return absl::NotFoundError(absl::StrCat(place, "it has changed since the catalog was read (",
                                            said, "); the next sync reads it as it is then"));
  }
  if (absl::StartsWith(said, "no such function") || absl::StartsWith(said, "unknown function")) {
    return absl::DataLossError(absl::StrCat(
        place, "it calls a function that ", ThisSqlite(), " does not have (", said,
        "), of the application's own or of a newer SQLite; leave the column out of the sync"));
  }
  if (!column.empty()) {
    return absl::DataLossError(
        absl::StrCat(place, "SQLite cannot compute it for a row (", said,
                     "); correct the values that it is computed from, or leave the column out of "
                     "the sync"));
  }
  return absl::DataLossError(absl::StrCat(place, ThisSqlite(), " cannot read it (", said,
                                          "); change the table so that the sqlite3 shell can "
                                          "select from it"));
}

}  // namespace tributary::sqlite
