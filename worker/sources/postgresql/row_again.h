// Reads rows again by their keys, as they are now: for values that the log lacks.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ROW_AGAIN_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ROW_AGAIN_H_

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/sources/postgresql/logged_relation.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// A row in the binary form of a copy; its fields are the columns that are sent.
class RowRead {
 public:
  explicit RowRead(PGresult* result) : result_(result, &PQclear) {}
  bool null(std::size_t column) const {
    return PQgetisnull(result_.get(), 0, static_cast<int>(column)) != 0;
  }
  std::string_view operator[](std::size_t column) const {
    const int at = static_cast<int>(column);
    return {PQgetvalue(result_.get(), 0, at),
            static_cast<std::size_t>(PQgetlength(result_.get(), 0, at))};
  }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

class RowAgain {
 public:
  // `session`: of kind kStatements; outlives this.
  explicit RowAgain(Session& session) : session_(session) {}

  // The row with this key, whose parts are in the order of the table's keys. Nothing: it is
  // gone. NOT_FOUND: the table or a column is gone or has another name.
  absl::StatusOr<std::optional<RowRead>> Read(const LoggedRelation& relation,
                                              const std::vector<TupleColumn>& key);
  // The relation has other columns now.
  void Forget(std::uint32_t oid) { statements_.erase(oid); }

 private:
  struct Statement {
    std::string sql;
    std::vector<Oid> types;
  };
  absl::StatusOr<const Statement*> StatementOf(const LoggedRelation& relation);

  Session& session_;
  // By the relation's OID.
  std::unordered_map<std::uint32_t, Statement> statements_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_ROW_AGAIN_H_
