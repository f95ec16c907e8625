// What the tests of the gate's rules share: one table t, one worker that reads it in slices, and
// ways to force the order of events: locks, open transactions, and a worker that is stopped.
#ifndef TRIBUTARY_TESTS_POSTGRESQL_GATE_SCENE_H_
#define TRIBUTARY_TESTS_POSTGRESQL_GATE_SCENE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/postgresql/sync_scene.h"
#include "tests/process/postgres_server.h"
#include "tests/process/sync_run.h"

namespace tributary::postgresql_test {

class GateScene : public SyncScene {
 protected:
  // The server logs this database's statements.
  GateScene();

  // By a sync without t. A new slot waits for all transactions, and a test's are open.
  void MakeSlot();
  // Makes t, with the columns id, v, pad and big. It is read in slices of about 8 MiB; the first
  // blocks have space for rows that move there.
  void MakeTableOfSeveralSlices();

  // --- an application's sessions ---
  std::unique_ptr<tests::PostgresSession> Connected();
  // Runs `sql` in a transaction, which stays open.
  std::unique_ptr<tests::PostgresSession> Within(const std::string& sql);
  static void Execute(tests::PostgresSession& session, const std::string& sql);
  // Without waiting for its end.
  static void Send(tests::PostgresSession& session, const std::string& sql);
  // Commits `sql`, and something after it. Returns a position that the log reaches with both.
  std::uint64_t Commit(const std::string& sql);

  // --- waiting ---
  // The SQL condition, in this database.
  bool Becomes(const std::string& condition);
  bool WaitsForALock(const tests::PostgresSession& session);
  bool SliceWaitsForALock();
  // How often slices of t have looked at it.
  std::size_t Looks() const;
  // A slice that has looked is not read, and looks again. Without the rule the sync ends.
  bool LooksAgain();
  // Of all series of the connector's metric, or of a series by its full name; -1: there is none.
  double Metric(const std::string& name);
  // How far the saved state is in the server's log.
  std::uint64_t SavedPosition();
  int BlockOf(int id);

  // --- order ---
  // Begins a sync, and `sql` in a transaction that locks t, so that a slice of t waits for it. The
  // transaction begins when there is a slot and t has joined the log, so nothing else waits for it.
  void BeginWithLock(const std::string& sql);
  void EndLock() { Execute(*locker_, "COMMIT"); }
  // After BeginWithLock: ends it, and stops the slice's worker, which does not know yet that the
  // server has taken the slice's snapshot.
  void StopASliceAfterItsSnapshot();
  void Continue();
  // The end of the sync that has begun.
  void ExpectGood();
  // A whole sync, with `sql`, which has to lock t, between the first slice of t and the second.
  void SyncWithBetweenSlices(const std::string& sql);
  // The row has no space where it is, and moves into the first blocks after they were read.
  void ExpectRowThatMovesToArrive(int id);

  std::unique_ptr<tests::SyncRun> run_;

 private:
  std::size_t logged_before_ = 0;
  std::string metrics_;
  std::unique_ptr<tests::PostgresSession> locker_;
  pid_t stopped_ = 0;
};

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_POSTGRESQL_GATE_SCENE_H_
