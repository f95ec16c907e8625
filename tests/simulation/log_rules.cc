#include "tests/simulation/log_rules.h"

#include <cstdint>
#include <limits>

#include "supervisor/sync/follow.h"

namespace tributary::simulation {

SeenTransactions ToProto(const Snapshot& snapshot) {
  SeenTransactions seen;
  seen.set_all_before(snapshot.all_before);
  seen.set_none_from(snapshot.none_from);
  seen.mutable_except()->Add(snapshot.except.begin(), snapshot.except.end());
  return seen;
}

void LogRules::Misstate(Opened& opened) const {
  if (left_out != Rule::kGateHolds && left_out != Rule::kLateRefused) return;
  if (opened.life() != merged.life()) return;
  const Snapshot slice = *ToSnapshot(opened.snapshot());
  const Snapshot log = *ToSnapshot(merged.snapshot());
  const bool late = !slice.SeesAllOf(log);
  // Of two snapshots of one life, one sees everything that the other sees.
  if (left_out == Rule::kLateRefused && late) *opened.mutable_snapshot() = ToProto(log);
  // It is admitted as it should be, and then sees all transactions.
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  if (left_out == Rule::kGateHolds && !late) {
    *opened.mutable_snapshot() = ToProto({.all_before = kAll, .none_from = kAll, .except = {}});
  }
}

}  // namespace tributary::simulation
