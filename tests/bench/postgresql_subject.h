// A temporary PostgreSQL server with the tables of a case, and what syncs of it need. Everything is
// removed with the object. Errors end the program.
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
  // Syncs have their staging and states in a new folder in `folder`.
  explicit PostgresqlSubject(const std::string& folder);

  // The table `orders` with `rows` rows of ten columns with different types, about 180 bytes each
  // in COPY BINARY.
  void MakeOrders(std::uint64_t rows);
  // `count` similar tables with `rows` rows each; their names are `prefix` and a number, from 0.
  void MakeTables(const std::string& prefix, std::uint64_t count, std::uint64_t rows);
  // Freezes and analyzes all tables, and puts them into the publication that a sync expects.
  void Publish();

  // Runs statements as the superuser; returns the first value of the last one.
  std::string Run(const std::string& sql) const;
  // Drops slots that no process uses. A first sync makes its own.
  void DropSlots() const;
  // CPU seconds of the server's processes that have ended; waits until all sessions have.
  double CpuOfEndedSessions() const;

  const tests::PostgresServer& server() const { return *server_; }
  // A file with statements for psql; one file at a time.
  std::string Script(const std::string& statements) const;
  // A sync without a state.
  SyncSubject subject() const;

 private:
  std::string folder_;
  std::unique_ptr<tests::PostgresServer> server_;
};

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_POSTGRESQL_SUBJECT_H_
