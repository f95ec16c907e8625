// What the transaction of a slice sees: looked at after the table is locked and before its
// rows are read, so that no rewrite and no truncation can lie between.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICE_VIEW_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICE_VIEW_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/leaves.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

struct SliceView {
  struct Column {
    std::uint32_t type = 0;
    std::int32_t typmod = -1;
    // Which of all columns that the table has had.
    std::uint32_t number = 0;
  };
  // Content: the table's file, or those of its leaf partitions, which a rewrite replaces; none
  // where it is read by keys, which are the same in another file. On a standby without a bound.
  Opened opened;
  // The table's columns as they are now, by their names.
  std::unordered_map<std::string, Column> columns;
};

// Locks the table, or those of its leaf partitions that are in the slice, and looks, in one round
// trip, within a transaction of `session` that has read nothing. NOT_FOUND: the table is gone, or
// another has its name, or keys have another order now. Otherwise errors as Session::Query's;
// kLockNotAvailable: it is locked.
//
// Where `leaves`, which a table by its leaves needs, are no longer its partitions and files,
// UNAVAILABLE: ask for them again.
absl::StatusOr<SliceView> LockAndLook(Session& session, const ReadAssignment& assignment,
                                      const Access& access, const Leaves& leaves,
                                      const std::vector<Leaf>& slice);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICE_VIEW_H_
