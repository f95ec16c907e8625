// Sessions that write to a database at random, like applications: inserts, updates with and without
// their large values, changed keys, deletes, truncates, savepoints, rollbacks, and VACUUM,
// including VACUUM FULL, which moves rows.
#ifndef TRIBUTARY_TESTS_POSTGRESQL_WORKLOAD_H_
#define TRIBUTARY_TESTS_POSTGRESQL_WORKLOAD_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql_test {

struct WrittenTable {
  std::string name;
  std::vector<std::string> columns;
};

class Workload {
 public:
  // Makes tables of many kinds, and fills most of them. `database` must outlive this object.
  Workload(const NewDatabase& database, std::uint32_t seed);
  ~Workload() { Stop(); }

  const std::vector<WrittenTable>& tables() const { return tables_; }
  // Starts the sessions, which reconnect if the server was down for a while.
  void Start(int sessions);
  // Ends the sessions; their committed changes remain.
  void Stop();
  std::uint64_t transactions() const { return transactions_; }

 private:
  void Write(std::uint32_t seed);
  void Vacuum(std::uint32_t seed);

  const NewDatabase& database_;
  const std::uint32_t seed_;
  std::uint32_t starts_ = 0;
  std::vector<WrittenTable> tables_;
  std::atomic<bool> stops_ = false;
  std::atomic<std::uint64_t> transactions_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_POSTGRESQL_WORKLOAD_H_
