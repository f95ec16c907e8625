// The rules of supervisor/plan/gate.h that the simulated workers can break, one at a time.
#ifndef TRIBUTARY_TESTS_SIMULATION_LOG_RULES_H_
#define TRIBUTARY_TESTS_SIMULATION_LOG_RULES_H_

#include <cstdint>
#include <set>

#include "common/snapshot.h"
#include "proto/worker.pb.h"

namespace tributary::simulation {

enum class Rule {
  kNone,
  // 1: a transaction is handed out only when it is visible.
  kVisible,
  // 2: the log waits for open slices.
  kGateHolds,
  // 3: a slice that sees less than what was merged is refused.
  kLateRefused,
  // 4: slices wait for W.
  kWholeFrom,
  // 5: changes are dropped by the oldest snapshot.
  kOldestSnapshot,
  // 6: a table is live when the log has passed its slices' positions.
  kLogPassesCopy,
  // 6: missing values are read again until then.
  kReadingAgain,
};

SeenTransactions ToProto(const Snapshot& snapshot);

// Of one sync.
struct LogRules {
  Rule left_out = Rule::kNone;
  // The log worker's snapshot that was merged last.
  LogSnapshot merged = {};
  // Transactions that were handed out before they were visible.
  std::set<std::uint64_t> early = {};
  // A follower gave up for now.
  bool ended_early = false;

  // What a slice says of itself as the supervisor comes to it, so that the gate does not
  // apply the rule that is left out.
  void Misstate(Opened& opened) const;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOG_RULES_H_
