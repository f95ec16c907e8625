// A random life of a copy whose content has no name, with the real digests and the real rules: the
// source changes at any time, slices are read concurrently, workers and connectors end between any
// two steps, the newest state or an older one comes back, and the destination has kept or lost what
// was sent after that state. The life ends with a comparison.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_COPY_LIFE_H_
#define TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_COPY_LIFE_H_

#include <cstdint>
#include <string>

namespace tributary::tests {

// Wrong rules; the test must detect each.
struct WrongCopyRules {
  // A row is sent before its digest is on the disk.
  bool row_first = false;
  // Rows that were sent after the state that came back are not deleted.
  bool kept_after_state = false;
  // Rows that were sent after a reading's last mark are not deleted when the slice is read again.
  bool kept_after_mark = false;
  // A state names the new generation before the deletes were sent.
  bool named_early = false;
};

struct CopyLifeEnd {
  // After the comparison, the destination differs from the source.
  bool diverged = false;
  // How often a copy continued from a state, and how often it began again.
  int resumed = 0;
  int begun_again = 0;
  std::string failure;
};

CopyLifeEnd LiveCopy(std::uint64_t seed, const WrongCopyRules& wrong, const std::string& folder);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_COPY_LIFE_H_
