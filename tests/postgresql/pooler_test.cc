// Through pgbouncer in transaction pooling mode: operations that need only transactions work, and
// change no settings in the sessions that applications share. The log cannot be followed, and the
// user is told why and what to do.
#include "tests/process/pooler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/sync_scene.h"
#include "worker/sources/postgresql/setup.h"

namespace tributary::postgresql_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::PostgresServer;
using tests::SyncOutcome;

class ThroughAPooler : public SyncScene {
 protected:
  static constexpr int kSessions = 4;

  ThroughAPooler() : pooler_(tests::Pooler::Make(Server(), {PostgresServer::kUser})) {
    EXPECT_TRUE(pooler_.ok()) << pooler_.status();
  }
  Configuration Pooled(const char* method) const {
    Configuration configuration = ConfigurationOf(database_.name());
    configuration["port"] = absl::StrCat((*pooler_)->port());
    configuration["update_method"] = method;
    return configuration;
  }
  // The settings of each of the server's sessions that the pooler holds, one line for each session,
  // after `sql` was run in it. Opens sessions until there are kSessions.
  std::vector<std::string> SettingsOfSessions(const std::string& sql = "") {
    std::vector<std::unique_ptr<tests::PostgresSession>> applications;
    std::vector<std::string> settings;
    for (int i = 0; i < kSessions; ++i) {
      auto application = (*pooler_)->Connect(database_.name(), PostgresServer::kUser);
      EXPECT_TRUE(application.ok()) << application.status();
      if (!application.ok()) return {};
      EXPECT_TRUE((*application)->Execute(absl::StrCat(sql, "; BEGIN")).ok());
      settings.push_back((*application)
                             ->Ask("SELECT string_agg(name || '=' || setting, ';' ORDER BY name) "
                                   "FROM pg_settings WHERE name <> 'transaction_isolation'"));
      applications.push_back(*std::move(application));
    }
    for (const auto& application : applications) EXPECT_TRUE(application->Execute("COMMIT").ok());
    return settings;
  }

  absl::StatusOr<std::unique_ptr<tests::Pooler>> pooler_;
};

TEST_F(ThroughAPooler, TablesAreCopiedAndComparedAndNoSessionKeepsASetting) {
  database_.Run(
      "CREATE TABLE large (id integer PRIMARY KEY, at timestamptz, pad text);"
      "INSERT INTO large SELECT i, '2020-01-01 12:00Z', repeat('x', 500) FROM "
      "generate_series(1, 50000) i;"
      "CREATE TYPE mood AS ENUM ('good', 'bad');"
      "CREATE TABLE moods (id integer PRIMARY KEY, m mood); INSERT INTO moods VALUES (1, 'good');"
      "CREATE TABLE keyless (v text); INSERT INTO keyless VALUES ('a'), ('b')");
  const std::vector<std::string> before = SettingsOfSessions();
  Configure(Pooled("compare"));
  const SyncOutcome first = Sync({}, /*skip_setup=*/false);
  EXPECT_TRUE(first.ok()) << first.text << connector_.Output();
  EXPECT_EQ(SettingsOfSessions(), before);
  database_.Run(
      "UPDATE large SET pad = 'y' WHERE id % 100 = 0; DELETE FROM large WHERE id = 5;"
      "UPDATE moods SET m = 'bad'; INSERT INTO moods VALUES (2, 'good');"
      "INSERT INTO keyless VALUES ('c')");
  const SyncOutcome second = GoodSync();
  EXPECT_EQ(second.TableCount("public.large", "upserts"), 500u) << second.text;
  EXPECT_EQ(second.TableCount("public.large", "deletes"), 1u) << second.text;
  ExpectEqual("large", {"id", "pad"});
  ExpectEqual("moods", {"id", "m"});
  ExpectEqual("keyless", {"v"});
  // Slices were read in several sessions, so each of these sessions had to have the settings.
  EXPECT_GT(std::stoi(Server().Ask(absl::StrCat(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%COPY%' AND datname = '",
                database_.name(), "' AND pid <> pg_backend_pid()"))),
            1);
  EXPECT_EQ(SettingsOfSessions(), before);
}

// Settings that applications leave in sessions if the pooler does not reset them.
TEST_F(ThroughAPooler, WhatOthersHaveSetInTheirSessionsChangesNothing) {
  database_.Run(
      "CREATE TABLE t (id integer PRIMARY KEY, at timestamptz, span interval, raw bytea);"
      "INSERT INTO t VALUES (1, '2020-01-01 12:00Z', '1 day 2 hours', '\\x00ff')");
  Configure(Pooled("compare"));
  EXPECT_TRUE(Sync({}, /*skip_setup=*/false).ok());
  SettingsOfSessions(
      "SET TimeZone = 'Asia/Kolkata'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'escape'; "
      "SET search_path = elsewhere; SET DateStyle = 'German'; SET statement_timeout = '30s'; "
      "SET default_transaction_isolation = 'serializable'");
  for (int round = 0; round < 3; ++round) {
    const SyncOutcome unchanged = GoodSync();
    EXPECT_EQ(unchanged.Count("records"), 0u) << unchanged.text;
  }
}

TEST_F(ThroughAPooler, TheLogCannotBeFollowedAndATaskSaysWhatToDo) {
  database_.Run(
      "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1);"
      "CREATE PUBLICATION tributary FOR TABLE t");
  const auto says = AllOf(HasSubstr("pooler"), HasSubstr("name the server itself in `host`"));
  const std::vector<std::string> before = SettingsOfSessions();
  const absl::Status tested =
      Reading(Pooled("logical_replication")).source().Test(postgresql::kFollowTest);
  EXPECT_TRUE(absl::IsFailedPrecondition(tested)) << tested;
  EXPECT_THAT(std::string(tested.message()), says);
  Configure(Pooled("logical_replication"));
  const SyncOutcome refused = Sync();
  EXPECT_THAT(refused.task(), says) << refused.text;
  EXPECT_EQ(refused.Count("records"), 0u);
  EXPECT_EQ(SettingsOfSessions(), before);
  // The Task's advice is followed.
  Configure(ConfigurationOf(database_.name()));
  EXPECT_EQ(GoodSync().Count("upserts"), 1u);
  ExpectEqual("t", {"id"});
}

}  // namespace
}  // namespace tributary::postgresql_test
