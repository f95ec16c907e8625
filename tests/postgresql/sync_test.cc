// Whole syncs of a real server through the real executable: the destination equals the source.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/postgresql/sync_scene.h"

namespace tributary::postgresql_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using tests::SyncOutcome;

class PostgresqlSync : public SyncScene {};

TEST_F(PostgresqlSync, TheDestinationEqualsTheSourceAfterEachSync) {
  database_.Run(
      "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric(12,2), note text);"
      "INSERT INTO orders SELECT i, i / 7.0, repeat(md5(i::text), 8) FROM "
      "generate_series(1, 60000) i;"
      "CREATE TABLE keyless (a integer, b text);"
      "INSERT INTO keyless SELECT i, 'b' || i FROM generate_series(1, 500) i;"
      "CREATE TABLE parts (id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
      "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
      "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"
      "INSERT INTO parts SELECT i, DATE '2024-06-01' + i FROM generate_series(1, 400) i;"
      "CREATE TABLE empty (id integer PRIMARY KEY);"
      "CREATE TABLE composed (b text, a integer, v jsonb, PRIMARY KEY (a, b));"
      "INSERT INTO composed SELECT 'k' || i % 10, i, jsonb_build_object('i', i) FROM "
      "generate_series(1, 1000) i;"
      "CREATE PUBLICATION tributary FOR TABLE orders");
  const auto equal = [this] {
    ExpectEqual("orders", {"id", "amount", "note"});
    ExpectEqual("keyless", {"a", "b"});
    ExpectEqual("parts", {"id", "at"});
    ExpectEqual("empty", {"id"});
    ExpectEqual("composed", {"a", "b", "v"});
  };
  const SyncOutcome first = Sync({}, /*skip_setup=*/false);
  EXPECT_TRUE(first.ok()) << first.text;
  equal();
  database_.Run(
      "UPDATE orders SET note = 'changed' WHERE id % 3 = 0; DELETE FROM orders WHERE id % 5 = 0;"
      "INSERT INTO orders SELECT i, NULL, NULL FROM generate_series(60001, 61000) i;"
      "DELETE FROM keyless WHERE a < 100; TRUNCATE parts_1; INSERT INTO empty VALUES (1);"
      "UPDATE composed SET a = a + 5000 WHERE a < 50");
  database_.Run("VACUUM orders");
  const SyncOutcome second = Sync();
  EXPECT_TRUE(second.ok()) << second.text;
  equal();
}

TEST_F(PostgresqlSync, AWorkerAndAConnectionThatEndInMidCopyLoseNothing) {
  database_.Run(
      "CREATE TABLE big (id bigint PRIMARY KEY, pad text);"
      "INSERT INTO big SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 150000) i");
  tests::SyncRun run({.address = connector_.address(),
                      .config = dir_ / "config.json",
                      .state = dir_ / "state.json",
                      .warehouse = dir_ / "warehouse.db",
                      .flags = {"--read-delay-ms", "1"}});
  int ended = 0;
  for (int tries = 0; run.running() && ended < 4 && tries < 200; ++tries) {
    const pid_t worker = connector_.WorkerOn("public.big");
    if (ended % 2 == 0) {
      ended += worker != 0 && ::kill(worker, SIGKILL) == 0 ? 1 : 0;
    } else if (Server().Ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                            "application_name = 'tributary' AND query LIKE '%COPY%'") != "0") {
      ++ended;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  EXPECT_GE(ended, 2) << "the sync ended before it could be disturbed";
  const SyncOutcome outcome = run.Wait(std::chrono::minutes(2));
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectEqual("big", {"id", "pad"});
}

// An open transaction prevents the server from removing dead rows.
TEST_F(PostgresqlSync, NoTransactionStaysOpenWhileTheClientReadsNothing) {
  database_.Run(
      "CREATE TABLE big (id bigint PRIMARY KEY, pad text);"
      "INSERT INTO big SELECT i, repeat(md5(i::text), 40) FROM generate_series(1, 70000) i");
  // Without staging, the rings are full soon.
  std::filesystem::remove_all(dir_ / "staging");
  std::ofstream(dir_ / "staging") << "no folder";
  tests::SyncRun run(SyncOptions());
  const auto transactions = [] {
    return Server().Ask(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tributary' AND "
        "xact_start IS NOT NULL AND query LIKE '%COPY%'");
  };
  const auto awaits = [&](bool open) {
    for (int tries = 0; run.running() && tries < 600; ++tries) {
      if ((transactions() != "0") == open) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  };
  EXPECT_TRUE(awaits(true)) << "the sync ended too soon";
  run.Stop();
  EXPECT_TRUE(awaits(false)) << "a slice's transaction stays open while the client is stopped";
  run.Continue();
  const SyncOutcome outcome = run.Wait(std::chrono::minutes(2));
  EXPECT_TRUE(outcome.ok()) << outcome.text << connector_.Output();
  ExpectEqual("big", {"id", "pad"});
}

TEST_F(PostgresqlSync, ATableThatCannotBeReadIsNamedAndTheOthersGoOn) {
  database_.Run(
      "CREATE TABLE mine (id integer PRIMARY KEY); INSERT INTO mine VALUES (1), (2);"
      "CREATE TABLE secret (id integer PRIMARY KEY); INSERT INTO secret VALUES (3);"
      "CREATE ROLE partial LOGIN; GRANT SELECT ON mine TO partial");
  Configure(ConfigurationOf(database_.name(), "partial"));
  const SyncOutcome outcome = Sync();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_THAT(outcome.warnings(),
              Contains(HasSubstr("GRANT SELECT ON \"public\".\"secret\" TO \"partial\"")));
  ExpectEqual("mine", {"id"});
  database_.Run("DROP OWNED BY partial");
  Execute("DROP ROLE partial");
}

TEST_F(PostgresqlSync, AnotherDatabaseUnderTheSameConnectionIsATask) {
  database_.Run("CREATE TABLE t (id integer PRIMARY KEY)");
  EXPECT_TRUE(Sync().ok());
  const NewDatabase other("CREATE TABLE t (id integer PRIMARY KEY)");
  Configure(ConfigurationOf(other.name()));
  EXPECT_THAT(Sync().task(), HasSubstr("another source database"));
}

TEST_F(PostgresqlSync, ARefusedLoginIsATaskWithItsCure) {
  database_.Run("CREATE TABLE t (id integer PRIMARY KEY)");
  EXPECT_TRUE(Sync().ok());
  Configure(ConfigurationOf(database_.name(), "nobody"));
  EXPECT_THAT(Sync().task(), HasSubstr("`user`"));
}

}  // namespace
}  // namespace tributary::postgresql_test
