// The real executable follows the log of a real server: which records each kind of change produces,
// and what the user is told if the log cannot be followed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/sync_scene.h"

namespace tributary::postgresql_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using tests::SyncOutcome;

class Follow : public SyncScene {
 protected:
  std::string SlotOf(const std::string& column) {
    return Server().Ask(absl::StrCat(
        "SELECT ", column, " FROM pg_replication_slots WHERE database = '", database_.name(), "'"));
  }
  nlohmann::json State() { return nlohmann::json::parse(std::ifstream(dir_ / "state.json")); }
  void BeginOrders() {
    database_.Run(
        "CREATE TABLE orders (id int PRIMARY KEY, note text, big text);"
        "ALTER TABLE orders ALTER big SET STORAGE EXTERNAL;"
        "INSERT INTO orders SELECT i, 'n', repeat(md5(i::text), 100) FROM generate_series(1, 100) "
        "i");
    GoodSync();
  }
};

TEST_F(Follow, EachChangeIsSentAsWhatItIs) {
  BeginOrders();
  const struct {
    const char* sql;
    std::uint64_t upserts, updates, deletes, truncates;
  } kCases[] = {
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
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.sql);
    static_cast<void>(Server().Execute(one.sql, database_.name()));
    const SyncOutcome outcome = GoodSync();
    const std::string table = "public.orders";
    EXPECT_EQ(outcome.TableCount(table, "upserts"), one.upserts) << outcome.text;
    EXPECT_EQ(outcome.TableCount(table, "updates"), one.updates) << outcome.text;
    EXPECT_EQ(outcome.TableCount(table, "deletes"), one.deletes) << outcome.text;
    EXPECT_EQ(outcome.TableCount(table, "truncates"), one.truncates) << outcome.text;
    ExpectEqual("orders", {"id", "note", "big"});
  }
}

TEST_F(Follow, WhatTheLogDoesNotTellMakesTheTableCopyAgain) {
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
      "CREATE TABLE parts (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);"
      "CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0);"
      "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);"
      "INSERT INTO parts VALUES (1, 0), (2, 1);"
      "CREATE TABLE loose (id int, k int, PRIMARY KEY (id, k)); INSERT INTO loose VALUES (3, 2)");
  GoodSync();
  for (const char* const sql : {
           "ALTER TABLE t ADD w int DEFAULT 5",
           "ALTER TABLE t ALTER v TYPE text USING upper(v)",
           "ALTER TABLE t DROP w",
           "ALTER TABLE t RENAME v TO u; ALTER TABLE t RENAME u TO v",
           // The columns in the log have the same names and types as before.
           "ALTER TABLE t DROP v; ALTER TABLE t ADD v text",
           "UPDATE t SET v = 'v' || id; ALTER TABLE t ADD u text; UPDATE t SET u = 'u' || id; "
           "ALTER TABLE t RENAME v TO w; ALTER TABLE t RENAME u TO v; ALTER TABLE t RENAME w TO u",
           "ALTER TABLE t DROP u; ALTER TABLE t DROP v; ALTER TABLE t ADD v text DEFAULT 'd'; "
           "ALTER TABLE t ALTER v DROP DEFAULT",
           "ALTER TABLE t ADD e text DEFAULT 'e'; ALTER TABLE t ALTER e DROP DEFAULT",
           "TRUNCATE parts_1",
           "ALTER TABLE parts ATTACH PARTITION loose FOR VALUES IN (2)",
           "ALTER TABLE parts DETACH PARTITION parts_0",
           "ALTER PUBLICATION tributary DROP TABLE t; INSERT INTO t VALUES (3, 'c')",
           "ALTER PUBLICATION tributary DROP TABLE t; ALTER TABLE t SET UNLOGGED; "
           "INSERT INTO t VALUES (4, 'd'); ALTER TABLE t SET LOGGED",
       }) {
    SCOPED_TRACE(sql);
    const auto done = Server().Execute(sql, database_.name());
    EXPECT_TRUE(done.ok()) << done.status();
    // Rewrites the rows, which then contain the columns' defaults.
    database_.Run("VACUUM FULL t");
    // Fivetran also asks for the schema before each sync.
    const SyncOutcome outcome = Sync({}, /*skip_setup=*/false);
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    ExpectEqual("t", {"id", "v"});
    ExpectEqual("parts", {"id", "k"});
  }
  ExpectEqual("t", {"id", "v", "e"});
}

TEST_F(Follow, ChangesOfColumnsBetweenChangesOfRowsLoseNothing) {
  BeginOrders();
  database_.Run(
      "UPDATE orders SET note = 'before' WHERE id = 1;"
      "BEGIN; UPDATE orders SET note = 'within' WHERE id = 2; ALTER TABLE orders ADD extra int;"
      "UPDATE orders SET extra = 7 WHERE id = 3; ALTER TABLE orders RENAME note TO remark;"
      "UPDATE orders SET remark = 'after' WHERE id = 4; COMMIT;"
      "ALTER TABLE orders ALTER id TYPE bigint; DELETE FROM orders WHERE id = 5");
  for (int i = 0; i < 2; ++i) {
    const SyncOutcome outcome = Sync({}, /*skip_setup=*/false);
    EXPECT_TRUE(outcome.ok()) << outcome.text;
  }
  ExpectEqual("orders", {"id", "remark", "extra", "big"});
}

TEST_F(Follow, AColumnInWhichRowsHoldNullIsAddedWithoutACopy) {
  BeginOrders();
  const struct {
    const char* sql;
    std::uint64_t upserts;
  } kCases[] = {
      {"ALTER TABLE orders ADD a int", 0},
      {"UPDATE orders SET a = 1, big = 'x' WHERE id = 1", 1},
      // The log first contains changes of rows that do not have the new column yet.
      {"UPDATE orders SET big = 'y' WHERE id = 2; ALTER TABLE orders ADD b text; "
       "UPDATE orders SET b = 'z', big = 'y' WHERE id = 3",
       2},
      {"INSERT INTO orders (id) VALUES (1000); ALTER TABLE orders ADD c int DEFAULT 7",
       // All 100 rows because of the default, and the rows from the log.
       102},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.sql);
    database_.Run(one.sql);
    const SyncOutcome outcome = Sync({}, /*skip_setup=*/false);
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    EXPECT_EQ(outcome.TableCount("public.orders", "truncates"), 0u) << outcome.text;
    EXPECT_EQ(outcome.TableCount("public.orders", "upserts"), one.upserts) << outcome.text;
  }
  ExpectEqual("orders", {"id", "note", "big", "a", "b", "c"});
}

// The column is added after the catalog was read, at different positions of the log.
TEST_F(Follow, AColumnThatIsAddedDuringASyncIsSentWithItsValues) {
  database_.Run(
      "CREATE TABLE busy (id int PRIMARY KEY, v int); INSERT INTO busy SELECT i, i FROM "
      "generate_series(1, 2000) i");
  GoodSync();
  for (int round = 0; round < 4; ++round) {
    const std::string column = absl::StrCat("c", round);
    std::atomic<bool> done = false;
    std::thread changes([&] {
      for (int i = 0; i < 40; ++i) {
        database_.Run(absl::StrCat("UPDATE busy SET v = v + 1 WHERE id % 40 = ", i));
        if (i == 10 * round) database_.Run(absl::StrCat("ALTER TABLE busy ADD ", column, " int"));
        if (i >= 10 * round) {
          database_.Run(absl::StrCat("UPDATE busy SET ", column, " = id WHERE id % 40 = ", i));
        }
      }
      done = true;
    });
    while (!done) GoodSync();
    changes.join();
    const SyncOutcome last = Sync({}, /*skip_setup=*/false);
    EXPECT_TRUE(last.ok()) << last.text;
    ExpectEqual("busy", {"id", "v", column});
  }
}

TEST_F(Follow, RowsWhoseKeysHaveNoCounterpartComeAndGoWithTheirKeys) {
  database_.Run("CREATE TABLE n (id numeric PRIMARY KEY, v int); INSERT INTO n VALUES (1, 1)");
  GoodSync();
  const struct {
    const char* sql;
    std::uint64_t upserts, deletes;
  } kCases[] = {
      {"INSERT INTO n VALUES ('NaN', 1), (2, 2); UPDATE n SET v = 3 WHERE id = 'NaN'", 1, 0},
      {"UPDATE n SET id = 3 WHERE id = 'NaN'; UPDATE n SET id = 'Infinity' WHERE id = 2", 1, 1},
      {"DELETE FROM n WHERE id = 'Infinity'; DELETE FROM n WHERE id = 3", 0, 1},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.sql);
    database_.Run(one.sql);
    const SyncOutcome outcome = GoodSync();
    EXPECT_EQ(outcome.TableCount("public.n", "upserts"), one.upserts) << outcome.text;
    EXPECT_EQ(outcome.TableCount("public.n", "deletes"), one.deletes) << outcome.text;
  }
  ExpectEqual("n", {"id", "v"});
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

// What breaks the log, what the Task says, and how the user repairs it.
TEST_F(Follow, WhereTheLogIsLostATaskSaysWhyAndNothingIsSent) {
  BeginOrders();
  const struct {
    std::string sql;
    const char* text;
  } kCases[] = {
      {absl::StrCat("SELECT pg_replication_slot_advance('", SlotOf("slot_name"),
                    "', pg_current_wal_lsn())"),
       "something else has read from the slot"},
      {absl::StrCat("SELECT pg_drop_replication_slot('", SlotOf("slot_name"), "')"),
       "it does not exist any longer"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.sql);
    database_.Run("UPDATE orders SET note = note || 'x'");
    database_.Run(one.sql);
    const SyncOutcome outcome = Sync();
    EXPECT_THAT(outcome.task(), HasSubstr(one.text)) << outcome.text;
    EXPECT_THAT(outcome.task(), HasSubstr("re-sync"));
    EXPECT_EQ(outcome.Count("records"), 0u);
  }
  // The re-sync that the Task asks for.
  std::ofstream(dir_ / "state.json", std::ios::trunc) << "{}";
  GoodSync();
  ExpectEqual("orders", {"id", "note", "big"});
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
