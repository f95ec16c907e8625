// Cuts what is left of tables into slices: ranges of heap blocks of about even size, with
// what is stored out of line spread over them, or ranges of keys.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICES_H_

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// One query for all tables, within a transaction of its own; where one of them is locked,
// and for a moment no size can be had, the server's last estimates do. A table by keys costs
// another one, where it is large (key_slices.h). What is read in one piece keeps its ranges. A last
// slice has no end, as the table grows.
absl::StatusOr<Slices> CutTables(Session& session, const CutAssignment& assignment);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICES_H_
