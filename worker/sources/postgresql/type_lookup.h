// The server's types: looks up those that are not known yet, by OID.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPE_LOOKUP_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPE_LOOKUP_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/types.h"

namespace tributary::postgresql {

class TypeLookup {
 public:
  // Looks up those of these types, and of their parts, that are not known: two queries for each
  // level of nesting, none if all are the server's own. Within a transaction of `session`.
  absl::Status Learn(Session& session, const std::vector<std::uint32_t>& oids);
  // pg_attribute's atttypid and atttypmod, of a type that was learned.
  absl::StatusOr<ColumnType> Column(std::uint32_t oid, std::int32_t typmod);
  // A type was altered under its OID; those that are not the server's own are asked for again.
  void Forget();

 private:
  absl::Status Ask(Session& session, const std::vector<std::uint32_t>& oids);

  // Empty until the server has said how it writes money.
  std::optional<TypeCatalog> catalog_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPE_LOOKUP_H_
