// Comparison with a real server through the real executable: a later sync sends what has
// changed and nothing else, whatever the key, the role and the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/sync_scene.h"
#include "tests/process/database.h"

namespace tributary::postgresql_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tests::SyncOutcome;

Configuration CompareConfiguration(const std::string& database,
                                   const std::string& user = tests::PostgresServer::kUser) {
  Configuration configuration = ConfigurationOf(database, user);
  configuration["update_method"] = "compare";
  return configuration;
}

class PostgresqlCompare : public SyncScene {
 protected:
  PostgresqlCompare() { Configure(CompareConfiguration(database_.name())); }

  struct Counts {
    std::uint64_t upserts = 0;
    std::uint64_t deletes = 0;
    std::uint64_t truncates = 0;
    bool operator==(const Counts&) const = default;
    friend void PrintTo(const Counts& counts, std::ostream* out) {
      *out << counts.upserts << " upserts, " << counts.deletes << " deletes, " << counts.truncates
           << " truncates";
    }
  };
  static Counts CountsOf(const SyncOutcome& outcome, const std::string& table) {
    const std::string name = "public." + table;
    EXPECT_EQ(outcome.TableCount(name, "updates"), 0);
    return {.upserts = outcome.TableCount(name, "upserts"),
            .deletes = outcome.TableCount(name, "deletes"),
            .truncates = outcome.TableCount(name, "truncates")};
  }
};

constexpr char kOrders[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric(12,2), note text);"
    "INSERT INTO orders SELECT i, i / 7.0, 'note ' || i FROM generate_series(1, 150000) i";

TEST_F(PostgresqlCompare, ALaterSyncSendsOnlyWhatHasChanged) {
  database_.Run(kOrders);
  const SyncOutcome first = Sync({}, /*skip_setup=*/false);
  EXPECT_TRUE(first.ok()) << first.text << connector_.Output();
  EXPECT_EQ(CountsOf(first, "orders"), (Counts{150000, 0, 1}));
  ExpectEqual("orders", {"id", "amount", "note"});

  const struct {
    const char* sql;
    Counts counts;
  } kCases[] = {
      {"SELECT 1", {0, 0, 0}},
      {"UPDATE orders SET note = note", {0, 0, 0}},
      {"VACUUM FULL orders", {0, 0, 0}},
      {"UPDATE orders SET note = 'changed' WHERE id % 1000 = 0", {150, 0, 0}},
      {"DELETE FROM orders WHERE id % 1000 = 1", {0, 150, 0}},
      {"INSERT INTO orders SELECT i FROM generate_series(-5, 0) i", {6, 0, 0}},
      {"INSERT INTO orders SELECT i FROM generate_series(150001, 150070) i", {70, 0, 0}},
      // From the first slice to the last.
      {"UPDATE orders SET id = 999999 WHERE id = 5", {1, 1, 0}},
      {"UPDATE orders SET id = 5 WHERE id = 999999", {1, 1, 0}},
      {"TRUNCATE orders", {0, 149926, 0}},
      {"INSERT INTO orders VALUES (7, 7, '7')", {1, 0, 0}},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.sql);
    database_.Run(one.sql);
    const SyncOutcome outcome = GoodSync();
    EXPECT_EQ(CountsOf(outcome, "orders"), one.counts) << outcome.text;
    EXPECT_THAT(outcome.warnings(), IsEmpty());
    ExpectEqual("orders", {"id", "amount", "note"});
  }
}

TEST_F(PostgresqlCompare, EachTypeOfKeyKeepsItsRowsApart) {
  const std::map<std::string, std::string> kKeys = {
      {"bigint", "i"},
      {"integer", "i - 3000"},
      {"smallint", "i - 3000"},
      {"numeric", "i / 8.0"},
      {"real", "i / 8.0"},
      {"double precision", "(i - 3000) / 8.0"},
      {"text", "'k' || i || repeat(chr(228), i % 3)"},
      {"text COLLATE \"C\"", "'k\\''' || i"},
      {"varchar(20)", "'Key ' || i"},
      {"char(8)", "'c' || i"},
      {"name", "'n' || i"},
      {"uuid", "md5(i::text)::uuid"},
      {"bytea", "decode(md5(i::text), 'hex')"},
      {"date", "DATE '1999-01-01' + i"},
      {"timestamp", "TIMESTAMP '1999-01-01' + i * INTERVAL '1.000001 hours'"},
      {"timestamptz", "TIMESTAMPTZ '1999-01-01 00:00:00+00' + i * INTERVAL '1.000001 hours'"},
      {"time", "TIME '00:00' + i * INTERVAL '1 second'"},
      {"interval", "i * INTERVAL '1 hour'"},
      {"inet", "'10.0.0.0'::inet + i"},
      {"bit varying", "i::bit(20)::varbit"},
      {"mood", "(ARRAY['sad', 'fine', 'glad', 'so so'])[i % 4 + 1]::mood"},
      {"integer[]", "ARRAY[i, 2]"},
      {"jsonb", "to_jsonb(i)"},
      {"int4range", "int4range(i, i + 1)"},
  };
  database_.Run("CREATE TYPE mood AS ENUM ('sad', 'so so', 'fine', 'glad')");
  std::vector<std::string> tables;
  for (const auto& [type, expression] : kKeys) {
    const std::string table = absl::StrCat("t", tables.size());
    tables.push_back(table);
    // Enough for several marks, so that slices begin and end within.
    database_.Run(absl::StrCat("CREATE TABLE ", table, " (pad text, k ", type,
                               ", n integer, PRIMARY KEY (k, n)); INSERT INTO ", table,
                               " SELECT repeat(md5(i::text), 20), ", expression,
                               ", i FROM generate_series(1, 6000) i"));
  }
  GoodSync();
  for (const std::string& table : tables) {
    database_.Run(absl::StrCat("DELETE FROM ", table, " WHERE n % 500 = 0; UPDATE ", table,
                               " SET pad = 'other' WHERE n % 600 = 1; UPDATE ", table,
                               " SET n = -n WHERE n % 1000 = 77"));
  }
  const SyncOutcome second = GoodSync();
  for (std::size_t at = 0; at < tables.size(); ++at) {
    SCOPED_TRACE(std::next(kKeys.begin(), static_cast<std::ptrdiff_t>(at))->first);
    EXPECT_EQ(CountsOf(second, tables[at]), (Counts{16, 18, 0})) << second.text;
    ExpectEqual(tables[at], {"n", "pad"});
  }
}

TEST_F(PostgresqlCompare, AnIndexWhoseColumnsTellRowsApartIsAKey) {
  database_.Run(
      "CREATE TABLE t (v text, a integer NOT NULL, b text NOT NULL, c integer);"
      "CREATE UNIQUE INDEX ON t (c); CREATE UNIQUE INDEX ON t (b, a) INCLUDE (v);"
      "CREATE UNIQUE INDEX ON t (lower(b)) WHERE false;"
      "INSERT INTO t SELECT 'v' || i, i, 'b' || i % 7, NULL FROM generate_series(1, 1000) i;"
      "CREATE TABLE included (id integer PRIMARY KEY, v text);"
      "CREATE UNIQUE INDEX again ON included (id) INCLUDE (v);"
      "ALTER TABLE included DROP CONSTRAINT included_pkey, ADD PRIMARY KEY USING INDEX again;"
      "INSERT INTO included SELECT i, 'v' FROM generate_series(1, 1000) i");
  const SyncOutcome first = GoodSync();
  EXPECT_THAT(first.warnings(), IsEmpty());
  database_.Run(
      "UPDATE t SET v = 'x', c = 1 WHERE a = 3; DELETE FROM t WHERE a = 4;"
      "UPDATE included SET v = 'w' WHERE id = 3");
  const SyncOutcome second = GoodSync();
  EXPECT_EQ(CountsOf(second, "t"), (Counts{1, 1, 0}));
  EXPECT_EQ(CountsOf(second, "included"), (Counts{1, 0, 0}));
  ExpectEqual("t", {"v", "a", "b", "c"});
  ExpectEqual("included", {"id", "v"});
}

// A destination may take 1.00 for 1, and the DELETE of 1 for that of the row that was just sent.
TEST_F(PostgresqlCompare, AKeyThatIsOnlySpelledAnewIsNotDeletedAfterItWasSent) {
  database_.Run(
      "CREATE TABLE n (k numeric PRIMARY KEY, v text); INSERT INTO n VALUES (1, 'a'), (2.5, 'b'), "
      "(100, 'c'); CREATE TABLE f (k float8 PRIMARY KEY, v text); INSERT INTO f VALUES (0, 'a')");
  GoodSync();
  database_.Run("DELETE FROM n WHERE k = 100; INSERT INTO n VALUES (7, 'd')");
  EXPECT_EQ(CountsOf(GoodSync(), "n"), (Counts{1, 1, 0}));
  database_.Run(
      "UPDATE n SET k = 1.00 WHERE k = 1; UPDATE n SET k = 2.50 WHERE k = 2.5;"
      "UPDATE f SET k = '-0'");
  const SyncOutcome second = GoodSync();
  EXPECT_EQ(CountsOf(second, "n").deletes, 0) << second.text;
  EXPECT_EQ(CountsOf(second, "n").truncates, 1) << second.text;
  EXPECT_EQ(CountsOf(second, "f").truncates, 1) << second.text;
  ExpectEqual("n", {"k", "v"});
  EXPECT_EQ(CountsOf(GoodSync(), "n"), (Counts{0, 0, 0}));
}

TEST_F(PostgresqlCompare, AnotherVersionOfACollationHasTheTableCopiedAgain) {
  database_.Run(
      "CREATE COLLATION ours (provider = icu, locale = 'de');"
      "CREATE TABLE ours (k text COLLATE ours PRIMARY KEY, v integer);"
      "CREATE TABLE usual (k text PRIMARY KEY, v integer);"
      "CREATE TABLE plain (k text COLLATE \"C\" PRIMARY KEY, v integer);"
      "CREATE TABLE numbers (k integer PRIMARY KEY, v text);"
      "INSERT INTO ours SELECT 'k' || i, i FROM generate_series(1, 100) i;"
      "INSERT INTO usual SELECT * FROM ours; INSERT INTO plain SELECT * FROM ours;"
      "INSERT INTO numbers SELECT v, k FROM ours");
  GoodSync();
  EXPECT_EQ(CountsOf(GoodSync(), "ours"), (Counts{0, 0, 0}));
  database_.Run("UPDATE pg_collation SET collversion = 'other' WHERE collname = 'ours'");
  const SyncOutcome second = GoodSync();
  EXPECT_EQ(CountsOf(second, "ours"), (Counts{100, 0, 1})) << second.text;
  for (const char* const table : {"usual", "plain", "numbers"}) {
    EXPECT_EQ(CountsOf(second, table), (Counts{0, 0, 0})) << table;
  }
  database_.Run(
      "UPDATE pg_database SET datcollversion = 'other' WHERE datname = current_database()");
  const SyncOutcome third = GoodSync();
  EXPECT_EQ(CountsOf(third, "usual"), (Counts{100, 0, 1})) << third.text;
  for (const char* const table : {"ours", "plain", "numbers"}) {
    EXPECT_EQ(CountsOf(third, table), (Counts{0, 0, 0})) << table;
  }
}

TEST_F(PostgresqlCompare, ATableWithoutAKeyIsSentAgainOnlyWhereAnythingInItHasChanged) {
  database_.Run(
      "CREATE TABLE keyless (a integer, b text);"
      "INSERT INTO keyless SELECT i % 5, 'b' FROM generate_series(1, 1000) i;"
      "CREATE TABLE void (a integer);"
      "CREATE MATERIALIZED VIEW seen AS SELECT a, count(*) AS n FROM keyless GROUP BY a");
  const SyncOutcome first = GoodSync();
  EXPECT_THAT(first.warnings(), Contains(HasSubstr("equal rows of them are one row")));
  EXPECT_EQ(CountsOf(first, "keyless"), (Counts{1000, 0, 1}));
  const struct {
    const char* sql;
    Counts keyless, seen;
  } kCases[] = {
      {"SELECT 1", {0, 0, 0}, {0, 0, 0}},
      // The same rows in another order.
      {"CREATE TABLE other AS SELECT * FROM keyless ORDER BY a; TRUNCATE keyless;"
       "INSERT INTO keyless SELECT * FROM other; DROP TABLE other",
       {0, 0, 0},
       {0, 0, 0}},
      // A row more that is equal to others, and one less.
      {"INSERT INTO keyless VALUES (1, 'b')", {1001, 0, 1}, {0, 0, 0}},
      {"DELETE FROM keyless WHERE ctid = (SELECT min(ctid) FROM keyless WHERE a = 1)",
       {1000, 0, 1},
       {0, 0, 0}},
      {"DELETE FROM keyless WHERE a = 2; REFRESH MATERIALIZED VIEW seen", {800, 0, 1}, {4, 0, 1}},
      {"DELETE FROM keyless", {0, 0, 1}, {0, 0, 0}},
      {"REFRESH MATERIALIZED VIEW seen", {0, 0, 0}, {0, 0, 1}},
      {"INSERT INTO void VALUES (1)", {0, 0, 0}, {0, 0, 0}},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.sql);
    database_.Run(one.sql);
    const SyncOutcome outcome = GoodSync();
    EXPECT_EQ(CountsOf(outcome, "keyless"), one.keyless) << outcome.text;
    EXPECT_EQ(CountsOf(outcome, "seen"), one.seen) << outcome.text;
  }
  ExpectEqual("void", {"a"});
}

TEST_F(PostgresqlCompare, APartitionedTableIsComparedByItsKey) {
  database_.Run(
      "CREATE TABLE parts (v text, id integer, at date, PRIMARY KEY (at, id)) "
      "PARTITION BY RANGE (at);"
      "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
      "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
      "INSERT INTO parts SELECT repeat(md5(i::text), 20), i, DATE '2024-06-01' + i % 400 FROM "
      "generate_series(1, 8000) i");
  GoodSync();
  database_.Run(
      "UPDATE parts SET v = 'x' WHERE id % 1000 = 0; DELETE FROM parts WHERE id = 4321;"
      "UPDATE parts SET at = at + 365 WHERE id = 1; ALTER TABLE parts DETACH PARTITION parts_2;"
      "CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2027-01-01');"
      "INSERT INTO parts SELECT * FROM parts_2; DROP TABLE parts_2");
  const SyncOutcome second = GoodSync();
  EXPECT_EQ(CountsOf(second, "parts"), (Counts{9, 2, 0})) << second.text;
  ExpectEqual("parts", {"v", "id", "at"});
}

TEST_F(PostgresqlCompare, OtherColumnsAreSentWithoutATruncateAndAnotherKeyWithOne) {
  database_.Run(
      "CREATE TABLE t (id integer PRIMARY KEY, a text, b text);"
      "INSERT INTO t SELECT i, 'a', 'b' FROM generate_series(1, 100) i");
  GoodSync();
  database_.Run(
      "ALTER TABLE t ADD c integer NOT NULL DEFAULT 7, DROP b; DELETE FROM t WHERE id = 1");
  // Other columns are told by the setup.
  const SyncOutcome columns = Sync({}, /*skip_setup=*/false);
  EXPECT_EQ(CountsOf(columns, "t"), (Counts{99, 1, 0})) << columns.text;
  ExpectEqual("t", {"id", "a", "c"});
  database_.Run("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (a, id)");
  const SyncOutcome key = Sync({}, /*skip_setup=*/false);
  EXPECT_EQ(CountsOf(key, "t"), (Counts{99, 0, 1})) << key.text;
  EXPECT_EQ(CountsOf(GoodSync(), "t"), (Counts{0, 0, 0}));
}

TEST_F(PostgresqlCompare, ARoleThatMayOnlyReadIsEnoughAndNothingIsMadeInTheSource) {
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

TEST_F(PostgresqlCompare, AStandbyIsASourceAsWell) {
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

TEST_F(PostgresqlCompare, WhatIsKilledInMidComparisonIsReadAgain) {
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
    EXPECT_TRUE(killed) << "the sync was over too soon to be disturbed";
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

TEST_F(PostgresqlCompare, AWriterThatIsBusyMeanwhileLosesNothing) {
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
  // Rows that nobody writes are exactly there, in each sync.
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

TEST_F(PostgresqlCompare, TheDestinationHasTheSameRowsWhicheverWayTheyCame) {
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
  // The other method copies, and then follows.
  std::filesystem::remove(dir_ / "state.json");
  std::filesystem::remove(dir_ / "warehouse.db");
  database_.Run("TRUNCATE t; INSERT INTO t SELECT " + values + " FROM generate_series(1, 3000) i");
  Configure(ConfigurationOf(database_.name()));
  GoodSync();
  change(3001);
  GoodSync();
  EXPECT_EQ(content(), compared);
}

TEST_F(PostgresqlCompare, TheMethodCanBeChangedAndChangedBack) {
  database_.Run("CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  GoodSync();
  for (const bool compares : {false, true, false}) {
    Configure(compares ? CompareConfiguration(database_.name())
                       : ConfigurationOf(database_.name()));
    database_.Run("INSERT INTO t SELECT max(id) + 1, 'b' FROM t");
    GoodSync();
    ExpectEqual("t", {"id", "v"});
    database_.Run("DELETE FROM t WHERE v = 'b'; UPDATE t SET v = v || 'c'");
    EXPECT_EQ(CountsOf(GoodSync(), "t").truncates, 0);
    ExpectEqual("t", {"id", "v"});
  }
}

class ComparedBesideTheLog : public PostgresqlCompare {
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
  // From the log to a comparison and back is another way of knowing the rows.
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
