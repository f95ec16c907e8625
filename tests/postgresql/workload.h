// Sessions that write to a database at random, like applications: inserts, updates with and without
// their large values, changed keys, deletes, truncates, savepoints, rollbacks, and VACUUM,
// including VACUUM FULL, which moves rows. With small tables also changes of columns, and tables
// that are dropped and made again.
#ifndef TRIBUTARY_TESTS_POSTGRESQL_WORKLOAD_H_
#define TRIBUTARY_TESTS_POSTGRESQL_WORKLOAD_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql_test {

// Which tables there are, and so which statements.
enum class WrittenTables {
  kOfManyKinds,
  // Hundreds, each of a few rows.
  kSmall,
  // The same, but no column is added.
  kSmallWithoutAdding,
};

struct WrittenTable {
  std::string name;
  std::vector<std::string> columns;
};

class Workload {
 public:
  // Makes the tables, and fills most of them. `database` must outlive this object.
  Workload(const NewDatabase& database, std::uint32_t seed,
           WrittenTables tables = WrittenTables::kOfManyKinds);
  ~Workload() { Stop(); }

  // With the columns that they have now.
  std::vector<WrittenTable> tables() const;
  // Starts the sessions, which reconnect if the server was down for a while.
  void Start(int sessions) { Start(sessions, written_); }
  // With other statements for the same tables.
  void Start(int sessions, WrittenTables written);
  // Ends the sessions; their committed changes remain.
  void Stop();
  std::uint64_t transactions() const { return transactions_; }

 private:
  void MakeTablesOfManyKinds() const;
  void MakeSmallTables() const;
  void Write(std::uint32_t seed, WrittenTables written);
  void Vacuum(std::uint32_t seed);

  const NewDatabase& database_;
  const std::uint32_t seed_;
  const WrittenTables written_;
  std::uint32_t starts_ = 0;
  std::atomic<bool> stops_ = false;
  std::atomic<std::uint64_t> transactions_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_POSTGRESQL_WORKLOAD_H_
