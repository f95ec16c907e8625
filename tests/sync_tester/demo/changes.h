// Changes the sample database as an application and its next release would.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_DEMO_CHANGES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_DEMO_CHANGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tributary::demo {

// Inserts, updates and deletes rows, adds a column to one table, adds a table
// and drops one. Says in a line each what it did. The same file and seed give
// the same changes. May run while others read.
absl::StatusOr<std::vector<std::string>> ChangeSample(const std::string& path, std::uint64_t seed);

}  // namespace tributary::demo

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_DEMO_CHANGES_H_
