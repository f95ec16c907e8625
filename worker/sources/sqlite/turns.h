// The read transactions of one slice.
//
// In the rollback-journal modes an application cannot commit while a reader has a
// transaction open, and gives up after a timeout of its own, five seconds in many. So there a slice
// is read in turns: a transaction is ended after limits::kSqliteTurn, and whenever the ring stays
// full. The next one continues after the last row, if it reads the same version. A version names a
// commit, so all turns together read one content.
//
// If commits are frequent, no two turns read the same version. Then the supervisor asks for a table
// in one piece, and commits wait; a remark says how long.
//
// In WAL mode readers and commits do not block each other, and a slice is one transaction.
//
// Used by the worker's main thread only.
#ifndef TRIBUTARY_WORKER_SOURCES_SQLITE_TURNS_H_
#define TRIBUTARY_WORKER_SOURCES_SQLITE_TURNS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/limits.h"
#include "worker/sources/sqlite/connection.h"

namespace tributary::sqlite {

class Turns {
 public:
  // `connection` outlives the turns. `in_one_piece`: no transaction is ended because of its
  // duration. `may_differ`: if commits wait for a transaction, the next one may read another
  // version.
  Turns(Connection& connection, bool in_one_piece, bool may_differ = false)
      : connection_(connection), in_one_piece_(in_one_piece), may_differ_(may_differ) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns() { (void)End(); }

  // Begins a transaction; errors are Connection::Begin's. False: it would read another version than
  // earlier ones, and is not begun. `same_version`: the same if versions may
  // differ.
  absl::StatusOr<bool> Begin(bool same_version = false);
  // The version that all of them read; if they may differ, the last one.
  const std::string& version() const { return version_; }

  bool open() const { return open_; }
  // Whether commits wait for the open transaction.
  bool holds_up_commits() const {
    return open_ && !connection_.header().wal() && !connection_.file().immutable;
  }
  // Whether the open transaction's time is over.
  bool over() const {
    return !in_one_piece_ && holds_up_commits() && Clock::now() - began_ >= limits::kSqliteTurn;
  }

  // Ends the open transaction, if there is one; errors are Connection::End's, of this
  // transaction or an earlier one.
  absl::Status End();

  // The longest time that commits had to wait, if longer than a turn because of in_one_piece;
  // otherwise zero.
  std::chrono::seconds commits_waited() const;

 private:
  using Clock = std::chrono::steady_clock;

  Connection& connection_;
  bool in_one_piece_;
  bool may_differ_;
  bool open_ = false;
  std::string version_;
  Clock::time_point began_;
  Clock::duration longest_{};
  absl::Status failed_;
};

}  // namespace tributary::sqlite

#endif  // TRIBUTARY_WORKER_SOURCES_SQLITE_TURNS_H_
