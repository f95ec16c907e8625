// A throwaway PostgreSQL server with the tables of a case, and what syncs of it need. All of
// it goes with the object. What fails ends the program.
#ifndef TRIBUTARY_TESTS_BENCH_POSTGRESQL_SUBJECT_H_
#define TRIBUTARY_TESTS_BENCH_POSTGRESQL_SUBJECT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/bench/measured_sync.h"
#include "tests/process/postgres_server.h"

namespace tributary::bench {

class PostgresqlSubject {
 public:
  // Syncs have their staging and their states in a folder below `folder`.
  explicit PostgresqlSubject(const std::string& folder);

  // The table `orders` with `rows` rows of ten columns of mixed types, about 180 bytes each in
  // COPY BINARY.
  void MakeOrders(std::uint64_t rows);
  // `count` tables like it, with `rows` rows each, named by `prefix` and a number from 0 on.
  void MakeTables(const std::string& prefix, std::uint64_t count, std::uint64_t rows);
  // All of the tables, frozen and analyzed, in the publication that a sync expects.
  void Publish();

  // Statements of the superuser, and the first value of the last one.
  std::string Run(const std::string& sql) const;
  // Slots that nobody reads from. A first sync makes its own.
  void DropSlots() const;
  // CPU seconds of the server's processes that have ended, once all sessions have.
  double CpuOfEndedSessions() const;

  const tests::PostgresServer& server() const { return *server_; }
  // A file with statements for psql; one at a time.
  std::string Script(const std::string& statements) const;
  // From no state.
  SyncSubject subject() const;

 private:
  std::string folder_;
  std::unique_ptr<tests::PostgresServer> server_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_POSTGRESQL_SUBJECT_H_
