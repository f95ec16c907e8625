// Comparison with a real server through the real executable: a later sync sends only what has
// changed, for every kind of key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/compare_scene.h"

namespace tributary::postgresql_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using tests::SyncOutcome;

using PostgresqlCompare = CompareScene;

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
      // The row moves from the first slice to the last one, and back.
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
    // Enough rows for several marks, so that slices begin and end within the table.
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

// A destination may treat 1.00 and 1 as the same key, and would then delete the new row when it
// gets the DELETE of the old one.
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
      // One more row that equals others, and then one less.
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
  // Only the setup reports that the columns have changed.
  const SyncOutcome columns = Sync({}, /*skip_setup=*/false);
  EXPECT_EQ(CountsOf(columns, "t"), (Counts{99, 1, 0})) << columns.text;
  ExpectEqual("t", {"id", "a", "c"});
  database_.Run("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (a, id)");
  const SyncOutcome key = Sync({}, /*skip_setup=*/false);
  EXPECT_EQ(CountsOf(key, "t"), (Counts{99, 0, 1})) << key.text;
  EXPECT_EQ(CountsOf(GoodSync(), "t"), (Counts{0, 0, 0}));
}

}  // namespace
}  // namespace tributary::postgresql_test
