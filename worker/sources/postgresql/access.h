// How a table is read, and where a slice of it begins and ends, as the supervisor keeps
// them: opaque texts to it.
//
//   access  "blocks 16384"      by ranges of heap blocks: an ordinary table whose changes
//                               the log tells, so that slices of different snapshots agree
//           "whole 16384"       in one piece, in one snapshot
//           "leaves 16384"      a partitioned table of that kind, by ranges of blocks of its
//                               leaf partitions, which are in the order of their OIDs
//           "partitions 16384"  in one piece: a partitioned table with all its partitions
//           "unlockable 16384"  in one piece: a materialized view or a foreign table
//           "keys 16384 3,1 5f0a…"            by ranges of the key, whose columns have these
//                               numbers: an ordinary table whose changes the log does not tell.
//                               The last word is what the key's order rests on (key_order.h)
//           "partition-keys 16384 3,1 5f0a…"  the same of a partitioned table
//   bound   "4711"              the number of the first block that is not before it
//           "16402:4711"        the same, of a leaf partition
//           "3:abc1:7"          the key of the first row that is not before it: of each column
//                               its length in bytes and its text, as the server prints it
//
// The number is the table's OID. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"

namespace tributary::postgresql {

struct Access {
  enum class By { kBlocks, kLeaves, kWhole, kPartitions, kUnlockable, kKeys, kPartitionKeys };
  By by = By::kWhole;
  std::uint32_t oid = 0;
  // By keys: the numbers of the key's columns, in its order, and what that rests on.
  std::vector<std::uint32_t> key = {};
  std::string order = {};

  bool by_blocks() const { return by == By::kBlocks || by == By::kLeaves; }
  bool by_keys() const { return by == By::kKeys || by == By::kPartitionKeys; }
  bool partitioned() const {
    return by == By::kLeaves || by == By::kPartitions || by == By::kPartitionKeys;
  }
};

std::string AccessText(const Access& access);
// The numbers of the key's columns as an expression of SQL: an int2[].
std::string KeyNumbersSql(const Access& access);
// INVALID_ARGUMENT: no text of AccessText.
absl::StatusOr<Access> ParseAccess(const std::string& text);

// A block of a table, or of a leaf of it, whose OID then is not 0. Ordered as rows are read.
struct Place {
  std::uint32_t leaf = 0;
  std::uint64_t block = 0;

  auto operator<=>(const Place&) const = default;
};
inline constexpr Place kNoPlace{.leaf = ~std::uint32_t{0}, .block = ~std::uint64_t{0}};

// From `from` on and before `to`; kNoPlace: to the end, however much is added.
struct Places {
  Place from;
  Place to = kNoPlace;
};
// INVALID_ARGUMENT: bounds that are no places of such a table.
absl::StatusOr<Places> ParsePlaces(const Range& range, Access::By by);
std::string BoundText(const Place& place);

// The texts of a key's columns as a bound, and back. Nothing: it is longer than
// limits::kMaxBoundBytes, or not UTF-8, as a text of the state has to be. INVALID_ARGUMENT: it is
// no bound of a key of so many columns.
std::optional<std::string> KeyBound(const std::vector<std::string>& key);
absl::StatusOr<std::vector<std::string>> ParseKeyBound(std::string_view bound, std::size_t columns);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_
