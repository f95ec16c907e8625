// What the transaction of a slice sees: looked at after the table is locked and before its
// rows are read, so that no rewrite and no truncation can lie between.
#ifndef TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICE_VIEW_H_
#define TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICE_VIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "common/limits.h"
#include "proto/worker.pb.h"
#include "worker/sources/postgresql/access.h"
#include "worker/sources/postgresql/leaves.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {

// A table up to this size is read without marks within: a pause waits for its end, as it otherwise
// does for the end of one block.
inline constexpr std::uint64_t kSmallTableBytes = 8 * 8 * limits::kKiB;
// An expression on pg_class c: the bytes of what the table stores out of line.
inline constexpr char kToastBytesSql[] =
    "coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0)";

struct SliceView {
  struct Column {
    std::uint32_t type = 0;
    std::int32_t typmod = -1;
    // Which of all columns that the table has had.
    std::uint32_t number = 0;
    // COPY gives it out of a query only.
    bool generated = false;
  };
  // Content: the table's file, or those of its leaf partitions, which a rewrite replaces; none
  // where it is read by keys, which are the same in another file. On a standby without a bound.
  Opened opened;
  // The table's columns as they are now, by their names.
  std::unordered_map<std::string, Column> columns;
  // Of its blocks, without what is stored out of line. 0 where a slice is not its whole table.
  std::uint64_t bytes = 0;
  // Of the server's life and the snapshot: equal texts see the same transactions.
  std::string snapshot_text;
  // All that it sees is on the server's disk.
  bool is_flushed = false;
};

// A table that is one slice, in blocks.
bool IsWholeTable(const ReadAssignment& assignment, const Access& access);

// The life of the server (kLifeSql), as an earlier slice of a session has found it: that of the
// process which serves the connection, as long as it does. Asking is most of what a look costs.
class KnownLife {
 public:
  // Empty where it has to be asked for.
  std::string_view Of(const Session& session) const {
    return session.connection_number() == connection_ ? std::string_view(life_) : "";
  }
  // As `process` of the server has answered. One of a pooler may be another the next time.
  void Learn(const Session& session, std::int64_t process, std::string_view life);
  void Forget() { connection_ = 0; }

 private:
  std::uint64_t connection_ = 0;
  std::string life_;
};

// Begins a transaction of `session`, locks the table, or those of its leaf partitions that are in
// the slice, and looks, in one round trip. The transaction stays open, also after an error. It is
// READ COMMITTED for what is locked by its planning alone, where the snapshot of the next
// statement is the one that counts, else REPEATABLE READ.
//
// NOT_FOUND: the table is gone, or another has its name, or keys have another order now. Otherwise
// errors as Session::BeginWith's; kLockNotAvailable: it is locked. Where `leaves`, which a table by
// its leaves needs, are no longer its partitions and files, UNAVAILABLE: ask for them again.
absl::StatusOr<SliceView> LockAndLook(Session& session, const ReadAssignment& assignment,
                                      const Access& access, const Leaves& leaves,
                                      const std::vector<Leaf>& slice, KnownLife& life);

// The same for tables that are read whole, all in one transaction; no lock is waited for. A view of
// each, in their order; nothing where the table is gone or another has its name. Errors as
// LockAndLook's; kLockNotAvailable: one of them is locked.
// Of a table with much TOAST, `bytes` has that, too: rows that are stored there would keep the
// locks of all others for long.
absl::StatusOr<std::vector<std::optional<SliceView>>> LockAndLookAtAll(
    Session& session, const std::vector<const ReadAssignment*>& tables,
    const std::vector<Access>& accesses, KnownLife& life);

}  // namespace tributary::postgresql

#endif  // TRIBUTARY_WORKER_SOURCES_POSTGRESQL_SLICE_VIEW_H_
