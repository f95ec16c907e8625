// Which transactions a reader sees, and which position of a source's log the stream has reached, as
// 64-bit numbers that every engine with a log has. The supervisor only compares them; the engine
// knows what they count.
//
// Values: no threads, no clock.
#ifndef TRIBUTARY_COMMON_SNAPSHOT_H_
#define TRIBUTARY_COMMON_SNAPSHOT_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"

namespace tributary {

// Running transactions in one snapshot; eight bytes each, so that a snapshot fits a
// frame. PostgreSQL allows that many connections only if configured to.
inline constexpr std::size_t kMaxRunningTransactions = 64 * 1024;

// Every engine's transactions have this number or a higher one.
inline constexpr std::uint64_t kBeforeAllTransactions = 1;

// Transactions are numbered in the order in which they began, and end in any order; so a reader
// sees all before one number, none from another number on, and between the two all except a list. A
// transaction that was rolled back counts as seen: it has no effects.
//
// Numbers count within one life of a server: after a crash some may be used again.
struct Snapshot {
  // PostgreSQL: xmin, as xid8 like the others.
  std::uint64_t all_before = 0;
  // PostgreSQL: xmax.
  std::uint64_t none_from = 0;
  // PostgreSQL: xip. In rising order, from all_before on and before none_from.
  std::vector<std::uint64_t> except;

  bool Sees(std::uint64_t transaction) const;
  // Every transaction that `other` sees.
  bool SeesAllOf(const Snapshot& other) const;

  bool operator==(const Snapshot&) const = default;
};

// Sees no transaction.
inline Snapshot BeforeAll() {
  return {.all_before = kBeforeAllTransactions, .none_from = kBeforeAllTransactions, .except = {}};
}

// From parts that a worker has sent. INVALID_ARGUMENT if they contradict each other or there are
// more than kMaxRunningTransactions.
absl::StatusOr<Snapshot> MakeSnapshot(std::uint64_t all_before, std::uint64_t none_from,
                                      std::vector<std::uint64_t> except);

// To and from the message SeenTransactions (worker.proto), which this folder does not see.
// INVALID_ARGUMENT as MakeSnapshot.
template <typename SeenTransactions>
void SetSeen(const Snapshot& snapshot, SeenTransactions& seen) {
  seen.set_all_before(snapshot.all_before);
  seen.set_none_from(snapshot.none_from);
  seen.mutable_except()->Assign(snapshot.except.begin(), snapshot.except.end());
}
template <typename SeenTransactions>
absl::StatusOr<Snapshot> ToSnapshot(const SeenTransactions& seen) {
  return MakeSnapshot(seen.all_before(), seen.none_from(),
                      {seen.except().begin(), seen.except().end()});
}

// Compared member by member, in this order.
struct LogPosition {
  // The end of the last whole transaction (PostgreSQL: the LSN after its commit).
  std::uint64_t commit = 0;
  // Inside a transaction that is not merged to its end: the position of its commit, that of the
  // last merged change, and that change's number in the transaction, since several may share one
  // position. All 0 between transactions.
  std::uint64_t final = 0;
  std::uint64_t change = 0;
  std::uint64_t ordinal = 0;

  auto operator<=>(const LogPosition&) const = default;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_SNAPSHOT_H_
