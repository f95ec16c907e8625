// Tables that are altered while the log is followed: their columns, keys, partitions and files. The
// log names columns as they were called when a row changed, and does not tell of some changes at
// all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/postgresql/sync_scene.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using testing::HasSubstr;
using tests::SyncOutcome;

class AlteredTables : public SyncScene {
 protected:
  // Fivetran also asks for the schema before each sync.
  SyncOutcome SyncWithSchema() {
    SyncOutcome outcome = Sync({}, /*skip_setup=*/false);
    EXPECT_TRUE(outcome.ok()) << outcome.text;
    EXPECT_EQ(outcome.breach(), "");
    return outcome;
  }
};

TEST_F(AlteredTables, WhatTheLogDoesNotTellMakesTheTableCopyAgain) {
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
           // Rewritten twice.
           "BEGIN; ALTER TABLE t ADD f text DEFAULT 'f'; COMMIT;"
           "BEGIN; ALTER TABLE t ALTER f DROP DEFAULT; CLUSTER t USING t_pkey; COMMIT",
           "TRUNCATE parts_1",
           "ALTER TABLE parts ATTACH PARTITION loose FOR VALUES IN (2)",
           "ALTER TABLE parts DETACH PARTITION parts_1; INSERT INTO parts_1 VALUES (9, 1);"
           "ALTER TABLE parts ATTACH PARTITION parts_1 FOR VALUES IN (1)",
           "ALTER TABLE parts DETACH PARTITION parts_0",
           "ALTER PUBLICATION tributary DROP TABLE t; INSERT INTO t VALUES (3, 'c')",
           "ALTER PUBLICATION tributary DROP TABLE t; ALTER TABLE t SET UNLOGGED; "
           "INSERT INTO t VALUES (4, 'd'); ALTER TABLE t SET LOGGED",
           // Nobody needs the log from before, which cannot be read without it.
           "DROP PUBLICATION tributary; INSERT INTO t VALUES (5, 'e')",
       }) {
    SCOPED_TRACE(sql);
    const auto done = Server().Execute(sql, database_.name());
    EXPECT_TRUE(done.ok()) << done.status();
    // Rewrites the rows, which then contain the columns' defaults.
    database_.Run("VACUUM FULL t");
    SyncWithSchema();
    ExpectEqual("t", {"id", "v"});
    ExpectEqual("parts", {"id", "k"});
  }
  ExpectEqual("t", {"id", "v", "e", "f"});
}

// The log names columns as they were called, and has neither their numbers nor what they were
// before or after. `large`: the log of the changes lasts longer than a copy.
TEST_F(AlteredTables, WhatColumnsAndKeysWereBetweenTwoSyncsDoesNotMatter) {
  constexpr char kPlain[] = "(id int PRIMARY KEY, a int, v text)";
  constexpr char kGenerated[] =
      "(id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a * 2) STORED, v text)";
  constexpr char kTwoKeys[] = "(id int PRIMARY KEY, a int NOT NULL UNIQUE, v text)";
  constexpr char kFull[] =
      "(id numeric PRIMARY KEY, a int, v text); ALTER TABLE $ REPLICA IDENTITY FULL";
  constexpr char kFullAndDeferrable[] =
      "(id int PRIMARY KEY DEFERRABLE, a int, v text); ALTER TABLE $ REPLICA IDENTITY FULL";
  const struct {
    const char* name;
    const char* columns;
    bool large;
    // $ is the table.
    const char* sql;
    std::vector<std::string> compared;
  } kCases[] = {
      {"filled_and_renamed",
       kPlain,
       false,
       "ALTER TABLE $ ADD c int; UPDATE $ SET c = id; ALTER TABLE $ RENAME c TO d",
       {"id", "a", "v", "d"}},
      {"filled_and_renamed_at_once",
       kPlain,
       false,
       "BEGIN; ALTER TABLE $ ADD c int; UPDATE $ SET c = id; ALTER TABLE $ RENAME c TO d; COMMIT",
       {"id", "a", "v", "d"}},
      {"filled_and_made_anew",
       kPlain,
       false,
       "ALTER TABLE $ ADD c int; UPDATE $ SET c = 1; ALTER TABLE $ DROP c; ALTER TABLE $ ADD c int",
       {"id", "a", "v", "c"}},
      {"new_names_exchanged",
       kPlain,
       false,
       "ALTER TABLE $ ADD c int, ADD d int; UPDATE $ SET c = 1, d = 2; ALTER TABLE $ RENAME c TO e;"
       "ALTER TABLE $ RENAME d TO c; ALTER TABLE $ RENAME e TO d",
       {"id", "a", "v", "c", "d"}},
      {"renamed_and_back",
       kPlain,
       false,
       "ALTER TABLE $ RENAME a TO b; UPDATE $ SET b = 7; ALTER TABLE $ RENAME b TO a",
       {"id", "a", "v"}},
      {"replaced",
       kPlain,
       true,
       "ALTER TABLE $ ADD b int; UPDATE $ SET b = a * 10; ALTER TABLE $ DROP a;"
       "ALTER TABLE $ RENAME b TO a",
       {"id", "v", "a"}},
      {"renamed",
       kPlain,
       true,
       "UPDATE $ SET v = 'n'; ALTER TABLE $ RENAME a TO c",
       {"id", "c", "v"}},
      {"made_anew",
       kPlain,
       true,
       "UPDATE $ SET v = 'n'; ALTER TABLE $ DROP a; ALTER TABLE $ ADD a int",
       {"id", "v", "a"}},
      {"added_with_a_value",
       kPlain,
       true,
       "UPDATE $ SET v = 'n'; ALTER TABLE $ ADD w int DEFAULT 7",
       {"id", "a", "v", "w"}},
      {"no_longer_generated",
       kGenerated,
       false,
       "UPDATE $ SET a = 100 WHERE id = 2; INSERT INTO $ VALUES (-9, 9);"
       "ALTER TABLE $ ALTER g DROP EXPRESSION",
       {"id", "a", "g", "v"}},
      {"other_identity_and_update",
       kTwoKeys,
       false,
       "ALTER TABLE $ REPLICA IDENTITY USING INDEX $_a_key; UPDATE $ SET id = -3 WHERE id = 3;"
       "ALTER TABLE $ REPLICA IDENTITY DEFAULT",
       {"id", "a", "v"}},
      {"other_identity_and_delete",
       kTwoKeys,
       false,
       "ALTER TABLE $ REPLICA IDENTITY USING INDEX $_a_key; DELETE FROM $ WHERE id = 2;"
       "ALTER TABLE $ REPLICA IDENTITY DEFAULT",
       {"id", "a", "v"}},
      {"no_key_for_a_while",
       kFull,
       false,
       "ALTER TABLE $ DROP CONSTRAINT $_pkey; INSERT INTO $ VALUES (1, 9, 'new');"
       "DELETE FROM $ WHERE v = 'x' AND id = 1; ALTER TABLE $ ADD PRIMARY KEY (id)",
       {"id", "a", "v"}},
      {"two_rows_with_a_key_for_a_while",
       kFullAndDeferrable,
       false,
       "BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO $ VALUES (1, 9, 'new');"
       "DELETE FROM $ WHERE v = 'x' AND id = 1; COMMIT",
       {"id", "a", "v"}},
      {"key_in_another_spelling",
       kFull,
       false,
       "UPDATE $ SET id = 1.00 WHERE id = 1",
       {"id", "a", "v"}},
  };
  std::string make;
  for (const auto& one : kCases) {
    absl::StrAppend(&make, "CREATE TABLE ", one.name,
                    absl::StrReplaceAll(one.columns, {{"$", one.name}}), "; INSERT INTO ", one.name,
                    "(id, a, v) SELECT i, i, 'x' FROM generate_series(1, ", one.large ? 20'000 : 3,
                    ") i;");
  }
  database_.Run(make);
  GoodSync();
  const auto application = Server().Connect(database_.name());
  ASSERT_TRUE(application.ok());
  for (const auto& one : kCases) {
    const std::string sql = absl::StrReplaceAll(one.sql, {{"$", one.name}});
    // Each statement is a transaction.
    for (const absl::string_view statement : absl::StrSplit(sql, ';', absl::SkipEmpty())) {
      const auto done = (*application)->Execute(std::string(statement));
      EXPECT_TRUE(done.ok()) << done.status();
    }
  }
  for (int i = 0; i < 2; ++i) {
    SyncWithSchema();
    for (const auto& one : kCases) {
      SCOPED_TRACE(one.name);
      ExpectEqual(one.name, one.compared);
    }
  }
}

// Messages that were staged, and a state from before them.
TEST_F(AlteredTables, WhatIsStagedIsNotSentInAShapeThatTheTableNoLongerHas) {
  int number = 0;
  for (const char* const sql :
       {"ALTER TABLE $ DROP b", "ALTER TABLE $ RENAME b TO c", "ALTER TABLE $ ALTER a TYPE bigint",
        "ALTER TABLE $ ADD c int DEFAULT 7", "DROP TABLE $"}) {
    SCOPED_TRACE(sql);
    const std::string table = absl::StrCat("t", ++number);
    database_.Run(absl::StrCat("CREATE TABLE ", table, " (id int PRIMARY KEY, a int, b text);",
                               "INSERT INTO ", table,
                               " SELECT i, i, 'b' FROM generate_series(1, 20000) i"));
    GoodSync({"--save-checkpoint", "1"});
    database_.Run(absl::StrReplaceAll(sql, {{"$", table}}));
    for (int i = 0; i < 2; ++i) SyncWithSchema();
    if (sql != std::string("DROP TABLE $")) ExpectEqual(table, {"id", "a"});
  }
}

// Partitions that are not as their root: it is compared then.
TEST_F(AlteredTables, PartitionsThatTheLogDoesNotTellOfAreCompared) {
  constexpr char kRoot[] =
      "CREATE TABLE $ (id int, k int NOT NULL, v text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);"
      "CREATE TABLE $_0 PARTITION OF $ FOR VALUES IN (0);";
  const struct {
    const char* name;
    const char* leaf;
  } kCases[] = {
      {"unlogged", "CREATE UNLOGGED TABLE $_1 PARTITION OF $ FOR VALUES IN (1)"},
      {"of_all",
       "CREATE TABLE $_1 PARTITION OF $ FOR VALUES IN (1);"
       "ALTER TABLE $ REPLICA IDENTITY FULL"},
      {"by_index",
       "CREATE TABLE $_1 PARTITION OF $ FOR VALUES IN (1);"
       "ALTER TABLE $_1 ALTER v SET NOT NULL, ADD UNIQUE (v);"
       "ALTER TABLE $_1 REPLICA IDENTITY USING INDEX $_1_v_key"},
  };
  const auto run_for_all = [&](const std::string& sql) {
    for (const auto& one : kCases) database_.Run(absl::StrReplaceAll(sql, {{"$", one.name}}));
  };
  for (const auto& one : kCases) {
    database_.Run(absl::StrReplaceAll(absl::StrCat(kRoot, one.leaf), {{"$", one.name}}));
  }
  run_for_all("INSERT INTO $ SELECT i, i % 2, 'v' || i FROM generate_series(1, 10) i");
  GoodSync();
  run_for_all(
      "UPDATE $ SET v = 'new' || id WHERE id < 3; UPDATE $ SET id = id + 100 WHERE id IN (3, 4);"
      "DELETE FROM $ WHERE id IN (5, 6); INSERT INTO $ VALUES (20, 0, 'v20'), (21, 1, 'v21')");
  const SyncOutcome outcome = GoodSync();
  EXPECT_EQ(outcome.Count("truncates"), 0u) << outcome.text;
  for (const auto& one : kCases) ExpectEqual(one.name, {"id", "k", "v"});
}

TEST_F(AlteredTables, AColumnThatWasNotSentIsNotANewOneUnderAnotherName) {
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v text, c text);"
      "INSERT INTO t VALUES (1, 'a', 'not sent'), (2, 'b', 'not sent')");
  const std::string selection = dir_ / "selection.json";
  std::ofstream(selection) << R"({"with_schema": {"include_new_schemas": true, "schemas": [
      {"included": true, "schema_name": "public", "include_new_tables": true, "tables": [
        {"included": true, "table_name": "t", "include_new_columns": true,
         "columns": {"c": false}}]}]}})";
  for (const char* const sql : {"SELECT", "ALTER TABLE t RENAME c TO d"}) {
    database_.Run(sql);
    tests::SyncRunOptions options = SyncOptions();
    options.selection = selection;
    options.skip_setup = false;
    const SyncOutcome outcome = tests::RunSync(options);
    EXPECT_TRUE(outcome.ok()) << outcome.text;
  }
  ExpectEqual("t", {"id", "v", "d"});
}

TEST_F(AlteredTables, ATableThatLeftThePublishedSchemaForAWhileIsCopiedAgain) {
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b');"
      "CREATE SCHEMA work; CREATE PUBLICATION tributary FOR TABLES IN SCHEMA public");
  GoodSync();
  for (const char* const sql :
       {"ALTER TABLE t SET SCHEMA work", "UPDATE work.t SET v = 'c' WHERE id = 1",
        "DELETE FROM work.t WHERE id = 2", "ALTER TABLE work.t SET SCHEMA public"}) {
    database_.Run(sql);
  }
  GoodSync();
  ExpectEqual("t", {"id", "v"});
}

TEST_F(AlteredTables, WhatThePublicationLeftOutForAWhileIsCopiedOnceItsTaskIsDone) {
  BeginOrders();
  database_.Run(
      "ALTER PUBLICATION tributary SET (publish = 'insert');"
      "UPDATE orders SET note = 'left out'; DELETE FROM orders WHERE id = 1");
  const SyncOutcome outcome = Sync();
  const std::string cure =
      "ALTER PUBLICATION \"tributary\" SET (publish = 'insert, update, delete, truncate')";
  EXPECT_THAT(outcome.task(), HasSubstr(cure)) << outcome.text;
  database_.Run(cure);
  GoodSync();
  ExpectEqual("orders", {"id", "note", "big"});
}

// A copy over the rows that are there cannot remove any, so nothing may go unseen before it begins.
TEST_F(AlteredTables, RowsThatGoWithAPartitionBeforeACopyOverThemAreGone) {
  database_.Run(
      "CREATE TABLE parts (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);"
      "CREATE TABLE parts_0 PARTITION OF parts FOR VALUES FROM (0) TO (100);"
      "INSERT INTO parts SELECT i, i FROM generate_series(1, 20) i;"
      "CREATE TABLE busy (id int PRIMARY KEY, v int);"
      "INSERT INTO busy SELECT i, 0 FROM generate_series(1, 200000) i");
  for (int i = 0; i < 2; ++i) GoodSync();
  // The log of this lasts for longer than the truncation takes.
  database_.Run("UPDATE busy SET v = 1; ALTER TABLE parts ADD c int DEFAULT 5");
  const std::size_t logged = connector_.LogSize();
  tests::SyncRun run(SyncOptions());
  ASSERT_TRUE(connector_.WaitForLog("plan made", logged).has_value());
  database_.Run("TRUNCATE parts_0; INSERT INTO parts VALUES (50, 50, 6)");
  const SyncOutcome outcome = run.Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  GoodSync();
  ExpectEqual("parts", {"id", "v", "c"});
}

TEST_F(AlteredTables, ChangesOfColumnsBetweenChangesOfRowsLoseNothing) {
  BeginOrders();
  database_.Run(
      "UPDATE orders SET note = 'before' WHERE id = 1;"
      "BEGIN; UPDATE orders SET note = 'within' WHERE id = 2; ALTER TABLE orders ADD extra int;"
      "UPDATE orders SET extra = 7 WHERE id = 3; ALTER TABLE orders RENAME note TO remark;"
      "UPDATE orders SET remark = 'after' WHERE id = 4; COMMIT;"
      "ALTER TABLE orders ALTER id TYPE bigint; DELETE FROM orders WHERE id = 5");
  for (int i = 0; i < 2; ++i) SyncWithSchema();
  ExpectEqual("orders", {"id", "remark", "extra", "big"});
}

TEST_F(AlteredTables, AColumnInWhichRowsHoldNullIsAddedWithoutACopy) {
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
    const SyncOutcome outcome = SyncWithSchema();
    EXPECT_EQ(outcome.TableCount("public.orders", "truncates"), 0u) << outcome.text;
    EXPECT_EQ(outcome.TableCount("public.orders", "upserts"), one.upserts) << outcome.text;
  }
  ExpectEqual("orders", {"id", "note", "big", "a", "b", "c"});
}

// The column is added after the catalog was read, at different positions of the log.
TEST_F(AlteredTables, AColumnThatIsAddedDuringASyncIsSentWithItsValues) {
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
    SyncWithSchema();
    ExpectEqual("busy", {"id", "v", column});
  }
}
}  // namespace
}  // namespace tributary::postgresql_test
