// A life of a copy whose content has no name, with the real digests and the real rules: a source
// that changes at any time, slices that are read side by side, workers that end between any two
// steps, connectors that do, the newest state or an older one that comes back, and a destination
// that has kept what came after that state or lost it. It ends with a comparison.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_COPY_LIFE_H_
#define TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_COPY_LIFE_H_

#include <cstdint>
#include <string>

namespace tributary::tests {

// Rules that are wrong, each of which has to be found.
struct WrongCopyRules {
  // A row leaves before its digest is on the disk.
  bool row_first = false;
  // What was given out after the state that came back stays.
  bool kept_after_state = false;
  // What a reading gave out after its last mark stays when the slice is read again.
  bool kept_after_mark = false;
  // A state names the new generation before the deletes are in the stream.
  bool named_early = false;
};

struct CopyLifeEnd {
  // After the comparison the destination is not what the source is.
  bool diverged = false;
  // How often a copy went on from a state, and how often it began again.
  int resumed = 0;
  int begun_again = 0;
  std::string failure;
};

CopyLifeEnd LiveCopy(std::uint64_t seed, const WrongCopyRules& wrong, const std::string& folder);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_COPY_LIFE_H_
