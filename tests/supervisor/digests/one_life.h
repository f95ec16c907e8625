// A random life of a table that is compared, with the real digests and the real rules: the source
// changes at any time, slices are read one at a time in any order, crashes happen between any two
// steps, the newest state or an older one comes back, and the destination has kept or lost the
// records after that state.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_ONE_LIFE_H_
#define TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_ONE_LIFE_H_

#include <cstdint>
#include <string>

namespace tributary::tests {

// Wrong rules; the test must detect each.
struct WrongRules {
  // Rows are not compared with the intents since the confirmed generation.
  bool confirmed_only = false;
  // A record is sent before its intent is on the disk.
  bool record_first = false;
  // Rows are compared with the latest generation on the disk, not with the one that the state
  // names.
  bool latest = false;
  // A slice that is read again is not compared with the intents of its earlier reading in the same
  // sync.
  bool own_forgotten = false;
};

struct LifeEnd {
  // After a quiet sync the destination differs from the source.
  bool diverged = false;
  // Records in a sync of a source that has not changed.
  int needless = 0;
  std::string failure;
};

LifeEnd LiveOnce(std::uint64_t seed, const WrongRules& wrong, const std::string& folder);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_ONE_LIFE_H_
