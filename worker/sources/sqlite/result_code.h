// The meaning of SQLite's result codes for a reader: which of them are temporary, and what people
// are told.
//
// Codes are extended ones (https://sqlite.org/rescode.html). `named` is the database's name in the
// configuration; `said` is SQLite's own text for the code.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_RESULT_CODE_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_RESULT_CODE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "worker/sources/sqlite/version.h"

namespace tributary::sqlite {

int PrimaryCode(int code);

// Another attempt can succeed: locks, and a file system that fails.
bool IsPassing(int code);

// Temporary, but only if the application repairs it or the file comes back.
bool IsForOthersToMend(int code);

// A transaction that cannot begin:
//   FAILED_PRECONDITION  damaged as a whole, or a journal that its application has to
//                        roll back
//   UNAVAILABLE          locked, or the file system failed
absl::Status BeginError(int code, absl::string_view named, absl::string_view said);

// What is wrong with a file as a whole, according to its header and its size of `file_bytes`; OK if
// they show no fault.
//   FAILED_PRECONDITION  in a format that this SQLite does not know, or cut short
absl::Status HeaderError(const FileHeader& header, std::uint64_t file_bytes,
                         absl::string_view named);

// A read that fails; see Connection::Error. `table` is empty for the catalog; `column` is empty if
// the failure is not about one.
absl::Status ReadError(int code, absl::string_view named, absl::string_view said,
                       absl::string_view operation, absl::string_view table,
                       absl::string_view column = {});

// Whether SQLite says that it cannot parse an object of the schema.
bool IsMalformedSchema(int code, absl::string_view said);

// The part of SQLite's text for a failed step that may be shown: a function's own text may quote a
// value of the row.
std::string WithoutValues(int code, absl::string_view said);

// "SQLite 3.46.1, the version in this program".
std::string ThisSqlite();

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_RESULT_CODE_H_
