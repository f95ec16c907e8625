// The gate's rules on a real server, one test for each rule: a sequence of events that loses rows
// if the rule is missing. Locks, open transactions and stopped workers force the order of events,
// and each test fails if its rule is removed from the product.
//
// The numbers of the rules are those in supervisor/plan/gate.h.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/gate_scene.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using tests::Eventually;

// Seconds that the log has waited for slices.
constexpr char kGateWaits[] = "tributary_wait_seconds_total{stage=\"gate\"}";
// Rows that this sync has merged, of tables that are being read.
constexpr char kRows[] = "tributary_sync_table_rows";

class GateOnAServer : public GateScene {};

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
  database_.Run(
      "CREATE TYPE slow AS ENUM ('a');"
      "CREATE FUNCTION to_json(slow) RETURNS json LANGUAGE sql AS "
      "'SELECT pg_catalog.pg_advisory_xact_lock_shared(1); SELECT ''1''::pg_catalog.json';"
      "CREATE CAST (slow AS json) WITH FUNCTION to_json(slow);"
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

// Rule 6: neither the log nor the destination has the row's large value.
TEST_F(GateOnAServer, AMovedRowsValueThatTheLogLacksIsReadAgain) {
  ExpectRowThatMovesToArrive(2000);
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
