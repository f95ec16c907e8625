// Counts the rows that the clients of some syncs received: those read from the source for them, and
// those replayed from staging.
//
// An epoch is one reading of the source. A client first gets the rest of its state's epoch, from
// staging; everything after the first checkpoint of another epoch is read in this sync. The
// connector's log says how many rows were read in an epoch, unless its supervisor was killed
// before: then the number is that of the rows that any client got of the epoch, directly or by a
// later replay.
#ifndef TRIBUTARY_TESTS_CRASH_ROW_ACCOUNT_H_
#define TRIBUTARY_TESTS_CRASH_ROW_ACCOUNT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/crash/checkpoint_record.h"

namespace tributary::tests {

class RowAccount {
 public:
  // Starts counting again. Rows of earlier epochs no longer count as read.
  void Begin();

  // What one client received after `first_state`, its request's state. `rows`: the number of all
  // its rows, if it was not killed.
  void Received(const std::string& first_state, const std::vector<LoggedCheckpoint>& checkpoints,
                std::optional<std::uint64_t> rows);
  // The number of rows that the log gives for an epoch.
  void Logged(const std::string& epoch, std::uint64_t rows);

  // Since Begin.
  std::uint64_t replayed() const { return replayed_; }
  std::uint64_t read() const;

 private:
  struct Epoch {
    // By the position of a checkpoint: rows of the epoch before it.
    std::map<std::uint64_t, std::uint64_t> before;
    std::uint64_t most = 0;
  };

  std::map<std::string, Epoch> epochs_;
  std::set<std::string> earlier_;
  std::uint64_t replayed_ = 0;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_ROW_ACCOUNT_H_
