// The cases of the bench. Each makes what it needs, runs, and adds its figures to the report.
#ifndef TRIBUTARY_TESTS_BENCH_CASES_H_
#define TRIBUTARY_TESTS_BENCH_CASES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/databases.h"
#include "tests/bench/report.h"

namespace tributary::bench {

// Rows of the large table of most cases, and the number of small tables with their rows.
inline constexpr std::uint64_t kOrders = 3'000'000;
inline constexpr std::uint64_t kTables = 10'000;
inline constexpr std::uint64_t kRowsOfTable = 20;

struct Bench {
  Databases& databases;
  Report& report;
  // How often baseline and connector run, alternately.
  int rounds = 3;
  // PostgreSQL's cases divide their rows, tables and updates by this number, for a short trial.
  std::uint64_t divisor = 1;
};

struct Case {
  const char* name;
  void (*run)(Bench&);
  // The disk space that its database and staging need while it runs.
  std::uint64_t disk_bytes;
  // An estimate, without making its database; a case is left out if it would make the whole run
  // exceed its time limit.
  int seconds;
};

// In the order in which they run.
const std::vector<Case>& AllCases();

void FirstSync(Bench& bench);
void ManyTables(Bench& bench);
void Wide(Bench& bench);
void Long(Bench& bench);
void Synthetic(Bench& bench);
void Start(Bench& bench);
void Watched(Bench& bench);
// Later syncs that compare.
void Compare(Bench& bench);
void CompareManyTables(Bench& bench);
void PostgresqlCompare(Bench& bench);
void TenTimes(Bench& bench);
void Growth(Bench& bench);
// PostgreSQL: copies, then the log.
void PostgresqlFirstSync(Bench& bench);
void PostgresqlManyTables(Bench& bench);
void PostgresqlLog(Bench& bench);
void PostgresqlTransaction(Bench& bench);
void PostgresqlLoad(Bench& bench);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_CASES_H_
