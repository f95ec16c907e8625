// Any bytes as `state_json`: they are read or refused as supervisor/checkpoint/FORMAT.md says; a
// state that was read is written, and read again, without a change.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "supervisor/checkpoint/state.h"

namespace tributary {
namespace {

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

bool RangesFit(const DoneRanges& done) {
  const std::vector<BoundRange> ranges = done.Done();
  const std::vector<BoundRange> gaps = done.Remaining();
  DoneRanges rest = done;
  // The gaps are slices that fit; after they are finished, the table is complete.
  if (!rest.Start(gaps).ok() || rest.Done() != ranges) return false;
  for (std::size_t i = 0; i < gaps.size(); ++i) rest.Finish(i);
  return rest.complete();
}

void Check(std::string_view text) {
  const absl::StatusOr<State> state = ParseState(text);
  if (!state.ok()) {
    Require(state.status().code() == absl::StatusCode::kInvalidArgument ||
                state.status().code() == absl::StatusCode::kFailedPrecondition,
            "a refused state is malformed or newer");
    return;
  }
  for (const auto& [name, table] : state->tables) {
    Require(RangesFit(table.done), "done ranges and their gaps make up the table");
    Require(table.phase == Phase::kCopying || table.done.Done().empty(),
            "a live table has no done ranges");
  }
  const std::string written = SerializeState(*state);
  const absl::StatusOr<State> back = ParseState(written);
  Require(back.ok(), "what was written can be read");
  Require(*back == *state, "what was read again is the same");
  Require(SerializeState(*back) == written, "equal states have equal texts");
}

}  // namespace
}  // namespace tributary

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
