// The state that Fivetran would pass to the next sync: kept in a file between runs, and always
// replaced completely, even if the tester or the machine dies.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_STATE_FILE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_STATE_FILE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary::tester {

// Nothing if there is no such file.
absl::StatusOr<std::optional<std::string>> ReadState(const std::string& path);

// Written to another file in the same folder, synced and renamed; the folder is synced, too. An
// existing `path` must be an ordinary file.
absl::Status WriteState(const std::string& path, std::string_view state);

// No state, an empty one and an object without members all mean a first sync.
bool MeansNoState(const std::optional<std::string>& state);

// The content of a file.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_STATE_FILE_H_
