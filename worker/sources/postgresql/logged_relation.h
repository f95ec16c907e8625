// One relation of the log, and how its changes become records of a table: the table itself,
// or a partition whose changes are its root's.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOGGED_RELATION_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOGGED_RELATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/snapshot.h"
#include "proto/worker.pb.h"
#include "worker/encoder/table_shape.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/added_columns.h"
#include "worker/sources/postgresql/row_writer.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/type_lookup.h"

namespace tributary::postgresql {

// The parts of a Relation message that are needed later.
struct RelationColumns {
  struct Column {
    std::string name;
    std::uint32_t type = 0;
    std::int32_t typmod = -1;
    bool in_identity = false;
  };
  std::vector<Column> columns;
  // pg_class.relreplident.
  char identity = 'd';
};

// A table that is followed, as in the supervisor's order.
struct LogTable {
  FollowedTable told;
  Access access;
  // The copy has all transactions that it sees.
  Snapshot start;
  // False until the table has joined, and after its changes can no longer be sent: they are then
  // skipped.
  bool joined = false;
  // The supervisor was told that its changes cannot be sent, and has not answered yet.
  bool lost = false;
  std::unique_ptr<TableShape> shape;

  // Takes a new order for the table into `told`; its columns come from there.
  void Tell(FollowedTable now);
  // Whether new columns are selected and the relation has some that are not sent.
  bool Lacks(const RelationColumns& relation) const;
  // Sends them from here on.
  void Add(const AddedColumns& added);
  // Its copy replaces rows that the destination has, and begins once the log has passed the changes
  // before it. What these say of columns that have other names by now is replaced as well.
  bool joins_later() const { return told.whole_from() == 0 && told.has_start(); }
};

// Whether each column that the log names is the one which has this name now; called before columns
// are added to the table. The log has no column's number. But it has the columns in the order of
// their numbers, and new ones get the next number. NOT_FOUND as LoggedRelation::Make.
absl::Status CheckNames(const LogTable& table, std::uint32_t oid, const RelationColumns& relation,
                        Session& session);

class LoggedRelation {
 public:
  // As the log describes the relation `oid`. NOT_FOUND: its columns or its key are not those that
  // the table is sent with, so that the table has to be copied again.
  static absl::StatusOr<std::unique_ptr<LoggedRelation>> Make(LogTable& table, std::uint32_t oid,
                                                              const RelationColumns& relation,
                                                              Session& session, TypeLookup& types);

  LogTable& table() { return *table_; }
  const LogTable& table() const { return *table_; }
  std::uint32_t oid() const { return oid_; }
  RowWriter& rows() { return *rows_; }

  // For each column that is sent: its index in the log's tuples; kNotLogged: the log does not have
  // its value (a generated column, or one that was added later with a value in older rows);
  // kAbsent: the column no longer exists, or was added later with null in older rows.
  static constexpr int kNotLogged = -1;
  static constexpr int kAbsent = -2;
  const std::vector<int>& places() const { return places_; }
  // Indexes in tuples of the columns that identify rows, in the order of the table's keys.
  const std::vector<int>& key_places() const { return key_places_; }
  // Every changed row must be read again.
  bool reads_again() const { return reads_again_; }
  // Two rows may have one key within a transaction: it is checked at the transaction's end.
  bool may_share_keys() const { return may_share_keys_; }
  std::uint32_t type_of(int place) const { return types_[static_cast<std::size_t>(place)]; }
  // The expressions that a copy selects, in the order of the columns that are sent.
  const std::string& expressions() const { return expressions_; }

 private:
  explicit LoggedRelation(LogTable& table, std::uint32_t oid) : table_(&table), oid_(oid) {}
  absl::Status Map(const RelationColumns& relation, Session& session, TypeLookup& types);
  absl::Status MapKey(const RelationColumns& relation, Session& session);

  LogTable* table_;
  std::uint32_t oid_;
  std::vector<int> places_;
  std::vector<int> key_places_;
  std::vector<std::uint32_t> types_;
  std::string expressions_;
  bool reads_again_ = false;
  bool may_share_keys_ = false;
  std::unique_ptr<RowWriter> rows_;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_LOGGED_RELATION_H_
