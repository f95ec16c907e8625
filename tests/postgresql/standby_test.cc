// A standby as the source: its log cannot be followed, and the user is told so and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/sync_scene.h"
#include "tests/process/processes.h"
#include "worker/sources/postgresql/setup.h"

namespace tributary::postgresql_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::SyncOutcome;

class Standby : public SyncScene {
 protected:
  Standby() {
    database_.Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
    auto standby = tests::PostgresServer::MakeStandby(Server());
    EXPECT_TRUE(standby.ok()) << standby.status();
    standby_ = *std::move(standby);
  }
  Configuration OfStandby() const {
    Configuration configuration = ConfigurationOf(database_.name());
    configuration["port"] = absl::StrCat(standby_->port());
    return configuration;
  }
  // Waits until the standby has replayed everything that the primary has now; then the setup test
  // and a sync both report the Task.
  void ExpectTask() {
    const std::string last = Server().Ask("SELECT pg_current_wal_insert_lsn()");
    EXPECT_TRUE(tests::Eventually([&] {
      return standby_->Ask(absl::StrCat("SELECT pg_last_wal_replay_lsn() >= '", last, "'")) == "t";
    }));
    const auto says = AllOf(HasSubstr("is a standby"), HasSubstr("ame its primary in `host`"),
                            HasSubstr("`update_method`"));
    const absl::Status tested = Reading(OfStandby()).source().Test(postgresql::kFollowTest);
    EXPECT_TRUE(absl::IsFailedPrecondition(tested)) << tested;
    EXPECT_THAT(std::string(tested.message()), says);
    Configure(OfStandby());
    const SyncOutcome outcome = Sync();
    EXPECT_THAT(outcome.task(), says) << outcome.text;
    EXPECT_EQ(outcome.Count("records"), 0u);
  }

  std::unique_ptr<tests::PostgresServer> standby_;
};

TEST_F(Standby, IsATaskWhetherThereIsAPublicationOrNot) {
  ExpectTask();
  database_.Run("CREATE PUBLICATION tributary FOR TABLE t");
  ExpectTask();
}

// For example after a switchover, if `host` was not changed.
TEST_F(Standby, IsATaskForAConnectionThatFollowedItsPrimaryAndTheStateIsKept) {
  EXPECT_EQ(GoodSync().Count("upserts"), 2u);
  ExpectTask();
  Configure(ConfigurationOf(database_.name()));
  database_.Run("INSERT INTO t VALUES (3)");
  EXPECT_EQ(GoodSync().Count("records"), 1u);
  ExpectEqual("t", {"id"});
}

TEST_F(Standby, IsFollowedOnceItIsThePrimary) {
  ExpectTask();
  ASSERT_EQ(standby_->Ask("SELECT pg_promote()"), "t");
  const SyncOutcome first = GoodSync();
  EXPECT_EQ(first.Count("upserts"), 2u) << first.text;
  ASSERT_TRUE(standby_->Execute("INSERT INTO t VALUES (3)", database_.name()).ok());
  EXPECT_EQ(GoodSync().Count("upserts"), 1u);
}

}  // namespace
}  // namespace tributary::postgresql_test
