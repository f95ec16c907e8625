#include "tests/process/postgres_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/process/processes.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

std::unique_ptr<PostgresServer> Running(const PostgresOptions& options = {}) {
  auto server = PostgresServer::Make(options);
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

// How many segments of System V shared memory `creator` has made; other tests have servers, too.
// The kernel's list has one line for each, after a line of headings.
int SharedMemorySegments(pid_t creator) {
  std::ifstream list("/proc/sysvipc/shm");
  int found = 0;
  for (std::string line; std::getline(list, line);) {
    std::istringstream fields(line);
    std::string key, id, permissions, size;
    pid_t made_by = 0;
    if (fields >> key >> id >> permissions >> size >> made_by && made_by == creator) ++found;
  }
  return found;
}

TEST(PostgresServer, AnswersInTextsAndNulls) {
  const auto server = Running();
  ASSERT_NE(server, nullptr);
  const auto rows = server->Execute("SELECT 7, NULL, 'a' UNION ALL SELECT 8, 'b', '' ORDER BY 1");
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_THAT((*rows)[0],
              ElementsAre(Optional<std::string>("7"), std::nullopt, Optional<std::string>("a")));
  EXPECT_THAT((*rows)[1], ElementsAre(Optional<std::string>("8"), Optional<std::string>("b"),
                                      Optional<std::string>("")));
  const auto failed = server->Execute("SELECT * FROM missing");
  EXPECT_THAT(failed.status().ToString(), HasSubstr("42P01"));
}

TEST(PostgresServer, HasTheSettingsThatATestWants) {
  const auto server = Running({.settings = {{"wal_level", "logical"}, {"work_mem", "123kB"}}});
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->Ask("SHOW work_mem"), "123kB");
  EXPECT_EQ(server->Ask("SELECT slot_name FROM "
                        "pg_create_logical_replication_slot('tributary', 'pgoutput')"),
            "tributary");
  ASSERT_TRUE(server->Set({{"work_mem", "124kB"}}).ok());
  ASSERT_TRUE(server->Reload().ok());
  EXPECT_TRUE(Eventually([&] { return server->Ask("SHOW work_mem") == "124kB"; }));
}

TEST(PostgresServer, KeepsItsPortAndDataWhenItIsRestartedOrKilled) {
  const auto server = Running();
  ASSERT_NE(server, nullptr);
  const std::uint16_t port = server->port();
  ASSERT_TRUE(server->Execute("CREATE TABLE t (id int); INSERT INTO t VALUES (1)").ok());
  ASSERT_TRUE(server->Restart().ok());
  EXPECT_EQ(server->Ask("SELECT count(*) FROM t"), "1");

  const auto open = server->Connect();
  ASSERT_TRUE(open.ok()) << open.status();
  const int backend = (*open)->backend();
  ASSERT_TRUE(server->Kill().ok());
  EXPECT_FALSE(server->running());
  EXPECT_TRUE(Gone(backend));
  EXPECT_FALSE((*open)->Execute("SELECT 1").ok());
  ASSERT_TRUE(server->Start().ok());
  EXPECT_EQ(server->port(), port);
  EXPECT_EQ(server->Ask("SELECT count(*) FROM t"), "1");
  EXPECT_THAT(server->log(), HasSubstr("was not properly shut down"));
}

TEST(PostgresServer, WhoseClientsStayDoesNotEndSmartly) {
  const auto server = Running();
  ASSERT_NE(server, nullptr);
  const auto open = server->Connect();
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(server->Stop("smart", std::chrono::milliseconds(500))));
  EXPECT_TRUE(server->Stop("fast").ok());
}

TEST(PostgresServer, StandbyFollowsItsPrimary) {
  const auto primary = Running();
  ASSERT_NE(primary, nullptr);
  const auto standby = PostgresServer::MakeStandby(*primary);
  ASSERT_TRUE(standby.ok()) << standby.status();
  EXPECT_EQ((*standby)->Ask("SELECT pg_is_in_recovery()"), "t");
  ASSERT_TRUE(primary->Execute("CREATE TABLE t (id int); INSERT INTO t VALUES (7)").ok());
  EXPECT_TRUE(Eventually([&] { return (*standby)->Ask("SELECT id FROM t") == "7"; }));
}

TEST(PostgresServer, LetsInWhomItsAccessSays) {
  const auto server = Running({.access = {"host all postgres 127.0.0.1/32 trust",
                                          "host all reader 127.0.0.1/32 scram-sha-256"}});
  ASSERT_NE(server, nullptr);
  ASSERT_TRUE(
      server->Execute("CREATE ROLE reader LOGIN PASSWORD 'x'; CREATE ROLE other LOGIN").ok());
  EXPECT_THAT(server->Connect("postgres", "reader").status().ToString(), HasSubstr("no password"));
  EXPECT_THAT(server->Connect("postgres", "other").status().ToString(), HasSubstr("pg_hba.conf"));
}

TEST(PostgresServer, NothingOfItIsLeft) {
  std::string data;
  pid_t postmaster = 0;
  pid_t backend = 0;
  {
    const auto server = Running();
    ASSERT_NE(server, nullptr);
    data = server->Ask("SHOW data_directory");
    EXPECT_TRUE(std::filesystem::exists(data));
    postmaster = std::atoi(server->Ask("SELECT pg_read_file('postmaster.pid')").c_str());
    EXPECT_GT(SharedMemorySegments(postmaster), 0);
    backend = std::atoi(
        server->Ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
            .c_str());
    EXPECT_GT(backend, 0);
  }
  EXPECT_FALSE(std::filesystem::exists(data));
  EXPECT_TRUE(Eventually([&] { return Gone(backend); }));
  EXPECT_EQ(SharedMemorySegments(postmaster), 0);
}

TEST(PostgresServer, ThatIsNotThereIsNamedWithItsCure) {
  const TempDir empty;
  ASSERT_EQ(::setenv("TRIBUTARY_POSTGRESQL_BIN", empty.path().c_str(), 1), 0);
  const auto server = PostgresServer::Make();
  ASSERT_EQ(::unsetenv("TRIBUTARY_POSTGRESQL_BIN"), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(server.status()));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr(empty.path()));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("install postgresql-15"));
}

}  // namespace
}  // namespace tributary::tests
