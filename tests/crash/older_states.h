// The states with which Fivetran may start a sync: the last one, an older one because it did not
// save the later ones, or none because the user wants a re-sync.
#ifndef TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_
#define TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_

#include "tests/crash/mixed_source.h"
#include "tests/crash/scene.h"

namespace tributary::tests {

class OlderStates {
 public:
  enum class Choice { kLast, kOlder, kNone };

  explicit OlderStates(const Scene& scene) : scene_(scene) {}

  // Puts the state of the next sync into the scene. If it is an older one, the destination may be
  // as old or newer. Sometimes keeps a copy of the last state.
  Choice Choose(Dice& dice);

 private:
  void Keep();
  void PutBack(bool warehouse_too);

  const Scene& scene_;
  bool kept_ = false;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_
