// How a table is read, and where a slice of it begins and ends, as the supervisor keeps
// them: opaque texts to it.
//
//   access  "blocks 16384"      by ranges of heap blocks: an ordinary table whose changes
//                               the log tells, so that slices of different snapshots agree
//           "whole 16384"       in one piece, in one snapshot
//           "partitions 16384"  in one piece: a partitioned table with all its partitions
//           "unlockable 16384"  in one piece: a materialized view or a foreign table
//   bound   "4711"              the number of the first block that is not before it
//
// The number is the table's OID. Pure.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/worker.pb.h"

namespace tributary::postgresql {

struct Access {
  enum class By { kBlocks, kWhole, kPartitions, kUnlockable };
  By by = By::kWhole;
  std::uint32_t oid = 0;
};

std::string AccessText(const Access& access);
// INVALID_ARGUMENT: no text of AccessText.
absl::StatusOr<Access> ParseAccess(const std::string& text);

// The blocks of a range; `to` is kNoEnd where the range has none.
struct Blocks {
  static constexpr std::uint64_t kNoEnd = std::uint64_t{1} << 32;
  std::uint64_t from = 0;
  std::uint64_t to = kNoEnd;
};
// INVALID_ARGUMENT: bounds that are no blocks.
absl::StatusOr<Blocks> ParseBlocks(const Range& range);
std::string BlockBound(std::uint64_t block);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ACCESS_H_
