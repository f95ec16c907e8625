// The checkpoints of one sync as the client has them, held to the promise that
// they never go back.
#ifndef TRIBUTARY_TESTS_CRASH_CHECKPOINT_RECORD_H_
#define TRIBUTARY_TESTS_CRASH_CHECKPOINT_RECORD_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tributary::tests {

// The states in a file of sync-tester's --checkpoint-log; none where there is no
// such file. A last line that was torn is left out.
std::vector<std::string> ReadCheckpointLog(const std::string& file);

// `states` in the order of the stream, with the state that the request held in
// front. Within one epoch positions do not fall, and an epoch that was left does
// not come back. A table that was read from one version of the source, with the
// same columns, neither loses its phase nor any range that was done. A table
// vanishes only if the source has it no more: `in_source` says so.
absl::Status CheckNeverBack(const std::vector<std::string>& states,
                            const std::function<bool(const std::string&)>& in_source);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_CHECKPOINT_RECORD_H_
