// pgbouncer in front of a test's server, in transaction pooling mode: each transaction may get
// another session of the server. On a free port, as the servers' user; it ends with the object.
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
  // Lets `users` in without a password. FAILED_PRECONDITION: the program is not there.
  static absl::StatusOr<std::unique_ptr<Pooler>> Make(const PostgresServer& server,
                                                      const std::vector<std::string>& users);

  // On PostgresServer::kHost.
  std::uint16_t port() const { return port_; }
  std::string log() const { return process_->Errors(); }
  // As an application connects.
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
