// Makes the sample database, and fills its tables.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SOURCE_DATABASE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SOURCE_DATABASE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/sync_tester/demo/shapes.h"
#include "tests/sync_tester/sqlite_file.h"

namespace tributary::demo {

struct SampleSize {
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
};

// Replaces the file at `path`. About `rows` rows in total; the same seed gives the same content.
absl::StatusOr<SampleSize> MakeSample(const std::string& path, std::uint64_t rows,
                                      std::uint64_t seed);

// Adds rows with the numbers from `first` on to an existing table.
absl::Status AddRows(tester::SqliteFile& file, const SampleTable& table, std::int64_t first,
                     std::uint64_t count, std::uint64_t seed);

// CREATE TABLE.
std::string Declaration(const SampleTable& table);

}  // namespace tributary::demo

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_DEMO_SOURCE_DATABASE_H_
