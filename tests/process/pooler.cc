#include "tests/process/pooler.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/process/processes.h"

namespace tributary::tests {
namespace {

// For each database and user; other clients wait.
constexpr int kServerSessions = 8;

}  // namespace

absl::StatusOr<std::unique_ptr<Pooler>> Pooler::Make(const PostgresServer& server,
                                                     const std::vector<std::string>& users) {
  if (::access(PGBOUNCER_PROGRAM, X_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("run pgbouncer: there is no ", PGBOUNCER_PROGRAM, "; run make build_tests"));
  }
  std::unique_ptr<Pooler> pooler(new Pooler);
  pooler->port_ = FreePort();
  const std::string configuration = pooler->dir_ / "pgbouncer.ini";
  const std::string names = pooler->dir_ / "users";
  std::ofstream list(names);
  for (const std::string& user : users) list << '"' << user << "\" \"\"\n";
  list.close();
  // Round robin, so that a client's transactions really use different sessions.
  std::ofstream(configuration) << "[databases]\n* = host=" << PostgresServer::kHost
                               << " port=" << server.port()
                               << "\n[pgbouncer]\nlisten_addr = " << PostgresServer::kHost
                               << "\nlisten_port = " << pooler->port_
                               << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << names
                               << "\npool_mode = transaction\ndefault_pool_size = "
                               << kServerSessions
                               << "\nserver_round_robin = 1\nlogfile =\npidfile =\n";
  absl::Status given = GiveToServersUser(pooler->dir_.path());
  given.Update(GiveToServersUser(configuration));
  given.Update(GiveToServersUser(names));
  if (!given.ok()) return given;
  auto process = ChildProcess::Start(AsServersUser(PGBOUNCER_PROGRAM, {configuration}));
  if (!process.ok()) return process.status();
  pooler->process_ = *std::move(process);
  const bool settled = Eventually([&] {
    return !pooler->process_->running() ||
           pooler->Connect(PostgresServer::kDatabase, users.front()).ok();
  });
  if (settled && pooler->process_->running()) return pooler;
  return absl::UnavailableError(
      absl::StrCat("start pgbouncer: it does not serve: ", pooler->log()));
}

absl::StatusOr<std::unique_ptr<PostgresSession>> Pooler::Connect(const std::string& database,
                                                                 const std::string& user) const {
  return PostgresSession::Connect(port_, database, user);
}

}  // namespace tributary::tests
