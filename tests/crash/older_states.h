// The states with which Fivetran may start a sync: the last one, an older one because it did not
// save the later ones, or none because the user wants a re-sync.
#ifndef TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_
#define TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_

#include "tests/crash/mixed_source.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {

class OlderStates {
 public:
  enum class Choice { kLast, kOlder, kNone };

  // The folder has state.json and warehouse.db, and outlives it.
  explicit OlderStates(const TempDir& dir) : dir_(dir) {}

  // Puts the state of the next sync into the folder. If it is an older one, the destination may be
  // as old or newer. Sometimes keeps a copy of the last state.
  Choice Choose(Dice& dice);

  // Copies both, where both are there.
  void Keep();
  // Puts back what was kept last, if anything was: the state, and the destination as it was then,
  // or the state alone.
  void PutBack(bool warehouse_too);
  // No client has such a state any longer.
  void Forget() { kept_ = false; }

 private:
  const TempDir& dir_;
  bool kept_ = false;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_OLDER_STATES_H_
