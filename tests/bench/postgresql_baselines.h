// What syncs of PostgreSQL are measured against: the server's own programs, over TCP, doing
// the least of the same work. What fails ends the program.
#ifndef TRIBUTARY_TESTS_BENCH_POSTGRESQL_BASELINES_H_
#define TRIBUTARY_TESTS_BENCH_POSTGRESQL_BASELINES_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/measured_sync.h"
#include "tests/process/child_process.h"
#include "tests/process/postgres_server.h"

namespace tributary::bench {

// One psql session that runs the statements of a file and throws away what it gets.
BareCost RunPsql(const tests::PostgresServer& server, const std::string& script);

// pg_recvlogical with pgoutput in binary, from the slot's beginning to `end` of the log.
BareCost RunRecvlogical(const tests::PostgresServer& server, const std::string& slot,
                        const std::string& end);

// pg_dump of one table, thrown away.
BareCost RunDump(const tests::PostgresServer& server, const std::string& table);

// What applications are served meanwhile: pgbench with updates at a steady rate.
class Pgbench {
 public:
  struct Script {
    std::string sql;
    // How often, of the sum of all weights.
    int weight = 1;
  };
  // Runs for `seconds`; scripts and logs lie in `folder`.
  Pgbench(const tests::PostgresServer& server, const std::string& folder,
          const std::vector<Script>& scripts, int updates_per_second, int seconds);

  // As pgbench logs them, of the updates that ended within a span of the wall clock.
  struct Service {
    double per_second = 0;
    // From when the update was due.
    double p99_ms = 0;
  };
  using Time = std::chrono::system_clock::time_point;
  // Waits for its end.
  Service Within(Time from, Time to);

 private:
  const std::string folder_;
  std::unique_ptr<tests::ChildProcess> process_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_POSTGRESQL_BASELINES_H_
