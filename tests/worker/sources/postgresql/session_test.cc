// Connecting, settings, waiting, and how a server's errors are reported.
#include "worker/sources/postgresql/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/worker/network/beat_times.h"
#include "tests/worker/sources/postgresql/reading.h"
#include "worker/network/forbidden_address.h"
#include "worker/sources/postgresql/server_error.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::ConfigurationOf;
using postgresql_test::CountingPulse;
using postgresql_test::Execute;
using postgresql_test::NewDatabase;
using postgresql_test::Reading;
using postgresql_test::Server;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::milliseconds kShort(500);

// The result of the setup test `connect` with these changes to a working configuration.
absl::Status Connect(const Configuration& changes, const OperatorSettings& settings = {}) {
  Configuration configuration = ConfigurationOf("postgres");
  for (const auto& [key, value] : changes) configuration[key] = value;
  CountingPulse pulse;
  PostgresqlSource source({.configuration = configuration, .operator_settings = settings}, pulse,
                          kShort);
  const auto prepared = source.Prepare();
  return prepared.ok() ? source.Test(kConnectTest) : prepared.status();
}

TEST(Session, EachRefusalNamesItsCure) {
  Execute("CREATE ROLE nologin_role");
  Execute("CREATE DATABASE closed ALLOW_CONNECTIONS false");
  struct Case {
    Configuration changes;
    const char* says;
    const char* cure;
  };
  const Case cases[] = {
      {{{"user", "nobody"}}, "nobody", "`user`"},
      {{{"user", "nologin_role"}}, "not permitted to log in", "let it in"},
      {{{"database", "elsewhere"}}, "does not exist", "correct `database`"},
      {{{"database", "closed"}}, "not currently accepting connections", "ALLOW_CONNECTIONS"},
      {{{"sslmode", "require"}}, "does not support SSL", "ssl = on"},
      {{{"host", "169.254.169.254"}}, "metadata", "--postgresql-link-local=allow"},
      {{{"host", "no such host"}}, "not a host name", "without scheme"},
      {{{"port", "0"}}, "`port`", "from 1 to 65535"},
      {{{"host", ""}}, "`host` is missing", "give the server's name"},
      {{{"sslmode", "verify-full"}}, "`sslrootcert`", "upload"},
      {{{"sslmode", "sometimes"}}, "`sslmode`", "choose one of"},
      {{{"sslmode", "require"}, {"sslcert", "LS0tLS1CRUdJTiBDRVJU"}}, "`sslkey`", "go together"},
      {{{"sslmode", "require"}, {"sslrootcert", "%%%"}}, "`sslrootcert`", "upload"},
      {{{"update_method", "magic"}}, "`update_method`", "logical_replication"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.says);
    const absl::Status status = Connect(one.changes);
    EXPECT_TRUE(absl::IsFailedPrecondition(status) || absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(one.says), HasSubstr(one.cure)));
  }
  EXPECT_TRUE(Connect({}).ok());
  Execute("DROP DATABASE closed");
  Execute("DROP ROLE nologin_role");
}

TEST(Session, AServerThatIsNotThereIsUnavailableAfterThePatience) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = Connect({{"port", "1"}});
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("check `host` and `port`"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, kShort / 2);
}

TEST(Session, AddressesOfMetadataServicesAreForbiddenHoweverTheyAreWritten) {
  for (const char* address :
       {"169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fe80::1", "fe80::1%eth0", "febf::1", "fd00:ec2::254", "::ffff:169.254.169.254",
        "::169.254.169.254", "64:ff9b::a9fe:a9fe", "no address", ""}) {
    EXPECT_TRUE(IsForbiddenAddress(address)) << address;
  }
  for (const char* address : {"127.0.0.1", "10.0.0.1", "169.253.1.1", "::1", "fec0::1",
                              "2001:db8::1", "::ffff:10.0.0.1", "fd00:ec2::253"}) {
    EXPECT_FALSE(IsForbiddenAddress(address)) << address;
  }
}

TEST(Session, TheOperatorMayAllowLinkLocalAddresses) {
  const absl::Status status =
      Connect({{"host", "169.254.0.1"}, {"port", "1"}}, {{kLinkLocalSetting, kAllow}});
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("metadata")));
  EXPECT_THAT(std::string(Connect({}, {{kLinkLocalSetting, "perhaps"}}).message()),
              HasSubstr("--postgresql-link-local"));
}

TEST(Session, TheEnvironmentOfLibpqIsNotUsed) {
  // Starts the server first, before the environment could affect the tests' own client.
  Server();
  ::setenv("PGOPTIONS", "-c search_path=elsewhere -c no_such_setting=1", 1);
  ::setenv("PGSERVICE", "elsewhere", 1);
  ::setenv("PGHOSTADDR", "127.0.0.9", 1);
  EXPECT_TRUE(Connect({}).ok());
  EXPECT_EQ(::getenv("PGOPTIONS"), nullptr);
}

// A session like that of the engine.
class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    auto login = PreparedLogin::Make(
        ReadSettings(ConfigurationOf(database_.name(), "settings_role"))->login, false);
    EXPECT_TRUE(login.ok()) << login.status();
    login_.emplace(*std::move(login));
    session_.emplace(*login_, pulse_, std::chrono::seconds(20));
  }
  static void SetUpTestSuite() {
    Execute(
        "CREATE ROLE settings_role LOGIN SUPERUSER;"
        "ALTER ROLE settings_role SET DateStyle = 'German, DMY';"
        "ALTER ROLE settings_role SET search_path = elsewhere;"
        "ALTER ROLE settings_role SET statement_timeout = '1ms';"
        "ALTER ROLE settings_role SET standard_conforming_strings = off;"
        "ALTER ROLE settings_role SET TimeZone = 'Asia/Kolkata'");
  }
  static void TearDownTestSuite() { Execute("DROP ROLE settings_role"); }

  std::string Ask(const std::string& sql) {
    const auto rows = session_->Query(sql, "ask");
    return rows.ok() && rows->size() > 0 ? rows->text(0, 0) : rows.status().ToString();
  }

  NewDatabase database_;
  tests::BeatTimes pulse_;
  std::optional<PreparedLogin> login_;
  std::optional<Session> session_;
};

TEST_F(SessionTest, WhatARoleHasSetOtherwiseIsSetInATransactionAndNotBeyondIt) {
  ASSERT_TRUE(session_->Begin().ok());
  EXPECT_EQ(Ask("SHOW DateStyle"), "ISO, MDY");
  EXPECT_EQ(Ask("SHOW search_path"), "\"\"");
  EXPECT_EQ(Ask("SHOW TimeZone"), "UTC");
  EXPECT_EQ(Ask("SELECT pg_sleep(0.05), 1"), "");
  EXPECT_EQ(Ask("SHOW transaction_isolation"), "repeatable read");
  session_->End();
  EXPECT_EQ(Ask("SHOW TimeZone"), "Asia/Kolkata");
}

TEST_F(SessionTest, LiteralsAndNamesAreTakenAsTheyAre) {
  ASSERT_TRUE(session_->Begin().ok());
  for (const std::string text :
       {"plain", "it's", "back\\slash", "\\'; DROP TABLE t; --", "ü\n\t", ""}) {
    EXPECT_EQ(Ask("SELECT " + Literal(text)), text);
    const auto rows = session_->Query("SELECT 1 AS " + Quoted("a" + text + "\""), "name");
    EXPECT_TRUE(rows.ok()) << rows.status();
  }
}

TEST_F(SessionTest, TheBeatGoesOnWhileTheServerIsSilent) {
  ASSERT_TRUE(session_->Begin().ok());
  const std::size_t before = pulse_.count();
  EXPECT_EQ(Ask("SELECT pg_sleep(2.5)"), "");
  EXPECT_GE(pulse_.count(), before + 4);
  EXPECT_LT(pulse_.longest_gap(), std::chrono::milliseconds(1500));
}

TEST_F(SessionTest, OneThatBrokeWhileItWasIdleIsReplaced) {
  ASSERT_TRUE(session_->Begin().ok());
  session_->End();
  Execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'settings_role'");
  EXPECT_TRUE(session_->Begin().ok());
  EXPECT_EQ(Ask("SELECT 7"), "7");
}

TEST_F(SessionTest, ErrorsHaveTheCodesThatTheSourceNeeds) {
  struct Case {
    const char* sql;
    absl::StatusCode code;
    const char* says;
  };
  const Case cases[] = {
      {"SELECT * FROM public.missing", absl::StatusCode::kNotFound, "it is gone"},
      {"SELECT missing FROM pg_catalog.pg_class", absl::StatusCode::kNotFound, "a column is gone"},
      {"SELECT 'secret'::integer", absl::StatusCode::kDataLoss, "22P02"},
      {"SELECT 1/0", absl::StatusCode::kDataLoss, "22012"},
      {"SET LOCAL statement_timeout = 50; SELECT pg_sleep(9)", absl::StatusCode::kUnavailable,
       "cancelled"},
      {"CREATE TABLE public.t ()", absl::StatusCode::kUnavailable, "25006"},
      {"SELECT pg_terminate_backend(pg_backend_pid())", absl::StatusCode::kUnavailable,
       "ended the session"},
  };
  for (const Case& one : cases) {
    ASSERT_TRUE(session_->Begin().ok());
    const absl::Status status = session_->Query(one.sql, "try").status();
    EXPECT_EQ(status.code(), one.code) << status;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(one.says), HasSubstr("try: ")));
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
    session_->End();
  }
}

TEST(SetupTests, FollowNamesWhatIsMissingUntilNothingIs) {
  const NewDatabase database("CREATE TABLE t (id integer PRIMARY KEY)");
  Execute("CREATE ROLE follower LOGIN");
  Reading reading(ConfigurationOf(database.name(), "follower"));
  const auto follow = [&reading] {
    return std::string(reading.source().Test(kFollowTest).message());
  };
  EXPECT_THAT(follow(), AllOf(HasSubstr("CREATE PUBLICATION \"tributary\""),
                              HasSubstr("ALTER ROLE \"follower\" REPLICATION")));
  Execute("ALTER ROLE follower REPLICATION");
  database.Run("CREATE PUBLICATION tributary");
  EXPECT_THAT(follow(), AllOf(HasSubstr("ADD TABLE"), Not(HasSubstr("ALTER ROLE"))));
  database.Run(
      "ALTER PUBLICATION tributary ADD TABLE t;"
      "ALTER PUBLICATION tributary SET (publish = 'insert')");
  EXPECT_THAT(follow(), HasSubstr("insert, update, delete, truncate"));
  database.Run("ALTER PUBLICATION tributary SET (publish = 'insert, update, delete, truncate')");
  EXPECT_EQ(follow(), "");
  Execute("DROP ROLE follower");
}

TEST(SetupTests, ReadNamesTheGrantThatIsMissingAndPassesWhereSomeTablesCanBeRead) {
  const NewDatabase database(
      "CREATE SCHEMA hidden; CREATE TABLE hidden.h (id integer);"
      "CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY)");
  Execute("CREATE ROLE reader LOGIN");
  Reading reading(ConfigurationOf(database.name(), "reader"));
  const absl::Status none = reading.source().Test(kReadTest);
  EXPECT_TRUE(absl::IsFailedPrecondition(none)) << none;
  EXPECT_THAT(std::string(none.message()),
              AllOf(HasSubstr("GRANT SELECT ON \"public\".\"a\", \"public\".\"b\" TO \"reader\""),
                    HasSubstr("GRANT USAGE ON SCHEMA \"hidden\" TO \"reader\"")));
  database.Run("GRANT SELECT ON a TO reader");
  EXPECT_TRUE(reading.source().Test(kReadTest).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(reading.source().Test("bogus")));
  database.Run("DROP OWNED BY reader");
  Execute("DROP ROLE reader");
}

}  // namespace
}  // namespace tributary::postgresql
