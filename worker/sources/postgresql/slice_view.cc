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

// Of the transaction: a position after everything that it sees, and whether the log is on the disk
// up to there.
constexpr char kBoundSql[] =
    "CASE WHEN pg_is_in_recovery() THEN '0' "
    "ELSE (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text END";
constexpr char kFlushedSql[] =
    "pg_is_in_recovery() OR pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()";

// What both queries select, in this order; one row for each column of a table.
enum LookColumn {
  kSnapshot,
  kLife,
  kBound,
  // The name is still the table's.
  kSameTable,
  kFile,
  kName,
  kType,
  kTypmod,
  kNumber,
  kKeyOrder,
  kProcess,
  kGenerated,
  kTableBytes,
  kFlushed,
  // Of several tables.
  kPlace
};

// By the OID and without a join: of a small table a query is planned for longer than its rows are
// read. regclass prints a name with its schema, as search_path is empty.
std::string LookSql(int server_version, const ReadAssignment& assignment, const Access& access,
                    bool asks_life) {
  const std::string oid = absl::StrCat(access.oid);
  return absl::StrCat(
      "SELECT pg_current_snapshot()::text, ", asks_life ? kLifeSql : "''", ", ", kBoundSql, ", ",
      oid, "::regclass::text = quote_ident(", Literal(assignment.schema()),
      ") || '.' || quote_ident(", Literal(assignment.table()), "), ",
      access.by == Access::By::kLeaves
          ? absl::StrCat("coalesce(md5(", LeafFilesSql(oid), "), '')")
          : absl::StrCat("coalesce(pg_relation_filenode(", oid, "), 0)::text"),
      ", attname, atttypid, atttypmod, attnum, ",
      access.by_keys() ? KeyOrderSql(server_version, oid, KeyNumbersSql(access)) : "''",
      ", pg_backend_pid(), attgenerated <> '', ",
      // Once, and not for each column.
      IsWholeTable(assignment, access) ? absl::StrCat("(SELECT pg_relation_size(", oid, "))") : "0",
      ", ", kFlushedSql, ", 0 FROM pg_attribute WHERE attrelid = ", oid,
      " AND attnum > 0 AND NOT attisdropped");
}

std::string LookAtAllSql(const std::vector<const ReadAssignment*>& tables,
                         const std::vector<Access>& accesses, bool asks_life) {
  std::string values;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    absl::StrAppend(&values, i == 0 ? "(" : ",(", i, ",", accesses[i].oid, "::oid,",
                    Literal(tables[i]->schema()), ",", Literal(tables[i]->table()), ")");
  }
  // OFFSET keeps what is computed for a table from being computed for each column.
  return absl::StrCat(
      "SELECT (SELECT pg_current_snapshot()::text), ",
      asks_life ? absl::StrCat("(SELECT ", kLifeSql, ")") : "''", ", (SELECT ", kBoundSql,
      "), t.same, t.file, attname, atttypid, atttypmod, attnum, '', (SELECT pg_backend_pid()), "
      "attgenerated <> '', t.bytes + CASE WHEN t.toast > ",
      kSmallTableBytes, " THEN t.toast ELSE 0 END, (SELECT ", kFlushedSql,
      "), t.place FROM (SELECT v.place, v.oid, v.oid::regclass::text = quote_ident(v.schema) || "
      "'.' || quote_ident(v.name) AS same, coalesce(pg_relation_filenode(v.oid), 0)::text AS "
      "file, pg_relation_size(v.oid) AS bytes, (SELECT ",
      kToastBytesSql, " FROM pg_class c WHERE c.oid = v.oid) AS toast FROM (VALUES ", values,
      ") v(place, oid, schema, name) OFFSET 0) t JOIN pg_attribute ON attrelid = t.oid "
      "AND attnum > 0 AND NOT attisdropped ORDER BY t.place");
}

// The life of the server that the first row is of. It is remembered for the process that serves the
// session. UNAVAILABLE: a pooler has given the session another process.
absl::StatusOr<std::string> LifeOf(const Session& session, const Rows& rows, bool asks_life,
                                   KnownLife& life, absl::string_view doing) {
  const std::int64_t process = rows.number(0, kProcess);
  if (asks_life) {
    life.Learn(session, process, rows.at(0, kLife));
    return rows.text(0, kLife);
  }
  std::string known(life.Of(session));
  if (process == session.process() && !known.empty()) return known;
  life.Forget();
  return absl::UnavailableError(
      absl::StrCat(doing, ": another process of the server serves it; it is tried again"));
}

// Of one table: these rows, its columns.
absl::StatusOr<SliceView> ViewOf(const Rows& rows, int first, int end, std::string life,
                                 bool by_keys) {
  auto snapshot = ParseSnapshot(rows.at(first, kSnapshot));
  if (!snapshot.ok()) return snapshot.status();
  SliceView view;
  SetSeen(*snapshot, *view.opened.mutable_snapshot());
  view.snapshot_text = absl::StrCat(life, " ", rows.text(first, kSnapshot));
  view.opened.set_life(std::move(life));
  view.opened.mutable_bound()->set_commit(static_cast<std::uint64_t>(rows.number(first, kBound)));
  if (by_keys) {
    view.opened.set_may_differ(true);
  } else {
    view.opened.set_content(absl::StrCat("file ", rows.text(first, kFile)));
  }
  view.bytes = static_cast<std::uint64_t>(rows.number(first, kTableBytes));
  view.is_flushed = rows.truth(first, kFlushed);
  for (int row = first; row < end; ++row) {
    view.columns[rows.text(row, kName)] = {
        .type = static_cast<std::uint32_t>(rows.number(row, kType)),
        .typmod = static_cast<std::int32_t>(rows.number(row, kTypmod)),
        .number = static_cast<std::uint32_t>(rows.number(row, kNumber)),
        .generated = rows.truth(row, kGenerated)};
  }
  return view;
}

absl::Status Gone(const std::string& doing) {
  return absl::NotFoundError(absl::StrCat(
      doing, ": it is gone, or another table has its name now; the next sync looks again"));
}

}  // namespace

bool IsWholeTable(const ReadAssignment& assignment, const Access& access) {
  return access.by == Access::By::kBlocks && assignment.range().from().empty() &&
         assignment.range().to().empty();
}

void KnownLife::Learn(const Session& session, std::int64_t process, std::string_view life) {
  connection_ = process == session.process() ? session.connection_number() : 0;
  life_ = life;
}

absl::StatusOr<SliceView> LockAndLook(Session& session, const ReadAssignment& assignment,
                                      const Access& access, const Leaves& leaves,
                                      const std::vector<Leaf>& slice, KnownLife& life) {
  const std::string table = Quoted(assignment.schema(), assignment.table());
  const std::string doing = absl::StrCat("read table ", table);
  const auto isolation = access.by == Access::By::kUnlockable ? Session::Isolation::kReadCommitted
                                                              : Session::Isolation::kRepeatableRead;
  // What is asked depends on the server.
  if (const absl::Status opened = session.Open(); !opened.ok()) return opened;
  const bool asks_life = life.Of(session).empty();
  const auto rows = session.BeginWith(
      isolation,
      absl::StrCat(LockSql(table, access.by, slice),
                   LookSql(session.server_version(), assignment, access, asks_life)),
      doing);
  if (!rows.ok()) return rows.status();
  if (rows->size() == 0 || !rows->truth(0, kSameTable)) return Gone(doing);
  auto lives = LifeOf(session, *rows, asks_life, life, doing);
  if (!lives.ok()) return lives.status();
  if (access.by == Access::By::kLeaves && rows->at(0, kFile) != leaves.files) {
    return absl::UnavailableError(
        absl::StrCat(doing, ": its partitions change; it is tried again"));
  }
  if (access.by_keys() && rows->at(0, kKeyOrder) != access.order) {
    return absl::NotFoundError(absl::StrCat(
        doing,
        ": what its key's order rests on (a collation's version) has changed since the "
        "catalog was read; the next sync copies it again"));
  }
  return ViewOf(*rows, 0, rows->size(), *std::move(lives), access.by_keys());
}

absl::StatusOr<std::vector<std::optional<SliceView>>> LockAndLookAtAll(
    Session& session, const std::vector<const ReadAssignment*>& tables,
    const std::vector<Access>& accesses, KnownLife& life) {
  constexpr char kDoing[] = "read small tables";
  if (const absl::Status opened = session.Open(); !opened.ok()) return opened;
  const bool asks_life = life.Of(session).empty();
  const std::string names =
      absl::StrJoin(tables, ", ", [](std::string* out, const ReadAssignment* table) {
        absl::StrAppend(out, "ONLY ", Quoted(table->schema(), table->table()));
      });
  const auto rows =
      session.BeginWith(Session::Isolation::kRepeatableRead,
                        absl::StrCat("LOCK TABLE ", names, " IN ACCESS SHARE MODE NOWAIT;",
                                     LookAtAllSql(tables, accesses, asks_life)),
                        kDoing);
  if (!rows.ok()) return rows.status();
  std::vector<std::optional<SliceView>> views(tables.size());
  if (rows->size() == 0) return views;
  const auto lives = LifeOf(session, *rows, asks_life, life, kDoing);
  if (!lives.ok()) return lives.status();
  for (int row = 0; row < rows->size();) {
    const std::int64_t place = rows->number(row, kPlace);
    int end = row;
    while (end < rows->size() && rows->number(end, kPlace) == place) ++end;
    if (rows->truth(row, kSameTable)) {
      auto view = ViewOf(*rows, row, end, *lives, /*by_keys=*/false);
      if (!view.ok()) return view.status();
      views[static_cast<std::size_t>(place)] = *std::move(view);
    }
    row = end;
  }
  return views;
}

}  // namespace tributary::postgresql
