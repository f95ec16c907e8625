// What lives with both kinds of source have in common.
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

// Suppresses the supervisor's log, because that of many lives would hide the test's own output.
class SilentStdout {
 public:
  SilentStdout();
  SilentStdout(const SilentStdout&) = delete;
  SilentStdout& operator=(const SilentStdout&) = delete;
  ~SilentStdout();

 private:
  int kept_;
};

// The first and the last seed of TRIBUTARY_SIMULATION_SEEDS; without it 1 and `count`.
std::pair<std::uint64_t, std::uint64_t> SeedsToRun(std::uint64_t count);

// Whether all of these tables are live in the last checkpoint.
bool IsComplete(const SyncResult& result, const std::vector<std::string>& tables);
// Whether there is a Task, or a Warning about a table that was put aside.
bool TellsOfTables(const SyncResult& result);

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LIVES_H_
