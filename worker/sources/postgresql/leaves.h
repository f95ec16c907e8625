// The leaf partitions of a partitioned table.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LEAVES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LEAVES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

struct Leaf {
  std::uint32_t oid = 0;
  // Quoted, with its schema.
  std::string name;
};

struct Leaves {
  // In the order of their OIDs.
  std::vector<Leaf> list;
  // Identifies the leaves and their files: the value of LeafFilesSql.
  std::string files;

  // The leaves that a slice covers, in whole or in part.
  std::vector<Leaf> Within(const Places& places) const;
};

// A subquery of the leaf partitions of the table whose OID the expression `root` has: their
// OIDs, as `oid`, and replica identities, as `identity`. Locks nothing.
std::string LeavesSql(const std::string& root);
// An expression that identifies the table's leaf partitions, their files and when they were
// attached; a rewrite, a truncation, and an added or removed partition change it, also one that was
// removed and added again. Null if there are none.
std::string LeafFilesSql(const std::string& root);

// In a transaction of its own. Errors as Session::Query's.
absl::StatusOr<Leaves> AskLeaves(Session& session, std::uint32_t root);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LEAVES_H_
