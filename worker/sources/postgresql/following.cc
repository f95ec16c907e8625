#include "worker/sources/postgresql/following.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/sources/postgresql/log_slot.h"
#include "worker/sources/postgresql/server_error.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look at what following the log needs";

std::string LookSql(const Settings& settings) {
  const std::string name = Literal(settings.publication);
  return absl::StrCat(
      "SELECT pg_is_in_recovery(), current_setting('wal_level'), "
      "EXISTS (SELECT FROM pg_publication WHERE pubname = ",
      name,
      "), "
      "EXISTS (SELECT FROM pg_publication WHERE pubname = ",
      name,
      " AND pubinsert AND pubupdate AND pubdelete AND pubtruncate), "
      "EXISTS (SELECT FROM pg_publication_tables WHERE pubname = ",
      name,
      "), "
      "current_setting('max_replication_slots')::integer - "
      "(SELECT count(*) FROM pg_replication_slots WHERE slot_name <> ",
      Literal(SlotName(settings)),
      "), current_user, "
      "has_database_privilege(current_database(), 'CREATE'), "
      "EXISTS (SELECT FROM pg_publication WHERE pubname = ",
      name, " AND pg_has_role(pubowner, 'USAGE'))");
}

absl::Status OfStandby() {
  return absl::FailedPreconditionError(
      "follow the log: the server is a standby, whose log cannot be followed; name its primary in "
      "`host`, or set `update_method` to compare, which reads a standby as well");
}

}  // namespace

absl::Status RefuseStandby(Session& session) {
  const auto rows = session.Query("SELECT pg_is_in_recovery()", kDoing);
  if (!rows.ok()) return rows.status();
  return rows->truth(0, 0) ? OfStandby() : absl::OkStatus();
}

absl::Status TryFollowing(Session& session, const PreparedLogin& login, const Settings& settings,
                          Pulse& pulse, std::chrono::milliseconds patience) {
  const absl::Status begun = session.Begin();
  if (!begun.ok()) return begun;
  const auto rows = session.Query(LookSql(settings), kDoing);
  session.End();
  if (!rows.ok()) return rows.status();
  if (rows->truth(0, 0)) return OfStandby();
  const std::string publication = Quoted(settings.publication);
  std::vector<std::string> missing;
  if (rows->at(0, 1) != "logical") {
    missing.emplace_back(
        "wal_level is not logical: ALTER SYSTEM SET wal_level = logical, then restart the server "
        "(RDS and Aurora: rds.logical_replication = 1; Cloud SQL: cloudsql.logical_decoding = on)");
  }
  // Whatever the role may create itself is created when a sync needs it.
  const bool may_create = rows->truth(0, 7);
  const bool may_add = rows->truth(0, 8);
  if (!rows->truth(0, 2) && !may_create) {
    missing.push_back(absl::StrCat("there is no publication: CREATE PUBLICATION ", publication,
                                   " FOR TABLE …, with tables that have a primary key"));
  } else if (rows->truth(0, 2) && !rows->truth(0, 3)) {
    missing.push_back(absl::StrCat("the publication leaves changes out: ALTER PUBLICATION ",
                                   publication,
                                   " SET (publish = 'insert, update, delete, truncate')"));
  } else if (rows->truth(0, 2) && !rows->truth(0, 4) && !may_add) {
    missing.push_back(absl::StrCat("the publication has no tables: ALTER PUBLICATION ", publication,
                                   " ADD TABLE …"));
  }
  if (rows->number(0, 5) <= 0) {
    missing.emplace_back(
        "all replication slots are taken: raise max_replication_slots, or drop one that no one "
        "uses: SELECT pg_drop_replication_slot('…')");
  }
  // A connection tests whether the role may replicate, because providers grant it in different
  // ways.
  Session replication(login, pulse, patience, Session::Kind::kReplication);
  absl::Status connected = replication.Open();
  if (connected.ok()) connected = replication.Query("IDENTIFY_SYSTEM", kDoing).status();
  if (absl::IsUnavailable(connected)) return connected;
  if (!connected.ok()) {
    missing.emplace_back(connected.message());
    // Whom the server itself has refused.
    if (SqlStateOf(connected) == kInsufficientPrivilege) {
      absl::StrAppend(&missing.back(), ": ALTER ROLE ", Quoted(rows->text(0, 6)),
                      " REPLICATION (RDS: GRANT rds_replication TO it), and let it in for the "
                      "database (pg_hba.conf)");
    }
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("follow the log: ", absl::StrJoin(missing, ". ")));
}

}  // namespace tributary::postgresql
