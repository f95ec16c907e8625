// The gate's rules on a real server, one test for each rule: a sequence of events that loses rows
// if the rule is missing. Locks, open transactions and stopped workers force the order of events,
// and each test fails if its rule is removed from the product.
//
// The numbers of the rules are those in supervisor/plan/gate.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/gate_scene.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using tests::Eventually;

// Seconds that the log has waited for slices.
constexpr char kGateWaits[] = "tributary_wait_seconds_total{stage=\"gate\"}";
// Rows that this sync has merged, of tables that are being read.
constexpr char kRows[] = "tributary_sync_table_rows";

class GateOnAServer : public GateScene {
 protected:
  // A row moves into the first blocks after they were read, and is merged from the log only after
  // the log worker began anew, which `restarts` must cause. It has committed the row by then.
  void ExpectRowThatMovesToArriveAfter(const std::function<void()>& restarts) {
    MakeSlot();
    MakeTableOfSeveralSlices();
    BeginWithBetweenSlices(MovesRow(3000));
    // The part with the first blocks is not read again.
    EXPECT_TRUE(Eventually([this] { return !SavedTable("t").value("done", Json()).empty(); }));
    restarts();
    ExpectGood();
    ExpectEqual("t", {"id", "v", "pad", "big"});
  }
  // Makes the table `reread`. When its rows change, the log worker has to read them again, and
  // waits for lock 1 of row 1 and lock 2 of row 2.
  void MakeRowsToReadAgain() {
    MakeTypeThatHolds();
    database_.Run(
        "CREATE TABLE reread (id int PRIMARY KEY, v int, held slow[]);"
        "INSERT INTO reread VALUES (1, 0, '{a}'), (2, 0, '{b}')");
  }
};

// Rule 4, at the start. The slot is made while transaction X waits for a standby: the commit of X
// is in the log before the slot's start, but a slice that opens when the slot exists does not see X
// yet.
TEST_F(GateOnAServer, WhatAStandbyHoldsUpWhileTheSlotIsMadeIsCopied) {
  database_.Run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old')");
  LoseStandby();
  const auto first = Within("SELECT pg_current_xact_id()");
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  const auto slot_waits_for = [this](tests::PostgresSession& session) {
    return Becomes(
        absl::StrCat("EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE "
                     "a.backend_type = 'walsender' AND NOT l.granted AND l.transactionid = '",
                     session.Ask("SELECT pg_current_xact_id()::xid"), "'::xid)"));
  };
  EXPECT_TRUE(slot_waits_for(*first));
  // The server now checks the running transactions once more, and waits for them. X begins after
  // this check.
  const auto second = Within("SELECT pg_current_xact_id()");
  Execute(*first, "ROLLBACK");
  EXPECT_TRUE(slot_waits_for(*second));
  const auto x = Connected();
  Execute(*x, "SET synchronous_commit = on");
  Send(*x, "UPDATE t SET v = 'new' WHERE id = 1");
  EXPECT_TRUE(WaitsForStandby(*x));
  Execute(*second, "ROLLBACK");
  EXPECT_TRUE(LooksAgain());
  RegainStandby();
  ExpectGood();
  // The next sync sends all that the log contains of X.
  GoodSync();
  ExpectEqual("t", {"id", "v"});
}

// Rule 4, for a table that joins later: the log does not contain what X wrote before the table was
// in the publication.
TEST_F(GateOnAServer, WhatAnOpenTransactionWroteBeforeItsTableWasPublishedIsCopied) {
  MakeSlot();
  database_.Run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old')");
  const auto x = Within("INSERT INTO t VALUES (2, 'x'); UPDATE t SET v = 'new' WHERE id = 1");
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  EXPECT_TRUE(LooksAgain());
  const auto line = connector_.WaitForLog("slices wait for older transactions");
  ASSERT_TRUE(line.has_value());
  EXPECT_THAT(line->value("error", ""), HasSubstr(absl::StrCat("process ", x->backend())));
  Execute(*x, "COMMIT");
  ExpectGood();
  GoodSync();
  ExpectEqual("t", {"id", "v"});
}

// A slice first locks its table and then takes its snapshot (slice_view.h): with a snapshot from
// before the ALTER, COPY would read no rows.
TEST_F(GateOnAServer, ARewriteThatASliceWaitsForLosesNoRow) {
  MakeSlot();
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); "
      "INSERT INTO t SELECT i, 'v' FROM generate_series(1, 1000) i");
  BeginWithLock("ALTER TABLE t ALTER v TYPE text USING upper(v)");
  EndLock();
  ExpectGood();
  ExpectEqual("t", {"id", "v"});
}

// Rule 2. Some rows of the slice are already merged; then the server blocks at a row, and the row
// that X changes comes after that row.
TEST_F(GateOnAServer, ATransactionWaitsForTheSliceThatDoesNotSeeIt) {
  MakeTypeThatHolds();
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v text, held slow[]);"
      "INSERT INTO t SELECT i, 'first', NULL FROM generate_series(1, 5000) i;"
      "INSERT INTO t VALUES (5001, 'holds', '{a}'), (5002, 'old', NULL)");
  const auto holder = Within("SELECT pg_advisory_xact_lock(1)");
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  EXPECT_TRUE(Becomes("EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"));
  EXPECT_TRUE(Eventually([this] { return Metric(kRows) > 0; }));
  const std::uint64_t after = Commit("UPDATE t SET v = 'new' WHERE id = 5002");
  EXPECT_TRUE(Eventually([&] { return Metric(kGateWaits) > 0 || SavedPosition() >= after; }));
  EXPECT_LT(SavedPosition(), after);
  Execute(*holder, "COMMIT");
  ExpectGood();
  ExpectEqual("t", {"id", "v"});
}

// The slice sees a transaction that is not on the server's disk yet, so that a crash could undo it.
TEST_F(GateOnAServer, WhatACrashOfTheServerUndoesIsNotSent) {
  MakeSlot();
  EXPECT_TRUE(Server().Set({{"wal_writer_delay", "10s"}}).ok());
  EXPECT_TRUE(Server().Reload().ok());
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v text);"
      "INSERT INTO t SELECT i, 'stays' FROM generate_series(1, 5000) i");
  // While the copy of u waits for it, the sync writes nothing that would flush the log.
  MakeTypeThatHolds();
  database_.Run(
      "CREATE TABLE u (id int PRIMARY KEY, held slow[]); INSERT INTO u VALUES (1, '{a}')");
  const auto holder = Within("SELECT pg_advisory_xact_lock(1)");
  BeginWithLock(
      "LOCK TABLE t IN ACCESS EXCLUSIVE MODE; INSERT INTO t VALUES (-1, 'seen');"
      "SET LOCAL synchronous_commit = off");
  EndLock();
  // If the rule is broken, the row is sent before that.
  constexpr std::chrono::seconds kLongerThanASliceTakes{2};
  std::this_thread::sleep_for(kLongerThanASliceTakes);
  EXPECT_TRUE(Server().Restart("immediate").ok());
  run_->Wait();
  run_.reset();
  GoodSync();
  ExpectEqual("t", {"id", "v"});
}

// Rule 4. The transaction was prepared before the table was published, so the log has none of its
// changes; and it survives the server, whose next life gives out its own numbers.
TEST_F(GateOnAServer, ATransactionThatWasPreparedIsWaitedForAfterARestart) {
  EXPECT_TRUE(Server().Set({{"max_prepared_transactions", "2"}}).ok());
  EXPECT_TRUE(Server().Restart().ok());
  MakeSlot();
  database_.Run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old')");
  database_.Run(
      "BEGIN; INSERT INTO t VALUES (2, 'prepared'); UPDATE t SET v = 'prepared' WHERE id = 1;"
      "PREPARE TRANSACTION 'older'");
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  EXPECT_TRUE(Eventually([this] { return Looks() > 0; }));
  EXPECT_TRUE(Server().Restart("immediate").ok());
  // If the rule is broken, the table is copied now, or by the next sync.
  const auto ends = [this] {
    return Eventually([this] { return !run_->running(); }, std::chrono::seconds(8));
  };
  if (ends() && !run_->Wait().ok()) {
    run_ = std::make_unique<tests::SyncRun>(SyncOptions());
    static_cast<void>(ends());
  }
  database_.Run("COMMIT PREPARED 'older'");
  run_->Wait();
  GoodSync();
  ExpectEqual("t", {"id", "v"});
}

// Rule 5. A transaction may commit after one with a higher number. The copy has both, but the log
// does not reach them before the copy is done.
TEST_F(GateOnAServer, TransactionsThatTheCopyHasAreLeftOutWhateverTheirNumbers) {
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 100);"
      "CREATE TABLE large (id int PRIMARY KEY, v int);"
      "INSERT INTO large SELECT i, i FROM generate_series(1, 300000) i");
  GoodSync();
  database_.Run("UPDATE large SET v = v + 1");
  const auto first = Within("SELECT pg_current_xact_id()");
  const auto open = Within("SELECT pg_current_xact_id()");
  database_.Run("UPDATE t SET v = 0 WHERE id = 1");
  Execute(*first, "UPDATE t SET v = 1 WHERE id = 1; COMMIT");
  // So that the next sync copies it again.
  database_.Run("VACUUM FULL t");
  const std::size_t looks = Looks();
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  // It has joined, with a start snapshot in which `open` is running.
  EXPECT_TRUE(Eventually([&] { return Looks() > looks; }));
  Execute(*open, "COMMIT");
  ExpectGood();
  ExpectEqual("t", {"id", "v"});
}

TEST_F(GateOnAServer, ATableThatIsCopiedAgainKeepsItsRowsUntilItsFirstSliceIsRead) {
  MakeSlot();
  database_.Run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'kept')");
  GoodSync();
  database_.Run("ALTER TABLE t ALTER id TYPE bigint; INSERT INTO t VALUES (2, 'new')");
  BeginWithLock("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
  const std::uint64_t position = Commit("INSERT INTO earlier VALUES (1)");
  EXPECT_TRUE(Eventually([&] { return SavedPosition() >= position; }));
  EXPECT_EQ(Destination("v = 'kept'"), "1");
  run_->Kill();
  connector_.Signal(SIGKILL);
  connector_.Wait();
  EndLock();
  database_.Run("DELETE FROM t WHERE id = 1");
  ASSERT_TRUE(connector_.Start().ok());
  GoodSync();
  ExpectEqual("t", {"id", "v"});
}

// Rule 3. X is merged before the supervisor knows about the slice, whose snapshot does not contain
// X.
TEST_F(GateOnAServer, ASliceWithASnapshotThatTheLogHasPassedIsReadAgain) {
  MakeSlot();
  database_.Run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old')");
  BeginWithLock("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
  StopASliceAfterItsSnapshot();
  const std::uint64_t after = Commit("UPDATE t SET v = 'new' WHERE id = 1");
  EXPECT_TRUE(Eventually([&] { return SavedPosition() >= after; }));
  Continue();
  ExpectGood();
  ExpectEqual("t", {"id", "v"});
}

// Rule 5: a change is never left out if the copy may not contain it. VACUUM has freed space in
// blocks that were already read, and an UPDATE moves a row there from a block that was not read
// yet.
TEST_F(GateOnAServer, ARowThatMovesIntoBlocksThatWereReadComesFromTheLog) {
  ExpectRowThatMovesToArrive(3000);
}

// Rule 5: the snapshot by which changes are left out is older than the slices that an earlier sync
// has read.
TEST_F(GateOnAServer, ARowThatMovesIntoBlocksThatAnEarlierSyncReadComesFromTheLog) {
  ExpectRowThatMovesToArriveAfter([this] {
    run_->Kill();
    connector_.Signal(SIGKILL);
    connector_.Wait();
    Execute(*between_, "COMMIT");
    ASSERT_TRUE(connector_.Start().ok());
    run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  });
}

// Rule 5, for a log worker that replaces another one within a sync.
TEST_F(GateOnAServer, ARowThatMovesBeforeTheLogWorkerIsReplacedComesFromTheLog) {
  ExpectRowThatMovesToArriveAfter([this] {
    const pid_t log_worker = connector_.WorkerOn("log");
    ASSERT_NE(log_worker, 0);
    // It does not see the commit.
    ASSERT_EQ(::kill(log_worker, SIGSTOP), 0);
    Execute(*between_, "COMMIT");
    ASSERT_EQ(::kill(log_worker, SIGKILL), 0);
  });
}

// Rule 6: neither the log nor the destination has the row's large value.
TEST_F(GateOnAServer, AMovedRowsValueThatTheLogLacksIsReadAgain) {
  ExpectRowThatMovesToArrive(2000);
}

// Rule 6: all slices of the table are done, and the log has yet to come to the row that moved
// between two of them. Before it the log has a transaction Z, in which two rows have to be read
// again, and both wait: the first one until the slices are done; the second one until a position
// within Z is merged, by which the table would be live if the rule were missing.
TEST_F(GateOnAServer, ATableIsNotLiveBeforeTheLogHasPassedItsCopy) {
  MakeRowsToReadAgain();
  MakeSlot();
  MakeTableOfSeveralSlices();
  // Enough rows for a position, and then for the log worker to look at its orders.
  const std::string many = "INSERT INTO earlier SELECT i FROM generate_series(";
  database_.Run(absl::StrCat("BEGIN; UPDATE reread SET v = 1 WHERE id = 1;", many,
                             "1, 5000) i; UPDATE reread SET v = 1 WHERE id = 2;", many,
                             "5001, 10000) i; COMMIT"));
  const auto first = Within("SELECT pg_advisory_xact_lock(1)");
  const auto second = Within("SELECT pg_advisory_xact_lock(2)");
  BeginWithBetweenSlices(absl::StrCat(MovesRow(2000), "; COMMIT"));
  EXPECT_TRUE(Eventually(
      [this] { return SavedTable("t").value("done", Json()) == Json::parse(R"([["",""]])"); }));
  EXPECT_FALSE(SavedWithinTransaction());
  Execute(*first, "COMMIT");
  EXPECT_TRUE(Eventually([this] { return SavedWithinTransaction(); }));
  EXPECT_TRUE(SavedTable("t").contains("copying"));
  Execute(*second, "COMMIT");
  ExpectGood();
  ExpectEqual("t", {"id", "v", "pad", "big"});
}

// X adds a column and sets its value. It is in the log, and for other sessions the table does not
// have the column yet.
TEST_F(GateOnAServer, TheValueOfAColumnThatItsTransactionHasAddedIsSent) {
  database_.Run("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)");
  MakeSlot();
  LoseStandby();
  const auto x = Connected();
  Execute(*x, "SET synchronous_commit = on");
  Send(*x, "ALTER TABLE t ADD w int; UPDATE t SET w = 7 WHERE id = 1");
  EXPECT_TRUE(WaitsForStandby(*x));
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  // The log worker waits until X is visible.
  EXPECT_TRUE(
      Becomes("EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'tributary' AND "
              "query = 'SELECT pg_current_snapshot()::text, pg_backend_pid()')"));
  RegainStandby();
  ExpectGood();
  const tests::SyncOutcome next = Sync({}, /*skip_setup=*/false);
  EXPECT_TRUE(next.ok()) << next.text;
  ExpectEqual("t", {"id", "v", "w"});
}

// Each slice reports the file of its table: a new file has the rows in other blocks, and the log
// does not report the new file.
TEST_F(GateOnAServer, RowsThatVacuumFullMovesIntoBlocksThatWereReadAreCopied) {
  MakeSlot();
  MakeTableOfSeveralSlices();
  database_.Run("DELETE FROM t WHERE id % 2 = 0");
  SyncWithBetweenSlices("VACUUM FULL t");
  ExpectEqual("t", {"id", "v", "pad", "big"});
}

}  // namespace
}  // namespace tributary::postgresql_test
