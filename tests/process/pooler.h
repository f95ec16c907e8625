// pgbouncer in front of a test's server, in transaction pooling mode: each transaction may use
// another session of the server. It listens on a free port, runs as the servers' user, and ends
// with the object.
//
// `make build_tests` fetches the program.
#ifndef TRIBUTARY_TESTS_PROCESS_POOLER_H_
#define TRIBUTARY_TESTS_PROCESS_POOLER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/process/postgres_server.h"

namespace tributary::tests {

class Pooler {
 public:
  // Accepts `users` without a password. FAILED_PRECONDITION: the program is missing.
  static absl::StatusOr<std::unique_ptr<Pooler>> Make(const PostgresServer& server,
                                                      const std::vector<std::string>& users);

  // On PostgresServer::kHost.
  std::uint16_t port() const { return port_; }
  std::string log() const { return process_->Errors(); }
  // Connects as an application does.
  absl::StatusOr<std::unique_ptr<PostgresSession>> Connect(const std::string& database,
                                                           const std::string& user) const;

 private:
  Pooler() = default;

  TempDir dir_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_POOLER_H_
