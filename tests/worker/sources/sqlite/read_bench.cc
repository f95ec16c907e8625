// The additional cost of reading a table into a ring, compared with a plain sqlite3_step loop that
// reads each column. Not a test: `sqlite_read_bench [rows]` prints the figures.
#include <sqlite3.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/worker/sources/sqlite/sample.h"
#include "worker/encoder/batch_writer.h"

namespace tributary::sqlite_test {
namespace {

double ThreadSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void Fill(const std::string& path, int rows) {
  Database database(path);
  database.Run(
      "PRAGMA journal_mode=off; PRAGMA synchronous=off; CREATE TABLE t(id INTEGER PRIMARY KEY, "
      "a INTEGER, b INTEGER, c REAL, d REAL, e TEXT, f TEXT, g TEXT, h INTEGER, i TEXT)");
  database.Run("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<" +
               std::to_string(rows) +
               ") INSERT INTO t SELECT x, x*7, x%97, x*1.25, x/3.0, 'name '||(x%1000), "
               "printf('%032d', x), 'a'||x, x*1000003, substr('lorem ipsum dolor sit amet "
               "consectetur', 1, 6 + x%26) FROM n");
}

double BareLoop(const std::string& path, std::uint64_t& sum) {
  sqlite3* db = nullptr;
  sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db, "SELECT * FROM t", -1, &statement, nullptr);
  const double start = ThreadSeconds();
  while (sqlite3_step(statement) == SQLITE_ROW) {
    for (int column = 0; column < 10; ++column) {
      switch (sqlite3_column_type(statement, column)) {
        case SQLITE_INTEGER:
          sum += static_cast<std::uint64_t>(sqlite3_column_int64(statement, column));
          break;
        case SQLITE_FLOAT:
          sum += static_cast<std::uint64_t>(sqlite3_column_double(statement, column));
          break;
        default:
          sum += static_cast<unsigned char>(*sqlite3_column_text(statement, column));
          sum += static_cast<std::uint64_t>(sqlite3_column_bytes(statement, column));
      }
    }
  }
  const double seconds = ThreadSeconds() - start;
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return seconds;
}

double WholeRead(Reading& reading, const CatalogTable& table, std::uint64_t& bytes) {
  RingTap tap;
  // The tap copies each payload, but it does so in another thread.
  tap.Start([&bytes](const FrameHeader& header, std::string) { bytes += header.payload_bytes; });
  ReadAssignment assignment;
  assignment.set_schema(table.schema());
  assignment.set_table(table.table());
  assignment.set_access(table.access());
  *assignment.mutable_columns() = table.columns();
  BatchWriter writer(tap.producer(), 1);
  const double start = ThreadSeconds();
  const auto end = reading.source().Read(assignment, writer);
  const double seconds = ThreadSeconds() - start;
  if (!end.ok() || end->outcome() != AssignmentEnd::DONE) std::abort();
  return seconds;
}

int Main(int rows) {
  TempFolder folder;
  const std::string path = folder / "bench.db";
  Fill(path, rows);
  Reading reading(folder.path(), "bench.db");
  const CatalogTable table = reading.Table("t");
  for (int round = 0; round < 5; ++round) {
    std::uint64_t sum = 0;
    std::uint64_t bytes = 0;
    const double bare = BareLoop(path, sum);
    const double whole = WholeRead(reading, table, bytes);
    std::printf("bare loop %.3f us/row, read %.3f us/row, added %.3f us/row, %.0f bytes/row\n",
                bare * 1e6 / rows, whole * 1e6 / rows, (whole - bare) * 1e6 / rows,
                static_cast<double>(bytes) / rows);
  }
  return 0;
}

}  // namespace
}  // namespace tributary::sqlite_test

int main(int argc, char** argv) {
  return tributary::sqlite_test::Main(argc > 1 ? std::atoi(argv[1]) : 1'000'000);
}
