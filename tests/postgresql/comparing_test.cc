// Comparison with a real server through the real executable: with restricted roles and other kinds
// of servers, with killed processes, with concurrent writers, and next to tables that follow the
// log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/compare_scene.h"
#include "tests/process/database.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using tests::SyncOutcome;

using PostgresqlComparing = CompareScene;

TEST_F(PostgresqlComparing, ARoleThatMayOnlyReadIsEnoughAndNothingIsMadeInTheSource) {
  database_.Run(
      "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
      "CREATE TABLE k (v text); INSERT INTO k VALUES ('a');"
      "CREATE ROLE reader LOGIN; GRANT SELECT ON t, k TO reader");
  Configure(CompareConfiguration(database_.name(), "reader"));
  const SyncOutcome first = Sync({}, /*skip_setup=*/false);
  EXPECT_TRUE(first.ok()) << first.text << connector_.Output();
  database_.Run("UPDATE t SET v = 'c' WHERE id = 2; DELETE FROM k");
  const SyncOutcome second = GoodSync();
  EXPECT_EQ(CountsOf(second, "t"), (Counts{1, 0, 0}));
  EXPECT_EQ(CountsOf(second, "k"), (Counts{0, 0, 1}));
  ExpectEqual("t", {"id", "v"});
  EXPECT_EQ(Server().Ask("SELECT (SELECT count(*) FROM pg_replication_slots) + "
                         "(SELECT count(*) FROM pg_publication)",
                         database_.name()),
            "0");
  database_.Run("DROP OWNED BY reader");
  Execute("DROP ROLE reader");
}

TEST_F(PostgresqlComparing, AStandbyIsASourceAsWell) {
  database_.Run(kOrders);
  const auto standby = tests::PostgresServer::MakeStandby(Server());
  ASSERT_TRUE(standby.ok()) << standby.status();
  Configuration configuration = CompareConfiguration(database_.name());
  configuration["port"] = absl::StrCat((*standby)->port());
  Configure(configuration);
  const SyncOutcome first = Sync({}, /*skip_setup=*/false);
  EXPECT_TRUE(first.ok()) << first.text << connector_.Output();
  database_.Run("UPDATE orders SET note = 'x' WHERE id = 70000; DELETE FROM orders WHERE id = 3");
  const std::string until = Server().Ask("SELECT pg_current_wal_lsn()");
  for (int tries = 0; tries < 200; ++tries) {
    if ((*standby)->Ask("SELECT pg_last_wal_replay_lsn() >= '" + until + "'") == "t") break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(CountsOf(GoodSync(), "orders"), (Counts{1, 1, 0}));
  ExpectEqual("orders", {"id", "amount", "note"});
}

TEST_F(PostgresqlComparing, WhatIsKilledInMidComparisonIsReadAgain) {
  database_.Run(kOrders);
  GoodSync();
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    database_.Run(absl::StrCat("UPDATE orders SET note = 'round ", round, "' WHERE id % 3 = ",
                               round % 3, "; DELETE FROM orders WHERE id % 101 = ", round,
                               "; INSERT INTO orders SELECT i FROM generate_series(",
                               200000 + 1000 * round, ", ", 200900 + 1000 * round, ") i"));
    tests::SyncRunOptions options = SyncOptions({"--read-delay-ms", "1"});
    tests::SyncRun run(options);
    bool killed = false;
    for (int tries = 0; run.running() && !killed && tries < 2000; ++tries) {
      const pid_t worker = connector_.WorkerOn("public.orders");
      if (worker == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        continue;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      switch (round) {
        case 0:
          killed = ::kill(worker, SIGKILL) == 0;
          break;
        case 1:
          killed = Server().Ask(
                       "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                       "WHERE application_name = 'tributary' AND query LIKE '%COPY%'") != "0";
          break;
        case 2:
          run.Kill();
          killed = true;
          break;
        default:
          killed = connector_.Signal(SIGKILL);
      }
    }
    EXPECT_TRUE(killed) << "the sync ended before it could be disturbed";
    const SyncOutcome disturbed = run.Wait(std::chrono::minutes(2));
    if (round == 3) {
      connector_.Wait();
      ASSERT_TRUE(connector_.Start().ok());
    }
    if (round < 2) {
      EXPECT_TRUE(disturbed.ok()) << disturbed.text;
    }
    if (round % 2 == 1) {
      database_.Run(
          "DELETE FROM orders WHERE id % 997 = 0; UPDATE orders SET note = 'late' WHERE "
          "id % 991 = 0");
    }
    const SyncOutcome next = GoodSync();
    EXPECT_EQ(CountsOf(next, "orders").truncates, 0) << next.text << connector_.Output();
    ExpectEqual("orders", {"id", "amount", "note"});
    EXPECT_EQ(CountsOf(GoodSync(), "orders"), (Counts{0, 0, 0}));
  }
}

// Rows between two marks of a slice have already been sent when its worker ends, and are read
// again.
TEST_F(PostgresqlComparing, RowsAreDeletedThatWereGivenOutAndAreGoneWhenTheyAreReadAgain) {
  const struct {
    const char* table;
    const char* sql;
    bool is_copied_again;
  } kTables[] = {
      {"orders", kOrders, false},
      // A key type whose order may change, and a table without a key: each is read as a single
      // slice, and the rings hold only a part of it.
      {"odd",
       "CREATE TABLE odd (k jsonb PRIMARY KEY, id integer, note text); INSERT INTO odd "
       "SELECT to_jsonb(i), i, repeat('note', 250) FROM generate_series(1, 40000) i",
       false},
      {"keyless",
       "CREATE TABLE keyless (id integer, note text); INSERT INTO keyless "
       "SELECT i, repeat('note', 250) FROM generate_series(1, 40000) i",
       true},
  };
  for (const auto& one : kTables) {
    SCOPED_TRACE(one.table);
    database_.Run(one.sql);
    tests::SyncRun run(SyncOptions({"--read-delay-ms", "5"}));
    const std::string title = absl::StrCat("public.", one.table);
    pid_t worker = 0;
    for (int tries = 0; worker == 0 && run.running() && tries < 5000; ++tries) {
      worker = connector_.WorkerOn(title);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_TRUE(connector_.Signal(SIGSTOP));
    EXPECT_EQ(::kill(worker, SIGKILL), 0);
    database_.Run(absl::StrCat("DELETE FROM ", one.table, " WHERE id % 3 <> 0"));
    ASSERT_TRUE(connector_.Signal(SIGCONT));
    const SyncOutcome first = run.Wait(std::chrono::minutes(2));
    EXPECT_TRUE(first.ok()) << first.text << connector_.Output();
    const SyncOutcome second = GoodSync();
    if (!one.is_copied_again) {
      EXPECT_EQ(CountsOf(second, one.table).truncates, 0) << second.text;
    }
    ExpectEqual(one.table, {"id", "note"});
    database_.Run(absl::StrCat("DROP TABLE ", one.table));
  }
}

TEST_F(PostgresqlComparing, AFirstCopyGoesOnWhereItWasInterrupted) {
  constexpr std::uint64_t kRows = 300'000;
  database_.Run(absl::StrCat(
      "CREATE TABLE large (id bigint PRIMARY KEY, n integer, note text);"
      "INSERT INTO large SELECT i, 0, repeat(md5(i::text), 10) FROM generate_series(1, ",
      kRows, ") i"));
  for (const char* const killed : {"connector", "client", "connector"}) {
    SCOPED_TRACE(killed);
    const auto state = [this] {
      std::ifstream file(dir_ / "state.json");
      return std::string{std::istreambuf_iterator<char>(file), {}};
    };
    const std::string before = state();
    tests::SyncRun run(SyncOptions({"--read-delay-ms", "3"}));
    // This sync has saved a state of its own, and a part of the table is still being read.
    const bool goes_on = tests::Eventually([&state, &before] {
      const std::string now = state();
      return now.find("\"done\"") != now.npos && now != before;
    });
    EXPECT_TRUE(goes_on && run.running()) << "the sync ended before it could be disturbed";
    if (killed == std::string("client")) {
      run.Kill();
    } else {
      ASSERT_TRUE(connector_.Signal(SIGKILL));
    }
    const SyncOutcome disturbed = run.Wait(std::chrono::minutes(2));
    if (killed == std::string("connector")) {
      connector_.Wait();
      ASSERT_TRUE(connector_.Start().ok());
    }
    database_.Run(
        "DELETE FROM large WHERE id % 7 = 3; UPDATE large SET n = n + 1 WHERE id % 11 = 0");
    if (!before.empty()) {
      EXPECT_EQ(CountsOf(disturbed, "large").truncates, 0) << disturbed.text;
    }
  }
  const SyncOutcome rest = GoodSync();
  EXPECT_EQ(CountsOf(rest, "large").truncates, 0) << rest.text << connector_.Output();
  EXPECT_LT(CountsOf(rest, "large").upserts, kRows);
  // Includes the rows that have changed since an earlier sync copied them.
  ExpectEqual("large", {"id", "n", "note"});
  EXPECT_EQ(CountsOf(GoodSync(), "large"), (Counts{0, 0, 0}));
}

TEST_F(PostgresqlComparing, AWriterThatIsBusyMeanwhileLosesNothing) {
  database_.Run(kOrders);
  std::atomic<bool> ends = false;
  std::thread writer([this, &ends] {
    for (int i = 1; !ends; ++i) {
      database_.Run(absl::StrCat(
          "UPDATE orders SET note = 'busy ", i, "' WHERE id % 500 = ", i % 500,
          "; DELETE FROM orders WHERE id = ", 10 * i, "; INSERT INTO orders VALUES (", 10 * i,
          ", 1, 'again') ON CONFLICT DO NOTHING; UPDATE orders SET id = ", 200000 + i,
          " WHERE id = ", 149000 - i, "; UPDATE orders SET id = ", -i, " WHERE id = ", 140000 + i));
    }
  });
  // A table that nobody changes is equal to the source after each sync.
  database_.Run(
      "CREATE TABLE still (id integer PRIMARY KEY, v text);"
      "INSERT INTO still SELECT i, 'v' FROM generate_series(1, 20000) i");
  for (int sync = 0; sync < 3; ++sync) {
    GoodSync();
    ExpectEqual("still", {"id", "v"});
  }
  ends = true;
  writer.join();
  GoodSync();
  ExpectEqual("orders", {"id", "amount", "note"});
  const SyncOutcome last = GoodSync();
  EXPECT_EQ(CountsOf(last, "orders"), (Counts{0, 0, 0}));
}

TEST_F(PostgresqlComparing, TheDestinationHasTheSameRowsWhicheverWayTheyCame) {
  const std::string values =
      "i, i % 7 = 0, (i * 1.5)::numeric(20,4), i / 3.0::float8, chr(65 + i % 26) || chr(8364), "
      "DATE '2000-01-01' + i, TIMESTAMPTZ '2001-02-03 04:05:06+00' + i * INTERVAL '1.5 hours', "
      "decode(md5(i::text), 'hex'), md5(i::text)::uuid, jsonb_build_object('i', i), ARRAY[i, "
      "NULL], "
      "i * INTERVAL '1 minute', CASE WHEN i % 11 = 0 THEN NULL ELSE repeat('x', i % 5000) END";
  database_.Run(
      "CREATE TABLE t (id integer PRIMARY KEY, b boolean, n numeric(20,4), f float8, s text, "
      "d date, z timestamptz, y bytea, u uuid, j jsonb, a integer[], v interval, x text);"
      "INSERT INTO t SELECT " +
      values + " FROM generate_series(1, 3000) i");
  const auto content = [this] {
    tests::Database warehouse(dir_ / "warehouse.db");
    return warehouse.Text(
        "SELECT group_concat(line, char(10)) FROM (SELECT id || '|' || b || '|' || n || '|' || f "
        "|| '|' || s || '|' || d || '|' || z || '|' || hex(y) || '|' || u || '|' || j || '|' || a "
        "|| '|' || v || '|' || coalesce(x, '-') AS line FROM \"public.t\" WHERE NOT "
        "_fivetran_deleted ORDER BY id)");
  };
  const auto change = [this, &values](int from) {
    database_.Run(absl::StrCat("DELETE FROM t WHERE id % 100 = 5; INSERT INTO t SELECT ", values,
                               " FROM generate_series(", from, ", ", from + 500,
                               ") i; UPDATE t SET s = s || 'y', n = n + 1 WHERE id % 10 = 2"));
  };
  GoodSync();
  change(3001);
  GoodSync();
  const std::string compared = content();
  EXPECT_THAT(compared, HasSubstr("3001|"));
  // The same changes with the other update method: a copy, and then the log.
  std::filesystem::remove(dir_ / "state.json");
  std::filesystem::remove(dir_ / "warehouse.db");
  database_.Run("TRUNCATE t; INSERT INTO t SELECT " + values + " FROM generate_series(1, 3000) i");
  Configure(ConfigurationOf(database_.name()));
  GoodSync();
  change(3001);
  GoodSync();
  EXPECT_EQ(content(), compared);
}

TEST_F(PostgresqlComparing, TheMethodCanBeChangedAndChangedBack) {
  database_.Run("CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  GoodSync();
  for (const bool compares : {false, true, false}) {
    Configure(compares ? CompareConfiguration(database_.name())
                       : ConfigurationOf(database_.name()));
    database_.Run("INSERT INTO t SELECT max(id) + 1, 'b' FROM t");
    // The slot is kept, and no one reads the log.
    EXPECT_THAT(GoodSync().warnings(),
                Contains(HasSubstr("SELECT pg_drop_replication_slot(")).Times(compares ? 1 : 0));
    ExpectEqual("t", {"id", "v"});
    database_.Run("DELETE FROM t WHERE v = 'b'; UPDATE t SET v = v || 'c'");
    EXPECT_EQ(CountsOf(GoodSync(), "t").truncates, 0);
    ExpectEqual("t", {"id", "v"});
  }
}

// The client has never saved the state of the sync that followed the log.
TEST_F(PostgresqlComparing, DigestsFromBeforeACopyByTheLogAreNotUsed) {
  database_.Run(
      "CREATE TABLE t (id integer PRIMARY KEY, v text);"
      "INSERT INTO t SELECT i, 'a' FROM generate_series(1, 5) i");
  GoodSync();
  database_.Run("UPDATE t SET v = 'b' WHERE id = 1");
  GoodSync();
  const auto state = dir_ / "state.json";
  std::filesystem::copy_file(state, dir_ / "before.json");
  Configure(ConfigurationOf(database_.name()));
  database_.Run("INSERT INTO t VALUES (6, 'new'); UPDATE t SET v = 'c' WHERE id = 2");
  GoodSync();
  Configure(CompareConfiguration(database_.name()));
  database_.Run("DELETE FROM t WHERE id = 6; UPDATE t SET v = 'a' WHERE id = 2");
  std::filesystem::copy_file(dir_ / "before.json", state,
                             std::filesystem::copy_options::overwrite_existing);
  GoodSync();
  ExpectEqual("t", {"id", "v"});
}

class ComparedBesideTheLog : public CompareScene {
 protected:
  ComparedBesideTheLog() { Configure(ConfigurationOf(database_.name())); }
};

TEST_F(ComparedBesideTheLog, WhatTheLogDoesNotTellOfIsComparedInTheSameSync) {
  database_.Run(
      "CREATE TABLE logged (id integer PRIMARY KEY, v text);"
      "CREATE UNLOGGED TABLE fleeting (id integer PRIMARY KEY, v text);"
      "CREATE TABLE nothing (id integer PRIMARY KEY, v text);"
      "ALTER TABLE nothing REPLICA IDENTITY NOTHING;"
      "CREATE TABLE indexed (id integer NOT NULL UNIQUE, v text);"
      "CREATE TABLE keyless (v text);"
      "INSERT INTO logged SELECT i, 'v' FROM generate_series(1, 1000) i;"
      "INSERT INTO fleeting SELECT * FROM logged; INSERT INTO nothing SELECT * FROM logged;"
      "INSERT INTO indexed SELECT * FROM logged; INSERT INTO keyless SELECT id FROM logged");
  const std::vector<std::string> kTables = {"logged", "fleeting", "nothing", "indexed"};
  const SyncOutcome first = GoodSync();
  EXPECT_THAT(first.warnings(), Contains(HasSubstr("read whole and compared in each sync")));
  for (const std::string& table : kTables) {
    EXPECT_EQ(CountsOf(first, table), (Counts{1000, 0, 1})) << table;
    database_.Run(absl::StrCat("UPDATE ", table, " SET v = 'w' WHERE id = 7; DELETE FROM ", table,
                               " WHERE id = 8; INSERT INTO ", table, " VALUES (1001, 'n')"));
  }
  const SyncOutcome second = GoodSync();
  for (const std::string& table : kTables) {
    EXPECT_EQ(CountsOf(second, table), (Counts{2, 1, 0})) << table << second.text;
    ExpectEqual(table, {"id", "v"});
  }
  EXPECT_EQ(CountsOf(second, "keyless"), (Counts{0, 0, 0}));
  const SyncOutcome third = GoodSync();
  for (const std::string& table : kTables) {
    EXPECT_EQ(CountsOf(third, table), (Counts{0, 0, 0})) << table;
  }
  // Each table changes its method: from the log to comparison, and from comparison to the log.
  database_.Run("ALTER PUBLICATION tributary DROP TABLE logged");
  database_.Run(
      "ALTER TABLE logged REPLICA IDENTITY NOTHING; ALTER TABLE nothing REPLICA IDENTITY "
      "DEFAULT; UPDATE logged SET v = 'x'; UPDATE nothing SET v = 'x'");
  GoodSync();
  ExpectEqual("logged", {"id", "v"});
  ExpectEqual("nothing", {"id", "v"});
}

}  // namespace
}  // namespace tributary::postgresql_test
