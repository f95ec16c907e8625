// The publication: which tables' changes the server puts into the log for us. Ours is made
// for tables that can be followed without harm to the application: never FOR ALL TABLES, and
// never with a table whose rows the log cannot name, as the application's own UPDATE and
// DELETE would fail there.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_PUBLICATION_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_PUBLICATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// For queries in which `c` is pg_class: joins that add the publication and its entry of the table.
std::string PublicationJoinSql(int server_version, const std::string& publication);
// What ContentSql needs beside them; no table gets a second row by these.
extern const char kContentJoinSql[];
// Expressions over these joins.
// How the table is in the publication; '' where it is not, with " in part" at the end where a row
// filter or a column list holds something back.
std::string PublicationEntrySql(int server_version);
// What the log does not tell of a table, so that where it changed the table is copied again: a
// rewrite, another primary key or replica identity, out of the publication (or its schema) and
// back, other partitions, a partition that was detached and attached again. Where the values that
// TOAST holds keep their table, rows were not rewritten, whatever became of the table's own file; a
// table without has only its file to be known by. A partition is always known by its file, as the
// log does not tell where one alone is truncated.
std::string ContentSql(int server_version);

struct PublishedTable {
  std::uint32_t oid = 0;
  std::string schema;
  std::string table;
};
// Makes the publication where there is none, and adds what it lacks of these tables. Before
// the slot is made, as a slot knows no younger publication. Tables that are gone, or whose names
// belong to other tables now, are skipped. FAILED_PRECONDITION, with the SQL that mends it, where
// the role may not.
absl::Status PreparePublication(Session& session, const std::string& name,
                                const std::vector<PublishedTable>& tables);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOG_PUBLICATION_H_
