#include "worker/sources/postgresql/leaves.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql {

std::vector<Leaf> Leaves::Within(const Places& places) const {
  std::vector<Leaf> within;
  std::copy_if(list.begin(), list.end(), std::back_inserter(within), [&places](const Leaf& leaf) {
    return leaf.oid >= places.from.leaf && Place{.leaf = leaf.oid} < places.to;
  });
  return within;
}

std::string LeavesSql(const std::string& root) {
  return absl::StrCat(
      "(WITH RECURSIVE below(oid) AS (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = ",
      root,
      " UNION ALL SELECT i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.oid) "
      "SELECT b.oid, r.relreplident AS identity FROM below b JOIN pg_class r ON r.oid = b.oid AND "
      "r.relkind <> 'p')");
}

std::string LeafFilesSql(const std::string& root) {
  return absl::StrCat(
      "(SELECT string_agg(l.oid || ' ' || coalesce(pg_relation_filenode(l.oid), 0) || ' ' || "
      "l.identity::text || ' ' || "
      // What was changed between a DETACH and the ATTACH after it is not in the root's log.
      "(SELECT string_agg(i.xmin::text, ' ' ORDER BY i.inhrelid) FROM "
      "pg_partition_ancestors(l.oid) a JOIN pg_inherits i ON i.inhrelid = a.relid), ',' "
      "ORDER BY l.oid) FROM ",
      LeavesSql(root), " l)");
}

absl::StatusOr<Leaves> AskLeaves(Session& session, std::uint32_t root) {
  const absl::Status begun = session.Begin();
  if (!begun.ok()) return begun;
  const std::string oid = absl::StrCat(root);
  const auto rows = session.Query(
      absl::StrCat("SELECT c.oid, n.nspname, c.relname, coalesce(md5(", LeafFilesSql(oid),
                   "), '') FROM ", LeavesSql(oid),
                   " l JOIN pg_class c ON c.oid = l.oid JOIN pg_namespace n ON n.oid = "
                   "c.relnamespace ORDER BY c.oid"),
      "look for the partitions of a table");
  session.End();
  if (!rows.ok()) return rows.status();
  Leaves leaves;
  for (int row = 0; row < rows->size(); ++row) {
    leaves.list.push_back({.oid = static_cast<std::uint32_t>(rows->number(row, 0)),
                           .name = Quoted(rows->at(row, 1), rows->at(row, 2))});
    leaves.files = rows->text(row, 3);
  }
  return leaves;
}

}  // namespace tributary::postgresql
