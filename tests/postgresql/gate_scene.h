// Shared by the tests of the gate's rules: one table t, one worker that reads it in slices, and
// ways to force the order of events: locks, open transactions, and a stopped worker.
#ifndef TRIBUTARY_TESTS_POSTGRESQL_GATE_SCENE_H_
#define TRIBUTARY_TESTS_POSTGRESQL_GATE_SCENE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/postgresql/sync_scene.h"
#include "tests/process/postgres_server.h"
#include "tests/process/sync_run.h"

namespace tributary::postgresql_test {

class GateScene : public SyncScene {
 protected:
  // The server logs this database's statements.
  GateScene();

  // Makes the slot with a sync before t exists. A new slot waits for all running transactions, and
  // a test may keep one open.
  void MakeSlot();
  // Makes t with the columns id, v, pad and big. It is read in slices of about 8 MiB; its first
  // blocks have free space, so that rows can move there.
  void MakeTableOfSeveralSlices();

  // An enum `slow`. Arrays that begin with 'a' cannot be read while someone has the advisory lock
  // 1, those that begin with 'b' while someone has lock 2.
  void MakeTypeThatHolds();

  // --- an application's sessions ---
  std::unique_ptr<tests::PostgresSession> Connected();
  // Runs `sql` in a transaction that stays open.
  std::unique_ptr<tests::PostgresSession> Within(const std::string& sql);
  static void Execute(tests::PostgresSession& session, const std::string& sql);
  // Does not wait for the result.
  static void Send(tests::PostgresSession& session, const std::string& sql);
  // Commits `sql`, and another change after it. Returns a log position that a sync reaches after it
  // has read both.
  std::uint64_t Commit(const std::string& sql);

  // --- waiting ---
  // Waits until the SQL condition is true in this database; false after a timeout.
  bool Becomes(const std::string& condition);
  bool WaitsForALock(const tests::PostgresSession& session);
  bool SliceWaitsForALock();
  // The number of times that slices have checked t.
  std::size_t Looks() const;
  // Waits until a slice has checked t again, which shows that it did not read t after the first
  // check. If the rule is broken, the sync ends instead. True in both cases.
  bool LooksAgain();
  // The sum of all series of this metric of the connector, or the value of one series if `name`
  // includes its labels; -1 if there is none.
  double Metric(const std::string& name);
  // The log position in the saved state.
  std::uint64_t SavedPosition();
  // Whether that position is inside a transaction.
  bool SavedWithinTransaction();
  int BlockOf(int id);

  // --- order ---
  // Begins a sync, and runs `sql` in a transaction that locks t, so that a slice of t waits for the
  // lock. The transaction begins when the slot exists and t has joined the log, so nothing else
  // waits for it.
  void BeginWithLock(const std::string& sql);
  void EndLock() { Execute(*locker_, "COMMIT"); }
  // After BeginWithLock: stops the slice's worker and then ends the lock, so that the server takes
  // the slice's snapshot and the worker does not know about it yet.
  void StopASliceAfterItsSnapshot();
  void Continue();
  // Waits for the end of the sync, which must succeed.
  void ExpectGood();
  // Begins a sync. `sql`, which must lock t, runs in the session between_, between the first slice
  // of t and the second one.
  void BeginWithBetweenSlices(const std::string& sql);
  // A whole sync.
  void SyncWithBetweenSlices(const std::string& sql);
  // Begins a transaction in which the row is updated and does not fit into its block any longer, so
  // that it moves into the first blocks.
  static std::string MovesRow(int id);
  // The row moves into the first blocks after they were read. The destination must have its new
  // value.
  void ExpectRowThatMovesToArrive(int id);
  // The table's entry in the saved state; empty if there is none.
  nlohmann::json SavedTable(const std::string& name);
  // How many rows of t the destination has for which the SQL condition is true.
  std::string Destination(const std::string& condition);

  std::unique_ptr<tests::SyncRun> run_;
  std::unique_ptr<tests::PostgresSession> between_;

 private:
  nlohmann::json SavedState();

  std::size_t logged_before_ = 0;
  // The number of times until the first slice was open.
  std::size_t first_looks_ = 0;
  std::string metrics_;
  std::unique_ptr<tests::PostgresSession> locker_;
  pid_t stopped_ = 0;
};

}  // namespace tributary::postgresql_test

#endif  // TRIBUTARY_TESTS_POSTGRESQL_GATE_SCENE_H_
