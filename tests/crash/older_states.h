// The states that Fivetran may come back with: the last one, an older one because it
// did not get to saving those behind it, or none because the user wants a re-sync.
#ifndef TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_
#define TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_

#include "tests/crash/mixed_source.h"
#include "tests/crash/scene.h"

namespace tributary::tests {

class OlderStates {
 public:
  enum class Choice { kLast, kOlder, kNone };

  explicit OlderStates(const Scene& scene) : scene_(scene) {}

  // Puts the state of the next sync into the scene. With an older one the destination
  // is now as old, now ahead of it. Keeps a copy of the last one now and then.
  Choice Choose(Dice& dice);

 private:
  void Keep();
  void PutBack(bool warehouse_too);

  const Scene& scene_;
  bool kept_ = false;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_
