// Whose rows the clients of some syncs got: what was read from the source for them,
// and what came again from staging.
//
// An epoch is one reading of the source. A client first gets the rest of the epoch that
// its state is of, from staging; what comes behind the first checkpoint of another one
// is read in this sync. How many rows were read in an epoch says the connector's log,
// unless its supervisor was killed before it could: then there were as many as clients
// got of that epoch, whether as it was read or later from staging.
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
  // All is counted anew from here on. Rows of earlier epochs no longer count as read.
  void Begin();

  // What one client got behind `first_state`, its request's. `rows`: all of them, where
  // it lived to tell.
  void Received(const std::string& first_state, const std::vector<LoggedCheckpoint>& checkpoints,
                std::optional<std::uint64_t> rows);
  // What the log says of an epoch.
  void Logged(const std::string& epoch, std::uint64_t rows);

  // Since Begin.
  std::uint64_t replayed() const { return replayed_; }
  std::uint64_t read() const;

 private:
  struct Epoch {
    // Rows of the epoch before the checkpoint at a position.
    std::map<std::uint64_t, std::uint64_t> before;
    std::uint64_t most = 0;
  };

  std::map<std::string, Epoch> epochs_;
  std::set<std::string> earlier_;
  std::uint64_t replayed_ = 0;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_CRASH_ROW_ACCOUNT_H_
