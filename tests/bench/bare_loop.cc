// The baseline of the SQLite cases: one thread that steps through every row of
// every table of a database and reads every column, and does nothing with it.
//
//   bench_bare_loop FILE      prints {"rows":…,"seconds":…,"cpu_seconds":…}
#include <sqlite3.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

double Seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

[[noreturn]] void Fail(sqlite3* database) {
  std::fprintf(stderr, "bare loop: %s\n", sqlite3_errmsg(database));
  std::exit(EXIT_FAILURE);
}

sqlite3_stmt* Prepare(sqlite3* database, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    Fail(database);
  }
  return statement;
}

struct Sums {
  std::uint64_t rows = 0;
  // Of what was read, so that no read can be left out.
  std::uint64_t values = 0;
};

void ReadTable(sqlite3* database, const std::string& table, Sums& sums) {
  sqlite3_stmt* const statement = Prepare(database, "SELECT * FROM \"" + table + "\"");
  const int columns = sqlite3_column_count(statement);
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    ++sums.rows;
    for (int column = 0; column < columns; ++column) {
      switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
          sums.values += static_cast<std::uint64_t>(sqlite3_column_int64(statement, column));
          break;
        case SQLITE_FLOAT:
          sums.values += sqlite3_column_double(statement, column) > 0 ? 1 : 2;
          break;
        case SQLITE_NULL:
          break;
        default:
          sums.values += *sqlite3_column_text(statement, column);
          sums.values += static_cast<std::uint64_t>(sqlite3_column_bytes(statement, column));
      }
    }
  }
  if (code != SQLITE_DONE) Fail(database);
  sqlite3_finalize(statement);
}

std::vector<std::string> Tables(sqlite3* database) {
  std::vector<std::string> tables;
  sqlite3_stmt* const statement =
      Prepare(database, "SELECT name FROM sqlite_schema WHERE type='table'");
  while (sqlite3_step(statement) == SQLITE_ROW) {
    tables.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
  }
  sqlite3_finalize(statement);
  return tables;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_bare_loop FILE\n");
    return EXIT_FAILURE;
  }
  const double started = Seconds(CLOCK_MONOTONIC);
  const double cpu = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  sqlite3* database = nullptr;
  if (sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr) !=
      SQLITE_OK) {
    Fail(database);
  }
  Sums sums;
  for (const std::string& table : Tables(database)) ReadTable(database, table, sums);
  sqlite3_close(database);
  std::printf("{\"rows\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"sum\":%llu}\n",
              static_cast<unsigned long long>(sums.rows), Seconds(CLOCK_MONOTONIC) - started,
              Seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu,
              static_cast<unsigned long long>(sums.values));
  return EXIT_SUCCESS;
}
