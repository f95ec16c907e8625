// The state that Fivetran would give back: kept in a file between runs, replaced
// whole or not at all, whenever the tester or the machine dies.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_STATE_FILE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_STATE_FILE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary::tester {

// Nothing where there is no such file.
absl::StatusOr<std::optional<std::string>> ReadState(const std::string& path);

// Written beside it, synced, renamed over it; the folder is synced too. What is
// there already must be an ordinary file.
absl::Status WriteState(const std::string& path, std::string_view state);

// Absent, empty and an object without members all ask for a first sync.
bool MeansNoState(const std::optional<std::string>& state);

// All of a file.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_STATE_FILE_H_
