// The rules of supervisor/plan/gate.h that simulated workers can break, one at a time.
#ifndef TRIBUTARY_TESTS_SIMULATION_LOG_RULES_H_
#define TRIBUTARY_TESTS_SIMULATION_LOG_RULES_H_

#include <cstdint>
#include <set>

#include "common/snapshot.h"
#include "proto/worker.pb.h"

namespace tributary::simulation {

enum class Rule {
  kNone,
  // Rule 1: a transaction is handed out only when it is visible.
  kVisible,
  // Rule 2: the log waits for open slices.
  kGateHolds,
  // Rule 3: a slice that sees less than what was merged is refused.
  kLateRefused,
  // Rule 4: a slice waits for all transactions before the first one that the log has completely
  // (W).
  kWholeFrom,
  // Rule 5: changes are dropped by the oldest snapshot.
  kOldestSnapshot,
  // Rule 6: a table is live when the log has passed the positions of its slices.
  kLogPassesCopy,
  // Rule 6: missing values are read again until the table is live.
  kReadingAgain,
};

SeenTransactions ToProto(const Snapshot& snapshot);

// Of one sync.
struct LogRules {
  Rule left_out = Rule::kNone;
  // The last merged snapshot of the log worker.
  LogSnapshot merged = {};
  // Transactions that were handed out before they were visible.
  std::set<std::uint64_t> early = {};
  // A log worker ended its work before its finish.
  bool ended_early = false;

  // Changes what a slice reports when the supervisor gets its report, so that the gate does not
  // apply the rule that is left out.
  void Misstate(Opened& opened) const;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOG_RULES_H_
