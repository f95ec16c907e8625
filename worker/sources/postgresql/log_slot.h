// The replication slot: the server's note of how far we have read its log. It is looked at
// before the log is followed, since START_REPLICATION passes over what it cannot send without a
// word.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_SLOT_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_SLOT_H_

#include <chrono>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "worker/sources/postgresql/log_connection.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/setup.h"

namespace tributary::postgresql {

// The configured one, or a name derived from which database it is of.
std::string SlotName(const Settings& settings);

// The server makes a slot once every transaction that ran when it was asked to has ended,
// prepared ones too. So this takes as long as its longest transaction, and has bounds of its own.
struct SlotPatience {
  // Who is waited for is looked up and logged this often.
  std::chrono::seconds blockers_every{10};
  // The user is told.
  std::chrono::seconds warn_after{60};
  std::chrono::seconds give_up_after{std::chrono::hours(1)};
};

struct SlotUse {
  // Tells the user, once, who a slot that is being made waits for.
  std::function<void(const std::string& remark)> warn;
  // The sync is to stop.
  std::function<bool()> stopped;
  Logger log;
  SlotPatience patience = {};
};

// Transactions that write, the oldest first, and what to do about them, for people: "process 4711
// (psql), for 3600 s. End them …". Since when others' run is hidden from a role that is not in
// pg_read_all_stats. If the server cannot be asked, none is named.
std::string OldestTransactions(Session& session);

// What the server keeps of its log for the slot, and how to end that, for people. Empty if there is
// no such slot of this database.
absl::StatusOr<std::string> KeptLog(Session& session, const std::string& name);

// Makes the slot where there is none and `from` is 0, and gives the place to start from:
// `from`, or in a first sync the slot's beginning. `timeline`: that the state is of; 0 in a
// first sync.
//
//   FAILED_PRECONDITION  the log before `from` is gone, was never of this server, or the slot
//                        serves another: the text says which and what to do. Or the
//                        patience for a new slot is over: the text names who it waits for
//   CANCELLED            `stopped` said so
absl::StatusOr<Lsn> PrepareSlot(Session& session, LogConnection& log, const std::string& name,
                                Lsn from, std::uint32_t timeline, const SlotUse& use);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_SLOT_H_
