// What SQLite's result codes mean for a reader: which of them pass by themselves, and
// what a person is told.
//
// Codes are extended ones (https://sqlite.org/rescode.html). `named` is the database as
// the configuration names it; `said` is SQLite's own text for the code.
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

// Passing, but only where the application mends it, or the file comes back.
bool IsForOthersToMend(int code);

// A transaction that cannot begin:
//   FAILED_PRECONDITION  damaged as a whole, or a journal that its application has to
//                        roll back
//   UNAVAILABLE          locked, or the file system failed
absl::Status BeginError(int code, absl::string_view named, absl::string_view said);

// What is wrong with a file as a whole, as its header and its size of `file_bytes` tell;
// OK where they tell nothing.
//   FAILED_PRECONDITION  in a format that this SQLite does not know, or cut short
absl::Status HeaderError(const FileHeader& header, std::uint64_t file_bytes,
                         absl::string_view named);

// A read that fails; see Connection::Error. `table` is empty for the catalog, `column`
// where it is not the failure of one.
absl::Status ReadError(int code, absl::string_view named, absl::string_view said,
                       absl::string_view operation, absl::string_view table,
                       absl::string_view column = {});

// Whether SQLite says that it cannot parse an object of the schema.
bool IsMalformedSchema(int code, absl::string_view said);

// What may be shown of what SQLite says of a failed step: a function's own words may
// quote a value of the row.
std::string WithoutValues(int code, absl::string_view said);

// "SQLite 3.46.1, the one in here".
std::string ThisSqlite();

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_RESULT_CODE_H_
