// A life of a table that is compared, with the real digests and the real rules: a source
// that changes at any time, slices that are read one after the other in any order, crashes
// between any two steps, the newest state or an older one that comes back, and a
// destination that has kept what came after that state or lost it.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_ONE_LIFE_H_
#define TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_ONE_LIFE_H_

#include <cstdint>
#include <string>

namespace tributary::tests {

// Rules that are wrong, each of which has to be found.
struct WrongRules {
  // What was given out since the confirmed generation is not held against.
  bool confirmed_only = false;
  // A record leaves before the digest that tells of it is on the disk.
  bool record_first = false;
  // The latest generation that there is on the disk is held against, whichever the state
  // names.
  bool latest = false;
  // The slice's own earlier reading, in the same sync, is not held against.
  bool own_forgotten = false;
};

struct LifeEnd {
  // After a quiet sync the destination is not what the source is.
  bool diverged = false;
  // Records in a sync of a source that has not changed.
  int needless = 0;
  std::string failure;
};

LifeEnd LiveOnce(std::uint64_t seed, const WrongRules& wrong, const std::string& folder);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_DIGESTS_ONE_LIFE_H_
