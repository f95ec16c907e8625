// Tests what following the log needs of a server.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_FOLLOWING_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_FOLLOWING_H_

#include <chrono>

#include "absl/status/status.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/setup.h"

namespace tributary::postgresql {

// The setup test "follow": checks settings and the publication with `session`, then opens a
// replication connection. Creates nothing. FAILED_PRECONDITION: names each thing that is missing,
// with the SQL or the setting that fixes it.
absl::Status TryFollowing(Session& session, const PreparedLogin& login, const Settings& settings,
                          Pulse& pulse, std::chrono::milliseconds patience);

// FAILED_PRECONDITION where the server is a standby: it takes no publication, and no slot of this
// kind before PostgreSQL 16. Else errors as Session::Query's.
absl::Status RefuseStandby(Session& session);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_FOLLOWING_H_
