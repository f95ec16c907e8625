// Cuts the remaining ranges of tables into slices of even size, by reading only a few pages
// (btree.h).
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_SLICES_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_SLICES_H_

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

// `connection` has a transaction open. The slices cover the table's ranges exactly. A table
// that is gone or damaged keeps its ranges; reading it says so. UNAVAILABLE: as Begin's.
absl::Status CutTable(Connection& connection, const CutAssignment::Table& table,
                      Slices::Table& cut);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_SLICES_H_
