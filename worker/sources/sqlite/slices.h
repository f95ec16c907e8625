// Cuts what is left of tables into slices of even size, without asking SQLite for
// more than a few pages (btree.h).
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_SLICES_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_SLICES_H_

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

// `connection` has a transaction open. The slices of a table cover its ranges
// exactly. A table that is gone keeps its ranges; reading it says so.
absl::Status CutTables(Connection& connection, const CutAssignment& assignment, Slices& slices);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SLICES_H_
