// Changes the sample database like an application and its next release.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_DEMO_CHANGES_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_DEMO_CHANGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tributary::demo {

// Inserts, updates and deletes rows, adds a column to one table, adds a table and drops one.
// Returns a line about each change. The same file and seed give the same changes. Others may read
// meanwhile.
absl::StatusOr<std::vector<std::string>> ChangeSample(const std::string& path, std::uint64_t seed);

}  // namespace tributary::demo

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_DEMO_CHANGES_H_
