// Looks at rows that have not been sent, for what their columns' types do not hold, so
// that a table is copied again as seldom as can be: at a few before the first is sent, and
// at all of them once one is met that does not fit. Blobs are not loaded for it.
//
// It is a help only: where it cannot read, it has seen less, and what is wrong with the
// table shows when that is read.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_LOOK_AHEAD_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_LOOK_AHEAD_H_

#include <chrono>
#include <functional>

#include "proto/worker.pb.h"
#include "worker/sources/sqlite/connection.h"
#include "worker/sources/sqlite/type_search.h"

namespace tributary::sqlite {

// Within a transaction: looks where the slices of `cut` begin and at the table's end, and
// adds to `cut` what is to be widened.
void LookAtSample(Connection& connection, const CutAssignment::Table& table, Slices::Table& cut,
                  std::chrono::steady_clock::time_point until);

// Shows `types` all rows of the table, whatever the assignment's range, until `stop` says
// true. In transactions of its own, none longer than limits::kSqliteTurn.
void LookThrough(Connection& connection, const ReadAssignment& assignment, TypeSearch& types,
                 const std::function<bool()>& stop);

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_LOOK_AHEAD_H_
