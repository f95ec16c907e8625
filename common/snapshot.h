// Where the stream has come in a source's log, in numbers of 64 bits that every
// engine with a log has. The supervisor compares them; what they count only the
// engine knows.
#ifndef TRIBUTARY_COMMON_SNAPSHOT_H_
#define TRIBUTARY_COMMON_SNAPSHOT_H_

#include <compare>
#include <cstdint>

namespace tributary {

// Compared member by member, in this order.
struct LogPosition {
  // The end of the last whole transaction (PostgreSQL: the LSN after its commit).
  std::uint64_t commit = 0;
  // Inside of a transaction that is not over: the position of its commit, that of the
  // last change, and which of its changes that was, since several may share one
  // position. All 0 between transactions.
  std::uint64_t final = 0;
  std::uint64_t change = 0;
  std::uint64_t ordinal = 0;

  auto operator<=>(const LogPosition&) const = default;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_SNAPSHOT_H_
