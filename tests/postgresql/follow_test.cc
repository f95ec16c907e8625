// The real executable follows the log of a real server: which records each kind of change produces,
// and what the user is told if the log cannot be followed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/sync_scene.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using tests::SyncOutcome;

class Follow : public SyncScene {
 protected:
  std::string SlotOf(const std::string& column) {
    return Server().Ask(absl::StrCat(
        "SELECT ", column, " FROM pg_replication_slots WHERE database = '", database_.name(), "'"));
  }
  nlohmann::json State() { return nlohmann::json::parse(std::ifstream(dir_ / "state.json")); }

  struct Change {
    const char* sql;
    std::uint64_t upserts, updates, deletes, truncates = 0;
  };
  // Runs the statements; the next sync must send so many records of the table.
  void ExpectSent(const std::string& name, const Change& change) {
    database_.Run(change.sql);
    const SyncOutcome outcome = GoodSync();
    const std::string table = "public." + name;
    EXPECT_EQ(outcome.TableCount(table, "upserts"), change.upserts) << outcome.text;
    EXPECT_EQ(outcome.TableCount(table, "updates"), change.updates) << outcome.text;
    EXPECT_EQ(outcome.TableCount(table, "deletes"), change.deletes) << outcome.text;
    EXPECT_EQ(outcome.TableCount(table, "truncates"), change.truncates) << outcome.text;
  }
};

TEST_F(Follow, EachChangeIsSentAsWhatItIs) {
  BeginOrders();
  const Change kCases[] = {
      {"SELECT 1", 0, 0, 0, 0},
      {"INSERT INTO orders VALUES (101, 'new', NULL)", 1, 0, 0, 0},
      // The row's large value is not in the log, but the destination has it.
      {"UPDATE orders SET note = 'changed' WHERE id = 1", 0, 1, 0, 0},
      {"UPDATE orders SET big = 'small' WHERE id = 2", 1, 0, 0, 0},
      {"DELETE FROM orders WHERE id = 3", 0, 0, 1, 0},
      // The row under its new key needs all values, so it is read again.
      {"UPDATE orders SET id = 1000 WHERE id = 4", 1, 0, 1, 0},
      {"BEGIN; DELETE FROM orders; ROLLBACK", 0, 0, 0, 0},
      {"BEGIN; SAVEPOINT s; DELETE FROM orders WHERE id = 5; ROLLBACK TO s; "
       "UPDATE orders SET note = 'x' WHERE id = 5; COMMIT",
       0, 1, 0, 0},
      {"BEGIN; DELETE FROM orders WHERE id = 6; INSERT INTO orders VALUES (6, 'again', 'b'); "
       "COMMIT",
       1, 0, 1, 0},
      {"BEGIN; TRUNCATE orders; INSERT INTO orders VALUES (7, 'only', 'b'); COMMIT", 1, 0, 0, 1},
      {"VACUUM FULL orders", 0, 0, 0, 0},
  };
  for (const Change& one : kCases) {
    SCOPED_TRACE(one.sql);
    ExpectSent("orders", one);
    ExpectEqual("orders", {"id", "note", "big"});
  }
}

TEST_F(Follow, RowsWhoseKeysHaveNoCounterpartComeAndGoWithTheirKeys) {
  database_.Run("CREATE TABLE n (id numeric PRIMARY KEY, v int); INSERT INTO n VALUES (1, 1)");
  GoodSync();
  const Change kCases[] = {
      {"INSERT INTO n VALUES ('NaN', 1), (2, 2); UPDATE n SET v = 3 WHERE id = 'NaN'", 1, 0, 0},
      {"UPDATE n SET id = 3 WHERE id = 'NaN'; UPDATE n SET id = 'Infinity' WHERE id = 2", 1, 0, 1},
      {"DELETE FROM n WHERE id = 'Infinity'; DELETE FROM n WHERE id = 3", 0, 0, 1},
  };
  for (const Change& one : kCases) {
    SCOPED_TRACE(one.sql);
    ExpectSent("n", one);
  }
  ExpectEqual("n", {"id", "v"});
}

// Of a wide row the server moves the largest values out of line, and a key may be one of them.
TEST_F(Follow, AKeyThatIsStoredOutOfLineIsInItsRowsChanges) {
  database_.Run(
      "CREATE TABLE w (k text PRIMARY KEY, n int, v text);"
      "ALTER TABLE w ALTER k SET STORAGE EXTERNAL, ALTER v SET STORAGE EXTERNAL;"
      "INSERT INTO w SELECT i || repeat('k', 2200), i, i || repeat('v', 4000) "
      "FROM generate_series(1, 3) i");
  GoodSync();
  const Change kCases[] = {
      {"UPDATE w SET n = 10 WHERE n = 1", 0, 1, 0},
      {"UPDATE w SET n = 20, v = 'short' WHERE n = 2", 1, 0, 0},
      {"UPDATE w SET k = 'other' || k WHERE n = 3", 1, 0, 1},
      {"DELETE FROM w WHERE n = 10", 0, 0, 1},
  };
  for (const Change& one : kCases) {
    SCOPED_TRACE(one.sql);
    ExpectSent("w", one);
    ExpectEqual("w", {"k", "n", "v"});
  }
}

TEST_F(Follow, TheServerReleasesWhatTheReturnedStateCoversAndNoMore) {
  BeginOrders();
  const auto place = [this] { return State().at("log_position").at("commit").get<std::string>(); };
  for (int i = 0; i < 3; ++i) {
    const std::string returned = place();
    database_.Run("UPDATE orders SET note = note || 'x'");
    GoodSync();
    EXPECT_EQ(SlotOf("(confirmed_flush_lsn - '0/0'::pg_lsn)::text"), returned);
    EXPECT_NE(place(), returned);
  }
}

TEST_F(Follow, AnAttachedSyncDoesNotHoldUpAShutdown) {
  BeginOrders();
  database_.Run(
      "INSERT INTO orders SELECT i, 'n', repeat('b', 3000) FROM "
      "generate_series(1000, 30000) i");
  tests::SyncRun run(SyncOptions({"--read-delay-ms", "20"}));
  const auto attached = [this] { return SlotOf("active::text") == "true"; };
  for (int tries = 0; tries < 200 && !attached(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_TRUE(attached());
  EXPECT_TRUE(Server().Stop("fast").ok());
  EXPECT_TRUE(Server().Start().ok());
  run.Wait(std::chrono::minutes(2));
  GoodSync();
  ExpectEqual("orders", {"id", "note", "big"});
}

// What breaks the log between two syncs, what the Task says, and how the user repairs it.
TEST_F(Follow, WhereTheLogIsLostATaskSaysWhyAndNothingIsSent) {
  BeginOrders();
  const struct {
    // Each in a transaction of its own.
    std::vector<std::string> statements;
    const char* text;
    // What it asks for beside the re-sync.
    const char* repair = "SELECT";
  } kCases[] = {
      {{"SELECT pg_switch_wal()", "SELECT pg_logical_emit_message(true, 'test', 'more')",
        "SELECT pg_switch_wal()", "CHECKPOINT",
        "DO $$ BEGIN EXECUTE (SELECT format('COPY (SELECT 1) TO PROGRAM %L', "
        "'cat > /dev/null; rm pg_wal/' || pg_walfile_name(restart_lsn)) "
        "FROM pg_replication_slots); END $$"},
       "has already been removed",
       "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"},
      {{"SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) "
        "FROM pg_replication_slots"},
       "something else has read from the slot"},
      // No sync came for as long as the server keeps its log.
      {{"ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'", "SELECT pg_reload_conf()",
        "SELECT pg_switch_wal()", "SELECT pg_logical_emit_message(true, 'test', 'more')",
        "SELECT pg_switch_wal()", "CHECKPOINT", "ALTER SYSTEM RESET max_slot_wal_keep_size",
        "SELECT pg_reload_conf()"},
       "as max_slot_wal_keep_size bounds it"},
      {{"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"},
       "it does not exist any longer"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.text);
    database_.Run("UPDATE orders SET note = note || 'x'; DELETE FROM orders WHERE id % 9 = 0");
    for (const std::string& statement : one.statements) database_.Run(statement);
    const SyncOutcome outcome = Sync();
    EXPECT_THAT(outcome.task(), HasSubstr(one.text)) << outcome.text;
    EXPECT_THAT(outcome.task(), HasSubstr("re-sync"));
    EXPECT_EQ(outcome.Count("records"), 0u);
    // The re-sync that the Task asks for.
    database_.Run(one.repair);
    std::ofstream(dir_ / "state.json", std::ios::trunc) << "{}";
    GoodSync();
    ExpectEqual("orders", {"id", "note", "big"});
    database_.Run("UPDATE orders SET note = 'followed' WHERE id = 1");
    EXPECT_EQ(GoodSync().Count("records"), 1u);
    ExpectEqual("orders", {"id", "note", "big"});
  }
}

TEST_F(Follow, AValueThatTheServerCannotSendIsATaskThatHelps) {
  BeginOrders();
  database_.Run(
      "CREATE TABLE acl (id int PRIMARY KEY, a aclitem[]);"
      "INSERT INTO acl SELECT 0, acldefault('r', 10)");
  const SyncOutcome compared = GoodSync();
  EXPECT_THAT(compared.warnings(), Contains(EndsWith(" text: \"public\".\"acl\"")));
  EXPECT_EQ(compared.Count("upserts"), 1u);
  database_.Run("ALTER PUBLICATION tributary ADD TABLE acl");
  EXPECT_EQ(GoodSync().Count("records"), 0u);
  database_.Run("INSERT INTO acl SELECT 1, acldefault('r', 10)");
  const SyncOutcome outcome = Sync();
  EXPECT_THAT(outcome.task(), HasSubstr("the server cannot send it")) << outcome.text;
  EXPECT_THAT(outcome.task(), HasSubstr("aclitem"));
  database_.Run("ALTER TABLE acl ALTER a TYPE text USING a::text");
  database_.Run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
  std::ofstream(dir_ / "state.json", std::ios::trunc) << "{}";
  for (int i = 0; i < 2; ++i) GoodSync();
  ExpectEqual("acl", {"id", "a"});
}

TEST_F(Follow, ARoleThatMayNotIsToldTheStatementAndItHelps) {
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);"
      "CREATE ROLE follower LOGIN; GRANT SELECT ON t TO follower");
  Configure(ConfigurationOf(database_.name(), "follower"));
  // The role does not own t: t is copied, and the Warning contains the statement that the owner
  // must run.
  const SyncOutcome copied = GoodSync();
  EXPECT_THAT(copied.warnings(),
              Contains(HasSubstr("ALTER PUBLICATION \"tributary\" ADD TABLE \"public\".\"t\"")));
  database_.Run("CREATE PUBLICATION tributary FOR TABLE t");
  const SyncOutcome refused = Sync();
  EXPECT_THAT(refused.task(), HasSubstr("REPLICATION")) << refused.text;
  database_.Run("ALTER ROLE follower REPLICATION");
  GoodSync();
  database_.Run("INSERT INTO t VALUES (2)");
  const SyncOutcome followed = GoodSync();
  EXPECT_EQ(followed.Count("upserts"), 1u) << followed.text;
  ExpectEqual("t", {"id"});
  database_.Run("DROP PUBLICATION tributary; DROP OWNED BY follower");
}

// As a sync does that was killed, until the server sees that it is gone.
TEST_F(Follow, ASlotThatAnotherSessionStillMakesIsWaitedForAndMadeIfItVanishes) {
  database_.Run("CREATE TABLE t (id int PRIMARY KEY)");
  for (const bool vanishes : {true, false}) {
    SCOPED_TRACE(vanishes);
    database_.Run(absl::StrCat("INSERT INTO t VALUES (", vanishes ? 1 : 2, ")"));
    std::filesystem::remove(dir_ / "state.json");
    Configuration configuration = ConfigurationOf(database_.name());
    configuration["replication_slot"] = vanishes ? "vanishes" : "is_made";
    Configure(configuration);
    const auto older = Server().Connect(database_.name());
    const auto maker = Server().Connect(database_.name());
    ASSERT_TRUE(older.ok() && maker.ok());
    ASSERT_TRUE((*older)->Execute("BEGIN; SELECT pg_current_xact_id()").ok());
    const std::string makes = absl::StrCat("SELECT pg_create_logical_replication_slot('",
                                           configuration["replication_slot"], "', 'pgoutput')");
    ASSERT_EQ(PQsendQuery((*maker)->connection(), makes.c_str()), 1);
    ASSERT_TRUE(tests::Eventually([] {
      return Server().Ask("SELECT count(*) FROM pg_replication_slots WHERE active") == "1";
    }));
    tests::SyncRun run(SyncOptions());
    ASSERT_TRUE(tests::Eventually([] {
      return Server().Ask(
                 "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender' "
                 "AND query LIKE 'START_REPLICATION%'") == "1";
    }));
    if (vanishes) {
      Server().Ask(absl::StrCat("SELECT pg_terminate_backend(", (*maker)->backend(), ")"));
      EXPECT_TRUE(tests::Eventually([] {
        return Server().Ask(
                   "SELECT count(*) FROM pg_stat_activity WHERE backend_type = "
                   "'walsender' AND query LIKE 'CREATE_REPLICATION_SLOT%'") == "1";
      }));
    }
    ASSERT_TRUE((*older)->Execute("ROLLBACK").ok());
    const SyncOutcome outcome = run.Wait();
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    ExpectEqual("t", {"id"});
    GoodSync();
  }
}

TEST_F(Follow, ATransactionThatStaysInvisibleIsLeftToTheNextSync) {
  BeginOrders();
  LoseStandby();
  auto session = Server().Connect(database_.name());
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE((*session)->Execute("SET synchronous_commit = on").ok());
  ASSERT_EQ(PQsendQuery((*session)->connection(), "UPDATE orders SET note = 'late' WHERE id = 1"),
            1);
  EXPECT_TRUE(WaitsForStandby(**session));
  const SyncOutcome outcome = GoodSync();
  EXPECT_THAT(outcome.warnings(), Contains(HasSubstr("synchronous_standby_names"))) << outcome.text;
  EXPECT_EQ(outcome.Count("records"), 0u) << outcome.text;
  RegainStandby();
  PQclear(PQgetResult((*session)->connection()));
  EXPECT_EQ(GoodSync().Count("records"), 1u);
  ExpectEqual("orders", {"id", "note", "big"});
}

}  // namespace
}  // namespace tributary::postgresql_test
