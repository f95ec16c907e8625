// The server's present view of its transactions, for the gate; and our messages in its log.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_VIEW_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_VIEW_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/snapshot.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// The expression for the life of a server that transaction numbers are of. A crash of one of
// its processes begins another life too, as numbers that it has lost are given out again,
// and leaves the start of the server as it was: so the first of its own processes counts, other
// than the one that ends with the recovery. A role without pg_read_all_stats sees no process's type
// (null), but all numbers.
//
// The timeline is that of the end of the log: a server that was promoted has it at once, its
// control file only after a checkpoint, up to minutes later. A standby has no such end.
inline constexpr char kLifeSql[] =
    "'timeline ' || CASE WHEN pg_is_in_recovery() "
    "THEN (SELECT timeline_id FROM pg_control_checkpoint()) "
    "ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer END "
    "|| ' start ' || extract(epoch FROM pg_postmaster_start_time())::text || ' process ' || "
    "coalesce((SELECT min(pid) FROM pg_stat_activity WHERE datid IS NULL AND usesysid IS NULL "
    "AND backend_type IS DISTINCT FROM 'startup'), 0)";
// The timeline that a life is of; 0: the text is none of kLifeSql.
std::uint32_t TimelineOf(std::string_view life);

struct ServerView {
  Snapshot snapshot;
  std::string life;
  // The server's process that the session had.
  std::int64_t process = 0;
};

// The text of pg_current_snapshot(), "727:731:728,730". DATA_LOSS: it does not parse.
absl::StatusOr<Snapshot> ParseSnapshot(std::string_view text);
// Errors as Session::Query's.
absl::StatusOr<ServerView> TakeView(Session& session);
// A later one, at a fraction of the cost: a process of the server lives in one life of it. So where
// the session has the process that it had for `earlier`, the life is the same.
absl::StatusOr<ServerView> TakeNextView(Session& session, const ServerView& earlier);
// A new transaction's number: every transaction before it began earlier.
absl::StatusOr<std::uint64_t> TakeTransactionNumber(Session& session);

// Writes a message of ours into the log, and has the server put its log onto its disk up to there.
// Called outside a transaction. Errors as Session::Query's.
absl::Status WriteMessage(Session& session, std::string_view text);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SERVER_VIEW_H_
