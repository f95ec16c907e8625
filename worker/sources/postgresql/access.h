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
//   bound   "4711"              the number of the first block that is not before it
//           "16402:4711"        the same, of a leaf partition
//
// The number is the table's OID. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"

namespace tributary::postgresql {

struct Access {
  enum class By { kBlocks, kLeaves, kWhole, kPartitions, kUnlockable };
  By by = By::kWhole;
  std::uint32_t oid = 0;

  bool by_blocks() const { return by == By::kBlocks || by == By::kLeaves; }
  bool partitioned() const { return by == By::kLeaves || by == By::kPartitions; }
};

std::string AccessText(const Access& access);
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

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_
