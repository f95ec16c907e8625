#include "worker/sources/postgresql/catalog_query.h"

#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "worker/sources/postgresql/added_columns.h"
#include "worker/sources/postgresql/key_order.h"
#include "worker/sources/postgresql/log_publication.h"

namespace tributary::postgresql {
namespace {

// Tables of all kinds whose rows are a source's own; partitions are read with their root.
constexpr char kOurTables[] =
    "c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't' "
    "AND NOT starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema'";

// Only a table's owner and grants decide what the role may do with it, and thousands of tables have
// a few combinations of these. Asked for each table, it would be half of the catalog's time.
constexpr char kRightsSql[] =
    "rights AS (SELECT c.relowner, coalesce(c.relacl::text, '') AS grants, "
    "has_table_privilege(min(c.oid), 'SELECT') AS readable, "
    "pg_has_role(c.relowner, 'USAGE') AS owned FROM pg_class c "
    "WHERE c.relkind IN ('r', 'p', 'm', 'f') GROUP BY 1, 2) ";

// The columns of an index that are its key, in its order.
std::string IndexKeySql(const std::string& index) {
  return absl::StrCat("array_to_string((", index, ".indkey::int2[])[0:", index,
                      ".indnkeyatts - 1], ' ')");
}

// Of a table without a primary key, the oldest index whose columns tell its rows apart.
std::string UniqueIndexSql() {
  return absl::StrCat(
      "(SELECT ", IndexKeySql("i"),
      " AS key FROM pg_index i WHERE i.indrelid = c.oid AND k.indrelid IS NULL AND i.indisunique "
      "AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL "
      "AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attnotnull "
      "AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) "
      "ORDER BY i.indexrelid LIMIT 1)");
}

}  // namespace

// A partitioned table's pages are those of its leaves; pg_partition_tree would lock them.
std::string TablesSql(int server_version, const std::string& publication) {
  return absl::StrCat(
      "WITH RECURSIVE leaf AS ("
      "SELECT i.inhparent AS root, i.inhrelid AS oid FROM pg_inherits i "
      "JOIN pg_class r ON r.oid = i.inhparent AND r.relkind = 'p' AND NOT r.relispartition "
      "UNION ALL SELECT l.root, i.inhrelid FROM leaf l JOIN pg_inherits i ON i.inhparent = l.oid), "
      "pages AS (SELECT l.root, sum(greatest(c.relpages, 0)) AS pages, "
      "bool_and(c.relkind = 'p' OR c.relkind = 'r' AND m.amname = 'heap' "
      "AND has_schema_privilege(c.relnamespace, 'USAGE') "
      "AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)) AS readable, "
      "bool_and(c.relkind = 'p' OR c.relpersistence = 'p' AND c.relreplident = r.relreplident) "
      "AS logged FROM leaf l JOIN pg_class c ON c.oid = l.oid "
      "JOIN pg_class r ON r.oid = l.root LEFT JOIN pg_am m ON m.oid = c.relam "
      "GROUP BY l.root), ",
      // One look at all columns instead of one for each key.
      "generated AS (SELECT a.attrelid, array_agg(a.attnum) AS columns FROM pg_attribute a "
      "WHERE a.attnum > 0 AND a.attgenerated <> '' GROUP BY 1), ",
      kRightsSql,
      "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relfilenode, c.relpersistence, "
      "c.relreplident, "
      "coalesce(g.pages, greatest(c.relpages, 0)), "
      "has_schema_privilege(n.oid, 'USAGE'), "
      // Null if the table that was asked for all with its grants was dropped meanwhile.
      "coalesce(h.readable, has_table_privilege(c.oid, 'SELECT')), "
      "c.relrowsecurity AND row_security_active(c.oid), c.relispopulated, "
      "coalesce(g.logged, true), "
      "coalesce(CASE WHEN c.relkind = 'p' THEN g.readable ELSE m.amname = 'heap' END, false), "
      "x.primary_key, coalesce(k.indimmediate, false), x.identity, "
      "NOT coalesce(o.columns && CASE WHEN r.indkey IS NULL "
      "THEN (k.indkey::int2[])[0:k.indnkeyatts - 1] "
      "ELSE (r.indkey::int2[])[0:r.indnkeyatts - 1] END, false), x.other, ",
      PublicationEntrySql(server_version), ", ", ContentSql(server_version),
      ", h.owned AND CASE WHEN p.oid IS NULL "
      "THEN has_database_privilege(current_database(), 'CREATE') "
      "ELSE NOT p.puballtables AND pg_has_role(p.pubowner, 'USAGE') END "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "LEFT JOIN rights h ON h.relowner = c.relowner "
      "AND h.grants = coalesce(c.relacl::text, '') LEFT JOIN pages g ON g.root = c.oid "
      "LEFT JOIN generated o ON o.attrelid = c.oid LEFT JOIN pg_am m ON m.oid = c.relam "
      "LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary AND k.indisvalid "
      "LEFT JOIN pg_index r ON r.indrelid = c.oid AND r.indisreplident AND r.indisvalid "
      "AND c.relreplident = 'i' LEFT JOIN LATERAL ",
      UniqueIndexSql(), " u ON true CROSS JOIN LATERAL (SELECT ", IndexKeySql("k"),
      " AS primary_key, ", IndexKeySql("r"), " AS identity, u.key AS other) x",
      PublicationJoinSql(server_version, publication), kContentJoinSql, " WHERE ", kOurTables,
      " ORDER BY n.nspname, c.relname");
}

std::string OrdersSql(int server_version, const std::vector<TableKey>& keys) {
  const std::string values = absl::StrJoin(keys, ",", [](std::string* out, const TableKey& key) {
    absl::StrAppend(out, "(", key.oid, ",'{", absl::StrJoin(key.columns, ","), "}'::int2[])");
  });
  return absl::StrCat(
      "SELECT k.oid, o.text FROM (VALUES ", values, ") k(oid, columns) CROSS JOIN LATERAL (SELECT ",
      KeyOrderSql(server_version, "k.oid", "k.columns"), " AS text) o WHERE o.text IS NOT NULL");
}

std::string ColumnsSql() {
  return absl::StrCat(
      "SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, ", kNullBeforeSql,
      " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
      "JOIN pg_attribute a ON a.attrelid = c.oid WHERE a.attnum > 0 AND NOT a.attisdropped AND ",
      kOurTables);
}

bool MayHaveLog(const Rows& rows, int row) {
  const std::string_view kind = rows.at(row, kKind);
  if ((kind != "r" && kind != "p") || rows.at(row, kPersistence) != "p" ||
      !rows.truth(row, kLeavesLogged) || !rows.truth(row, kKeyLogged)) {
    return false;
  }
  const std::string_view identity = rows.at(row, kIdentity);
  if (identity == "i") return !rows.null(row, kIdentityIndex);
  if (rows.null(row, kKey)) return false;
  return identity == "f" || (identity == "d" && rows.truth(row, kKeyImmediate));
}

bool InPart(const Rows& rows, int row) {
  constexpr std::string_view kInPart = " in part";
  const std::string_view entry = rows.at(row, kEntry);
  return entry.size() > kInPart.size() && entry.substr(entry.size() - kInPart.size()) == kInPart;
}

bool HasLog(const Rows& rows, int row, bool follows) {
  if (!follows || !MayHaveLog(rows, row)) return false;
  return rows.at(row, kEntry).empty() ? rows.truth(row, kMayAdd) : !InPart(rows, row);
}

bool IsTable(const Rows& rows, int row) {
  return rows.at(row, kKind) == "r" || rows.at(row, kKind) == "p";
}

Access::By HowToRead(const Rows& rows, int row, bool has_log, bool ordered) {
  if (!IsTable(rows, row)) return Access::By::kUnlockable;
  const bool partitioned = rows.at(row, kKind) == "p";
  // Rows move between blocks while slices are read. Where the log does not tell of that, only
  // a slice by the key has them all, or one snapshot.
  if (has_log && rows.truth(row, kHasBlocks)) {
    return partitioned ? Access::By::kLeaves : Access::By::kBlocks;
  }
  if (!has_log && ordered) {
    return partitioned ? Access::By::kPartitionKeys : Access::By::kKeys;
  }
  return partitioned ? Access::By::kPartitions : Access::By::kWhole;
}

std::vector<std::uint32_t> KeyOf(const Rows& rows, int row) {
  const int column = !rows.null(row, kIdentityIndex) ? kIdentityIndex
                     : !rows.null(row, kKey)         ? kKey
                                                     : kUniqueIndex;
  std::vector<std::uint32_t> numbers;
  const std::string text = rows.text(row, column);
  for (const absl::string_view part : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    std::uint32_t number = 0;
    if (absl::SimpleAtoi(part, &number)) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace tributary::postgresql
