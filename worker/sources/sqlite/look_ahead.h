// Checks rows that have not been sent for values that do not fit their columns' types, so that a
// table is rarely copied again: a few rows before the first is sent, and all rows once a value does
// not fit. Does not load blobs.
//
// It is only a help: rows that it cannot read are not checked, and the later read of the table
// reports the error.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_LOOK_AHEAD_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_LOOK_AHEAD_H_

#include <chrono>
#include <functional>

#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/type_search.h"

namespace tributary::sqlite {

// Within a transaction: checks rows where the slices of `cut` begin and at the table's end, and
// adds to `cut` the columns to widen.
void LookAtSample(Connection& connection, const CutAssignment::Table& table, Slices::Table& cut,
                  std::chrono::steady_clock::time_point until);

// Shows `types` all rows of the table, not only the assignment's range, until `stop` returns true.
// In its own transactions, none longer than limits::kSqliteTurn.
void LookThrough(Connection& connection, const ReadAssignment& assignment, TypeSearch& types,
                 const std::function<bool()>& stop);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_LOOK_AHEAD_H_
