#include "worker/sources/postgresql/log_publication.h"

#include <algorithm>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/sources/postgresql/leaves.h"
#include "worker/sources/postgresql/server_error.h"

namespace tributary::postgresql {
namespace {

constexpr char kDoing[] = "look at the publication";
// From it on publications have schemas, row filters and column lists.
constexpr int kPartsVersion = 150000;
// Tables that one statement names, and that a text shows.
constexpr std::size_t kTablesInStatement = 500;
constexpr std::size_t kTablesInText = 5;

std::string NamesOf(const std::vector<const PublishedTable*>& tables) {
  return absl::StrJoin(tables, ", ", [](std::string* out, const PublishedTable* table) {
    absl::StrAppend(out, "ONLY ", Quoted(table->schema, table->table));
  });
}

// Runs `sql` and says on failure what a user may run instead.
absl::Status Change(Session& session, const std::string& sql, const std::string& shown) {
  const absl::Status status = session.Query(sql, "prepare the publication").status();
  if (status.ok() || absl::IsUnavailable(status)) return status;
  return absl::FailedPreconditionError(
      absl::StrCat(status.message(), ". Have the tables' owner or a superuser run: ", shown));
}

}  // namespace

std::string PublicationEntrySql(int server_version) {
  const bool parts = server_version >= kPartsVersion;
  return absl::StrCat(
      "CASE WHEN p.oid IS NULL THEN '' WHEN p.puballtables THEN 'all ' || p.oid ELSE coalesce("
      "(SELECT 'table ' || e.oid",
      parts ? " || CASE WHEN e.prqual IS NULL AND e.prattrs IS NULL THEN '' ELSE ' in part' END"
            : "",
      " FROM pg_publication_rel e WHERE e.prpubid = p.oid AND e.prrelid = c.oid)",
      parts ? ", (SELECT 'schema ' || s.oid FROM pg_publication_namespace s "
              "WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)"
            : "",
      ", '') END");
}

std::string ContentSql(int server_version) {
  return absl::StrCat(
      "left(md5(concat_ws(' ', c.oid, CASE WHEN c.reltoastrelid <> 0 "
      "THEN 'toast ' || c.reltoastrelid ELSE 'file ' || pg_relation_filenode(c.oid) END, "
      "c.relreplident, "
      "(SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident), ",
      PublicationEntrySql(server_version), ", CASE WHEN c.relkind = 'p' THEN ",
      LeafFilesSql("c.oid"), " END)), 16)");
}

absl::Status PreparePublication(Session& session, const std::string& name,
                                const std::vector<PublishedTable>& tables) {
  const auto rows = session.Query(
      absl::StrCat("SELECT oid, pubinsert AND pubupdate AND pubdelete AND pubtruncate "
                   "FROM pg_publication WHERE pubname = ",
                   Literal(name)),
      kDoing);
  if (!rows.ok()) return rows.status();
  const std::string quoted = Quoted(name);
  if (rows->size() == 0) {
    const std::string sql =
        absl::StrCat("CREATE PUBLICATION ", quoted, " WITH (publish_via_partition_root = true)");
    const absl::Status made = Change(session, sql, sql);
    if (!made.ok()) return made;
  } else if (!rows->truth(0, 1)) {
    return absl::FailedPreconditionError(
        absl::StrCat("follow the log: the publication ", quoted,
                     " leaves changes out. Have its owner run: ALTER PUBLICATION ", quoted,
                     " SET (publish = 'insert, update, delete, truncate')"));
  }
  std::unordered_set<std::int64_t> members;
  const auto entries = session.Query(
      absl::StrCat("SELECT c.oid FROM pg_class c JOIN pg_publication p ON p.pubname = ",
                   Literal(name), " WHERE ", PublicationEntrySql(session.server_version()),
                   " <> '' AND c.relkind IN ('r', 'p')"),
      kDoing);
  if (!entries.ok()) return entries.status();
  for (int row = 0; row < entries->size(); ++row) members.insert(entries->number(row, 0));
  std::vector<const PublishedTable*> missing;
  for (const PublishedTable& table : tables) {
    if (!members.contains(table.oid)) missing.push_back(&table);
  }
  for (std::size_t at = 0; at < missing.size(); at += kTablesInStatement) {
    const auto begin = missing.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(kTablesInStatement, missing.size() - at);
    const std::vector<const PublishedTable*> some(begin,
                                                  begin + static_cast<std::ptrdiff_t>(count));
    const std::vector<const PublishedTable*> named(
        begin, begin + static_cast<std::ptrdiff_t>(std::min(count, kTablesInText)));
    const std::string sql = absl::StrCat("ALTER PUBLICATION ", quoted, " ADD TABLE ");
    const absl::Status added = Change(
        session, sql + NamesOf(some),
        absl::StrCat(sql, NamesOf(named), count > kTablesInText ? " and the other tables" : ""));
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

}  // namespace tributary::postgresql
