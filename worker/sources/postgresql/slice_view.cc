#include "worker/sources/postgresql/slice_view.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/sources/postgresql/key_order.h"
#include "worker/sources/postgresql/server_view.h"

namespace tributary::postgresql {
namespace {

// What has the table locked until the transaction ends. LOCK takes no ordinary view and no
// foreign table, but planning does lock them: the statement after it has a later snapshot
// (READ COMMITTED).
std::string LockSql(const std::string& table, Access::By by, const std::vector<Leaf>& slice) {
  switch (by) {
    case Access::By::kLeaves:
      if (slice.empty()) return "";
      return absl::StrCat("LOCK TABLE ",
                          absl::StrJoin(slice, ", ",
                                        [](std::string* out, const Leaf& leaf) {
                                          absl::StrAppend(out, "ONLY ", leaf.name);
                                        }),
                          " IN ACCESS SHARE MODE;");
    case Access::By::kPartitions:
    case Access::By::kPartitionKeys:
      return absl::StrCat("LOCK TABLE ", table, " IN ACCESS SHARE MODE;");
    case Access::By::kUnlockable:
      return absl::StrCat("SELECT FROM ", table, " LIMIT 0;");
    default:
      return absl::StrCat("LOCK TABLE ONLY ", table, " IN ACCESS SHARE MODE;");
  }
}

std::string LookSql(int server_version, const ReadAssignment& assignment, const Access& access) {
  return absl::StrCat(
      "SELECT pg_current_snapshot()::text, ", kLifeSql,
      ", CASE WHEN pg_is_in_recovery() THEN '0' "
      "ELSE (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text END, "
      "c.oid, ",
      access.by == Access::By::kLeaves
          ? absl::StrCat("coalesce(md5(", LeafFilesSql("c.oid"), "), '')")
          : "coalesce(pg_relation_filenode(c.oid), 0)::text",
      ", a.attname, a.atttypid, a.atttypmod, a.attnum, ",
      access.by_keys()
          ? KeyOrderSql(server_version, absl::StrCat(access.oid), KeyNumbersSql(access))
          : "''",
      " "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
      "WHERE n.nspname = ",
      Literal(assignment.schema()), " AND c.relname = ", Literal(assignment.table()));
}

absl::Status Gone(const std::string& doing) {
  return absl::NotFoundError(absl::StrCat(
      doing, ": it is gone, or another table has its name now; the next sync looks again"));
}

}  // namespace

absl::StatusOr<SliceView> LockAndLook(Session& session, const ReadAssignment& assignment,
                                      const Access& access, const Leaves& leaves,
                                      const std::vector<Leaf>& slice) {
  const std::string table = Quoted(assignment.schema(), assignment.table());
  const std::string doing = absl::StrCat("read table ", table);
  const auto rows =
      session.Query(absl::StrCat(LockSql(table, access.by, slice),
                                 LookSql(session.server_version(), assignment, access)),
                    doing);
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0 || rows->number(0, 3) != access.oid) return Gone(doing);
  if (access.by == Access::By::kLeaves && rows->at(0, 4) != leaves.files) {
    return absl::UnavailableError(
        absl::StrCat(doing, ": its partitions change; it is tried again"));
  }
  if (access.by_keys() && rows->at(0, 9) != access.order) {
    return absl::NotFoundError(absl::StrCat(
        doing,
        ": what its key's order rests on (a collation's version) has changed since the "
        "catalog was read; the next sync copies it again"));
  }
  auto snapshot = ParseSnapshot(rows->at(0, 0));
  if (!snapshot.ok()) return snapshot.status();
  SliceView view;
  SeenTransactions& seen = *view.opened.mutable_snapshot();
  seen.set_all_before(snapshot->all_before);
  seen.set_none_from(snapshot->none_from);
  seen.mutable_except()->Add(snapshot->except.begin(), snapshot->except.end());
  view.opened.set_life(rows->text(0, 1));
  view.opened.mutable_bound()->set_commit(static_cast<std::uint64_t>(rows->number(0, 2)));
  if (access.by_keys()) {
    view.opened.set_may_differ(true);
  } else {
    view.opened.set_content(absl::StrCat("file ", rows->text(0, 4)));
  }
  for (int row = 0; row < rows->size(); ++row) {
    view.columns[rows->text(row, 5)] = {.type = static_cast<std::uint32_t>(rows->number(row, 6)),
                                        .typmod = static_cast<std::int32_t>(rows->number(row, 7)),
                                        .number = static_cast<std::uint32_t>(rows->number(row, 8))};
  }
  return view;
}

}  // namespace tributary::postgresql
