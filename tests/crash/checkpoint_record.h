// The checkpoints that a client received in one sync, and a check that they never go back.
#ifndef TRIBUTARY_TESTS_CRASH_CHECKPOINT_RECORD_H_
#define TRIBUTARY_TESTS_CRASH_CHECKPOINT_RECORD_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tributary::tests {

struct LoggedCheckpoint {
  std::string state;
  // Rows that precede it in the stream; a TRUNCATE does not count.
  std::uint64_t rows = 0;
};

// Reads a file of sync-tester's --checkpoint-log, in the order of the stream; empty if there is no
// such file. An incomplete last line is left out.
std::vector<LoggedCheckpoint> ReadCheckpointLog(const std::string& file);

// The point in the merged stream that a state stands for.
struct StreamPlace {
  std::string epoch;
  std::uint64_t position = 0;
};
// Nothing: the state does not parse.
std::optional<StreamPlace> PlaceOf(const std::string& state);

// `first_state` is the request's state. Within an epoch, positions do not decrease, and an epoch
// that was left does not occur again. A table that was read from one version of the source, with
// the same columns, loses neither its phase nor a range that was done. A table's entry disappears
// only if the source no longer has the table, which `in_source` says.
absl::Status CheckNeverBack(const std::string& first_state,
                            const std::vector<LoggedCheckpoint>& checkpoints,
                            const std::function<bool(const std::string&)>& in_source);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_CHECKPOINT_RECORD_H_
