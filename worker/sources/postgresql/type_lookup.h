// Types as the server has them: asks for those that are not known yet, by OID.
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
  // Of these types, and what they are made of, asks for those that are not known: two
  // queries for each level that they are nested in, none where all are the server's own.
  // Within a transaction of `session`.
  absl::Status Learn(Session& session, const std::vector<std::uint32_t>& oids);
  // pg_attribute's atttypid and atttypmod, of a type that was learned.
  absl::StatusOr<ColumnType> Column(std::uint32_t oid, std::int32_t typmod);
  // A type was altered under its OID; those that are not the server's own are asked for again.
  void Forget();

 private:
  absl::Status Ask(Session& session, const std::vector<std::uint32_t>& oids);

  // Nothing until the server has said how it writes money.
  std::optional<TypeCatalog> catalog_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_TYPE_LOOKUP_H_
