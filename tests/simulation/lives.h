// What lives of either kind of source share.
#ifndef TRIBUTARY_TESTS_SIMULATION_LIVES_H_
#define TRIBUTARY_TESTS_SIMULATION_LIVES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/simulated_sync.h"

namespace tributary::simulation {

// Of all lives together.
struct Figures {
  std::size_t syncs = 0;
  std::size_t kills = 0;
  std::size_t replays = 0;
  std::size_t messages = 0;
  std::size_t checkpoints = 0;
  std::size_t staged_checkpoints = 0;

  void Count(const SyncResult& result);
  std::string Text() const;
};

// The supervisor's log of many lives would bury what the test has to say.
class SilentStdout {
 public:
  SilentStdout();
  SilentStdout(const SilentStdout&) = delete;
  SilentStdout& operator=(const SilentStdout&) = delete;
  ~SilentStdout();

 private:
  int kept_;
};

// From the first to the last, as TRIBUTARY_SIMULATION_SEEDS has them; else 1 to `count`.
std::pair<std::uint64_t, std::uint64_t> SeedsToRun(std::uint64_t count);

// All of these tables are live in the last checkpoint.
bool IsComplete(const SyncResult& result, const std::vector<std::string>& tables);
// A Task, or Warnings of tables that were put aside.
bool TellsOfTables(const SyncResult& result);

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LIVES_H_
