// The server's present view of its transactions, for the gate.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_VIEW_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_VIEW_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/snapshot.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// The expression for the life of a server, to which transaction numbers belong. A crash of one of
// its processes also begins a new life, because numbers that were lost are used again. Such a crash
// does not change the server's start time, so the pid of the first of its own processes is
// included.
inline constexpr char kLifeSql[] =
    "(SELECT 'timeline ' || timeline_id FROM pg_control_checkpoint()) || ' start ' || "
    "extract(epoch FROM pg_postmaster_start_time())::text || ' process ' || "
    "coalesce((SELECT min(pid) FROM pg_stat_activity WHERE datid IS NULL AND usesysid IS NULL), "
    "0)";
// The timeline of a life; 0: the text is not from kLifeSql.
std::uint32_t TimelineOf(std::string_view life);

struct ServerView {
  Snapshot snapshot;
  std::string life;
};

// The text of pg_current_snapshot(), "727:731:728,730". DATA_LOSS: it does not parse.
absl::StatusOr<Snapshot> ParseSnapshot(std::string_view text);
// Errors as Session::Query's.
absl::StatusOr<ServerView> TakeView(Session& session);
// A new transaction's number: every transaction before it began earlier.
absl::StatusOr<std::uint64_t> TakeTransactionNumber(Session& session);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_VIEW_H_
