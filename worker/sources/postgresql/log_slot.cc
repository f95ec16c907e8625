#include "worker/sources/postgresql/log_slot.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/digest.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look at the replication slot";
constexpr std::size_t kDigitsInName = 16;

absl::Status Task(const std::string& name, absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat("follow the log by slot ", Quoted(name), ": ", what));
}

std::string ReSync(absl::string_view after) {
  return absl::StrCat(after, ", and re-sync the connection, which copies the tables again");
}

struct Slot {
  bool exists = false;
  std::string plugin;
  std::string database;
  std::string this_database;
  bool active = false;
  std::string wal_status;
  Lsn confirmed = 0;
  // What the server keeps of its log for it, for people; empty if it does not say.
  std::string kept;
};

absl::StatusOr<Slot> Look(Session& session, const std::string& name) {
  const auto rows = session.Query(
      absl::StrCat("SELECT s.slot_name, s.plugin, s.database, current_database(), s.active, "
                   "s.wal_status, s.confirmed_flush_lsn, pg_size_pretty(CASE WHEN "
                   "pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() - s.restart_lsn END) "
                   "FROM (SELECT) one "
                   "LEFT JOIN pg_replication_slots s ON s.slot_name = ",
                   Literal(name)),
      kDoing);
  if (!rows.ok()) return rows.status();
  return Slot{.exists = !rows->null(0, 0),
              .plugin = rows->text(0, 1),
              .database = rows->text(0, 2),
              .this_database = rows->text(0, 3),
              .active = rows->truth(0, 4),
              .wal_status = rows->text(0, 5),
              .confirmed = ParseLsn(rows->at(0, 6)),
              .kept = rows->text(0, 7)};
}

absl::StatusOr<Lsn> Create(Session& session, LogConnection& log, const std::string& name,
                           const SlotUse& use) {
  std::chrono::seconds looked{0};
  bool warned = false;
  return log.CreateSlot(name, [&](std::chrono::seconds waited) -> absl::Status {
    if (use.stopped()) return absl::CancelledError("make the replication slot: the sync stops");
    if (waited - looked < use.patience.blockers_every) return absl::OkStatus();
    looked = waited;
    const std::string text = absl::StrCat(
        "The server has been making the replication slot ", Quoted(name), " for ", waited.count(),
        " s, and goes on once the transactions have ended that were running then. It waits for ",
        OldestTransactions(session));
    use.log.Info("a new replication slot waits for transactions", {{log_key::kError, text}});
    if (waited >= use.patience.give_up_after) return Task(name, text);
    if (waited >= use.patience.warn_after && !std::exchange(warned, true)) use.warn(text);
    return absl::OkStatus();
  });
}

absl::Status CheckPlace(LogConnection& log, const std::string& name, const Slot& slot, Lsn from,
                        std::uint32_t timeline) {
  if (slot.confirmed > from) {
    return Task(name, ReSync(absl::StrCat(
                          "the server has released its log up to ", LsnText(slot.confirmed),
                          ", which is after the saved state's ", LsnText(from),
                          ", so changes between the two are lost: something else has read from "
                          "the slot, or it was made anew. See that nothing else uses it")));
  }
  const auto system = log.Identify();
  if (!system.ok()) return system.status();
  if (system->timeline != timeline) {
    const auto left = log.EndOfTimeline(system->timeline, timeline);
    if (!left.ok()) return left.status();
    if (!left->has_value() || **left < from) {
      return Task(name, ReSync("the server has another history than the one that was read: it was "
                               "restored from a backup, or a standby that lacked the last changes "
                               "became the primary. See which server `host` names"));
    }
  }
  if (from > system->flushed) {
    return Task(name, ReSync(absl::StrCat("the server's log ends at ", LsnText(system->flushed),
                                          ", before the saved state's ", LsnText(from),
                                          ": it was restored from an older backup")));
  }
  return absl::OkStatus();
}

}  // namespace

std::string OldestTransactions(Session& session) {
  constexpr char kSql[] =
      "SELECT what FROM (SELECT age(backend_xid) AS age, 'process ' || pid || "
      "coalesce(' (' || nullif(application_name, '') || ')', '') || "
      "coalesce(', for ' || extract(epoch FROM now() - xact_start)::bigint || ' s', '') AS what "
      "FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() "
      "UNION ALL SELECT age(transaction), 'prepared transaction ' || quote_literal(gid) || "
      "' of database ' || database || ', for ' || "
      "extract(epoch FROM now() - prepared)::bigint || ' s' FROM pg_prepared_xacts) one "
      "ORDER BY age DESC LIMIT 5";
  const auto rows = session.Query(kSql, "look for the oldest transactions");
  std::vector<std::string> oldest;
  for (int row = 0; rows.ok() && row < rows->size(); ++row) oldest.push_back(rows->text(row, 0));
  return absl::StrCat(
      oldest.empty() ? "transactions that it does not name" : absl::StrJoin(oldest, "; "),
      ". End them (SELECT pg_terminate_backend(…), ROLLBACK PREPARED …), or wait for them.");
}

std::string SlotName(const Settings& settings) {
  if (!settings.slot.empty()) return settings.slot;
  const Login& login = settings.login;
  return absl::StrCat("tributary_", Digest()
                                        .Text(login.host)
                                        .Number(login.port)
                                        .Text(login.database)
                                        .Text(settings.publication)
                                        .Hex(kDigitsInName));
}

absl::StatusOr<std::string> KeptLog(Session& session, const std::string& name) {
  const auto slot = Look(session, name);
  if (!slot.ok()) return slot.status();
  if (!slot->exists || slot->database != slot->this_database) return "";
  return absl::StrCat(
      "The server keeps its log for replication slot ", Quoted(name),
      slot->kept.empty() ? "" : absl::StrCat(", ", slot->kept, " now"),
      ", and no selected table is followed, so it is never released and can fill the server's "
      "disk: select a table that the log has, or SELECT pg_drop_replication_slot(",
      Literal(name), ")");
}

absl::StatusOr<Lsn> PrepareSlot(Session& session, LogConnection& log, const std::string& name,
                                Lsn from, std::uint32_t timeline, const SlotUse& use) {
  auto slot = Look(session, name);
  if (!slot.ok()) return slot.status();
  if (slot->exists && (slot->plugin != "pgoutput" || slot->database != slot->this_database)) {
    return Task(name,
                "it is of another database, or not of the plugin pgoutput. Give another name in "
                "`replication_slot`");
  }
  const bool lost = slot->exists && slot->wal_status == "lost";
  if (from == 0) {
    // What an earlier life of this connection has left behind serves only where nothing is lost.
    if (lost) {
      const absl::Status dropped =
          session
              .Query(absl::StrCat("SELECT pg_drop_replication_slot(", Literal(name), ")"), kDoing)
              .status();
      if (!dropped.ok()) return dropped;
    }
    if (!slot->exists || lost) return Create(session, log, name, use);
    const auto system = log.Identify();
    if (!system.ok()) return system.status();
    return std::max(slot->confirmed, system->flushed);
  }
  if (!slot->exists) {
    const auto system = log.Identify();
    if (!system.ok()) return system.status();
    if (system->timeline != timeline) {
      return Task(name, ReSync("it does not exist on this server, which became the primary after "
                               "the last sync: a standby that is promoted, or a restored backup, "
                               "does not have its primary's slots, so the changes since then were "
                               "not kept. See which server `host` names"));
    }
    return Task(name, ReSync("it does not exist any longer, so the server has not kept the changes "
                             "since the last sync. If `host`, `port`, `database` or `publication` "
                             "is spelled otherwise than before, the slot has another name: set it "
                             "back, or give that slot's name in `replication_slot`. Else see who "
                             "has dropped it"));
  }
  if (lost) {
    return Task(name, ReSync("the server has removed the log that it needs, as "
                             "max_slot_wal_keep_size bounds it. Raise that, or sync more often"));
  }
  const absl::Status checked = CheckPlace(log, name, *slot, from, timeline);
  if (!checked.ok()) return checked;
  return from;
}

}  // namespace tributary::postgresql
