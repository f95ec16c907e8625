// The baselines for syncs of PostgreSQL: the server's own programs, over TCP, which do the minimum
// of the same work. Errors end the program.
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

// One psql session that runs the statements of a file and discards the results.
BareCost RunPsql(const tests::PostgresServer& server, const std::string& script);

// pg_recvlogical with pgoutput in binary, from the slot's start to `end` in the log.
BareCost RunRecvlogical(const tests::PostgresServer& server, const std::string& slot,
                        const std::string& end);

// pg_dump of one table; the output is discarded.
BareCost RunDump(const tests::PostgresServer& server, const std::string& table);

// What the server still does for applications: pgbench with updates at a constant rate.
class Pgbench {
 public:
  struct Script {
    std::string sql;
    // How often it runs, relative to the sum of all weights.
    int weight = 1;
  };
  // Runs for `seconds`; scripts and logs are in `folder`.
  Pgbench(const tests::PostgresServer& server, const std::string& folder,
          const std::vector<Script>& scripts, int updates_per_second, int seconds);

  // The figures in pgbench's log for the updates that ended in a given interval.
  struct Service {
    double per_second = 0;
    // Measured from the time that the update was due.
    double p99_ms = 0;
  };
  using Time = std::chrono::system_clock::time_point;
  // Waits for pgbench's end.
  Service Within(Time from, Time to);

 private:
  const std::string folder_;
  std::unique_ptr<tests::ChildProcess> process_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_POSTGRESQL_BASELINES_H_
