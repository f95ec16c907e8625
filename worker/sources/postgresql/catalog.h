// The tables, columns, types and keys that a database has now, in a constant number of
// queries, none of which waits for a lock.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_H_

#include "absl/status/status.h"
#include "proto/worker.pb.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/setup.h"
#include "worker/sources/postgresql/type_lookup.h"

namespace tributary::postgresql {

// Within a transaction of `session`. A table has a log where the log is followed and the
// publication has the table whole, or the role may add it; the others are compared. What cannot
// be read or followed, and why, is in the catalog's remarks. Errors as Session::Query's.
absl::Status ReadCatalog(Session& session, TypeLookup& types, const Settings& settings,
                         Catalog& catalog);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_CATALOG_H_
