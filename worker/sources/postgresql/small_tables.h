// Several small tables in one transaction. For a table of twenty rows, a transaction with its
// settings, lock and look at the catalog costs the server three times as much as the rows.
//
// As for every slice, the lock of each table comes before the snapshot. No lock is waited for: a
// session that waits for one while it holds others could take part in a deadlock, and the server
// might end the application's transaction for it. If a table is locked, or anything else fails, the
// tables are read one by one, and the error shows there.
//
// The main thread's.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SMALL_TABLES_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SMALL_TABLES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "proto/worker.pb.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/session.h"
#include "worker/sources/postgresql/slice_view.h"

namespace tributary::postgresql {

class SmallTables {
 public:
  // Both outlive it.
  SmallTables(Session& session, KnownLife& life) : session_(session), life_(life) {}

  // The reads that come after the next Take, in their order; they are used there.
  void Expect(std::vector<const ReadAssignment*> next) { next_ = std::move(next); }

  // The table's view, in a transaction that is open, or that begins here for this table and those
  // that follow. Nothing: it has to be read alone, and no transaction is open.
  std::optional<SliceView> Take(const ReadAssignment& assignment, const Access& access);

  // Whether the transaction is still needed once the table that was taken last is read.
  bool has_more() const { return !views_.empty(); }
  // Ends the transaction, if one is open. What has not been taken begins another.
  void End();
  // The transaction has ended.
  void Forget() { views_.clear(); }

 private:
  bool Begin(const ReadAssignment& first);

  Session& session_;
  KnownLife& life_;
  std::vector<const ReadAssignment*> next_;
  // Of the open transaction, by OID: tables that have not been taken.
  std::map<std::uint32_t, SliceView> views_;
  // Of the connection that has the transaction.
  std::uint64_t connection_ = 0;
  // Tables to be read alone, after a transaction for all of them failed.
  std::size_t alone_ = 0;
};

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SMALL_TABLES_H_
