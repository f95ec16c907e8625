// The checkpoints of one sync as the client has them, held to the promise that
// they never go back.
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
  // Rows that came before it on the stream; a TRUNCATE is none.
  std::uint64_t rows = 0;
};

// A file of sync-tester's --checkpoint-log, in the order of the stream; nothing where
// there is no such file. A last line that was torn is left out.
std::vector<LoggedCheckpoint> ReadCheckpointLog(const std::string& file);

// Where in the merged stream a state stands.
struct StreamPlace {
  std::string epoch;
  std::uint64_t position = 0;
};
// Nothing for what is no state.
std::optional<StreamPlace> PlaceOf(const std::string& state);

// `first_state` is the one that the request held. Within one epoch positions do not
// fall, and an epoch that was left does not come back. A table that was read from one
// version of the source, with the same columns, neither loses its phase nor any range
// that was done. A table vanishes only if the source has it no more: `in_source` says
// so.
absl::Status CheckNeverBack(const std::string& first_state,
                            const std::vector<LoggedCheckpoint>& checkpoints,
                            const std::function<bool(const std::string&)>& in_source);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_CHECKPOINT_RECORD_H_
