// Where to cut a table that is read by ranges of its key.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_SLICES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_SLICES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "proto/worker.pb.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// How long a look at where to cut waits for a lock, which another session may hold for hours.
inline constexpr char kShortLockWaitSql[] = "SET LOCAL lock_timeout = '200ms'; ";

// Bounds that lie between `pieces` pieces of about even size, in the order of the key: keys of
// a sample of some hundred of the table's `blocks` blocks, in a transaction of its own. None
// where the table is one piece, or cannot be looked at now: cutting is only a help.
std::vector<std::string> KeysBetween(Session& session, const CutAssignment::Table& table,
                                     const Access& access, std::uint64_t blocks,
                                     std::uint64_t pieces);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_KEY_SLICES_H_
