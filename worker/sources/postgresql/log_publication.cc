#include "worker/sources/postgresql/log_publication.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

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
// What AddSql fails with, on purpose, if the names belong to other tables now.
constexpr std::string_view kDivisionByZero = "22012";
// Other sessions may drop and make tables meanwhile.
constexpr int kMostAttempts = 5;

std::string NamesOf(const std::vector<const PublishedTable*>& tables) {
  return absl::StrJoin(tables, ", ", [](std::string* out, const PublishedTable* table) {
    absl::StrAppend(out, "ONLY ", Quoted(table->schema, table->table));
  });
}

// Whether what a statement names was dropped, replaced or added by another session before it.
bool IsOutdated(const absl::Status& status) {
  constexpr std::string_view kStates[] = {"42P01", "3F000", "42710", kDivisionByZero};
  return std::find(std::begin(kStates), std::end(kStates), SqlStateOf(status)) != std::end(kStates);
}

// Runs `sql` and says on failure what a user may run instead. ABORTED: look again.
absl::Status Change(Session& session, const std::string& sql, const std::string& shown) {
  const absl::Status status = session.Query(sql, "prepare the publication").status();
  if (status.ok() || absl::IsUnavailable(status)) return status;
  if (IsOutdated(status)) return absl::AbortedError(status.message());
  return absl::FailedPreconditionError(
      absl::StrCat(status.message(), ". Have the tables' owner or a superuser run: ", shown));
}

// Those of the tables that exist under their names and are not in the publication.
absl::StatusOr<std::vector<const PublishedTable*>> Missing(
    Session& session, const std::string& name, const std::vector<PublishedTable>& tables) {
  const auto rows =
      session.Query(absl::StrCat("SELECT c.oid, n.nspname, c.relname FROM pg_class c "
                                 "JOIN pg_namespace n ON n.oid = c.relnamespace",
                                 PublicationJoinSql(session.server_version(), name), " WHERE ",
                                 PublicationEntrySql(session.server_version()),
                                 " = '' AND c.relkind IN ('r', 'p')"),
                    kDoing);
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::int64_t, int> outside;
  for (int row = 0; row < rows->size(); ++row) outside[rows->number(row, 0)] = row;
  std::vector<const PublishedTable*> missing;
  for (const PublishedTable& table : tables) {
    const auto found = outside.find(table.oid);
    if (found != outside.end() && rows->at(found->second, 1) == table.schema &&
        rows->at(found->second, 2) == table.table) {
      missing.push_back(&table);
    }
  }
  return missing;
}

// A name may be another table's by now, and that may be one whose rows the log cannot identify. So
// the statement is undone if it has not added these tables.
std::string AddSql(const std::string& name, const std::vector<const PublishedTable*>& tables) {
  return absl::StrCat("ALTER PUBLICATION ", Quoted(name), " ADD TABLE ", NamesOf(tables),
                      "; SELECT 1 / (count(*) = ", tables.size(),
                      ")::int FROM pg_publication_rel e JOIN pg_publication p ON p.oid = e.prpubid "
                      "WHERE p.pubname = ",
                      Literal(name), " AND e.prrelid IN (",
                      absl::StrJoin(tables, ",",
                                    [](std::string* out, const PublishedTable* table) {
                                      absl::StrAppend(out, table->oid);
                                    }),
                      ")");
}

absl::Status AddMissing(Session& session, const std::string& name,
                        const std::vector<PublishedTable>& tables) {
  const auto missing = Missing(session, name, tables);
  if (!missing.ok()) return missing.status();
  for (std::size_t at = 0; at < missing->size(); at += kTablesInStatement) {
    const auto begin = missing->begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(kTablesInStatement, missing->size() - at);
    const std::vector<const PublishedTable*> some(begin,
                                                  begin + static_cast<std::ptrdiff_t>(count));
    const std::vector<const PublishedTable*> named(
        begin, begin + static_cast<std::ptrdiff_t>(std::min(count, kTablesInText)));
    const absl::Status added =
        Change(session, AddSql(name, some),
               absl::StrCat("ALTER PUBLICATION ", Quoted(name), " ADD TABLE ", NamesOf(named),
                            count > kTablesInText ? " and the other tables" : ""));
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

}  // namespace

std::string PublicationJoinSql(int server_version, const std::string& publication) {
  return absl::StrCat(" LEFT JOIN pg_publication p ON p.pubname = ", Literal(publication),
                      " LEFT JOIN pg_publication_rel e ON e.prpubid = p.oid AND e.prrelid = c.oid",
                      server_version >= kPartsVersion
                          ? " LEFT JOIN pg_publication_namespace s "
                            "ON s.pnpubid = p.oid AND s.pnnspid = c.relnamespace"
                          : "");
}

std::string PublicationEntrySql(int server_version) {
  const bool parts = server_version >= kPartsVersion;
  return absl::StrCat(
      "CASE WHEN p.oid IS NULL THEN '' WHEN p.puballtables THEN 'all ' || p.oid ELSE coalesce("
      "'table ' || e.oid",
      parts ? " || CASE WHEN e.prqual IS NULL AND e.prattrs IS NULL THEN '' ELSE ' in part' END, "
              "'schema ' || s.oid || ' ' || (SELECT d.xmin::text FROM pg_depend d WHERE d.objid = "
              "c.oid "
              "AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_namespace'::regclass "
              "LIMIT 1)"
            : "",
      ", '') END");
}

// Joins take half of the time that a query for each table would.
const char kContentJoinSql[] =
    " LEFT JOIN pg_constraint primary_key ON primary_key.conrelid = c.oid "
    "AND primary_key.contype = 'p' "
    "LEFT JOIN pg_index replica_identity ON replica_identity.indrelid = c.oid "
    "AND replica_identity.indisreplident";

std::string ContentSql(int server_version) {
  return absl::StrCat(
      // 60 bits, and short: each table's is in each state.
      "left(encode(decode(md5(concat_ws(' ', c.oid, CASE WHEN c.reltoastrelid <> 0 "
      "THEN 'toast ' || c.reltoastrelid ELSE 'file ' || pg_relation_filenode(c.oid) END, "
      "c.relreplident, "
      "primary_key.oid, replica_identity.indexrelid, "
      // Changes may have been left out between two changes of what is published.
      "p.xmin, ",
      PublicationEntrySql(server_version), ", CASE WHEN c.relkind = 'p' THEN ",
      LeafFilesSql("c.oid"), " END)), 'hex'), 'base64'), 10)");
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
  absl::Status added;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    added = AddMissing(session, name, tables);
    if (!absl::IsAborted(added)) return added;
  }
  return absl::UnavailableError(absl::StrCat(
      added.message(),
      "; other sessions drop and make tables at the same time; the next sync tries it again"));
}

}  // namespace tributary::postgresql
