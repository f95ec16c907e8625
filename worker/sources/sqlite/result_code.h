// What SQLite's result codes mean for a reader: which of them pass by themselves, and
// what a person is told.
//
// Codes are extended ones (https://sqlite.org/rescode.html). `named` is the database as
// the configuration names it; `said` is SQLite's own text for the code.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_RESULT_CODE_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_RESULT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

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

// A read that fails; see Connection::Error. `subject` is a table's name, empty for the
// catalog.
absl::Status ReadError(int code, absl::string_view named, absl::string_view said,
                       absl::string_view operation, absl::string_view subject);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_RESULT_CODE_H_
