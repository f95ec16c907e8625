// A standby becomes the primary, under the host and port that the primary had. Its log has another
// history from the promotion on, so a connection goes on only if the new primary's log begins where
// the saved state ends. Otherwise a Task says why it does not; what is lost is then also what a
// destination has and its source has not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/postgresql/gate_scene.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using testing::HasSubstr;
using tests::Eventually;
using tests::PostgresServer;
using tests::SyncOutcome;

// About 2 MiB of log.
std::string ManyRows(int first) {
  return absl::StrCat("INSERT INTO t SELECT i, repeat(md5(i::text), 60) FROM generate_series(",
                      first, ", ", first + 999, ") i");
}

class Failover : public GateScene {
 protected:
  ~Failover() override {
    standby_.reset();
    promoted_.reset();
    // For the destructors of the scene. Clients reach the server on this port, whichever it is.
    if (!Server().running()) {
      EXPECT_TRUE(Server().Start().ok());
    }
  }

  PostgresServer& Primary() { return promoted_ == nullptr ? Server() : *promoted_; }
  // A standby of the present primary, and a connection that has not synced yet.
  void Begin() {
    std::filesystem::remove(dir_ / "state.json");
    std::filesystem::remove(dir_ / "warehouse.db");
    Server().Ask("SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots");
    auto standby = PostgresServer::MakeStandby(Primary());
    ASSERT_TRUE(standby.ok()) << standby.status();
    standby_ = *std::move(standby);
  }
  // The standby has everything that was committed until now, and gets nothing more.
  void StopStandby() {
    const std::string last = Server().Ask("SELECT pg_current_wal_insert_lsn()");
    EXPECT_TRUE(Eventually([&] {
      return standby_->Ask(absl::StrCat("SELECT pg_last_wal_replay_lsn() >= '", last, "'")) == "t";
    }));
    EXPECT_TRUE(standby_->Stop().ok());
  }
  // `with_slots`: as tools and newer servers copy them to a standby.
  void FailOver(bool with_slots) {
    if (Primary().running()) {
      EXPECT_TRUE(Primary().Stop().ok());
    }
    if (with_slots) {
      EXPECT_TRUE(standby_->CopySlotsOf(Primary()).ok());
    }
    const absl::Status taken = standby_->TakeOver(Primary());
    ASSERT_TRUE(taken.ok()) << taken;
    promoted_ = std::move(standby_);
  }
  // Begins a sync in which table t is copied with a row that the standby does not get. The log
  // worker is stopped, so that the log does not come to it.
  void CopyWhatTheStandbyLacks() {
    ASSERT_NO_FATAL_FAILURE(Begin());
    MakeSlot();
    database_.Run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'kept')");
    BeginWithLock("LOCK TABLE t IN ACCESS EXCLUSIVE MODE; INSERT INTO t VALUES (2, 'lost')");
    log_worker_ = connector_.WorkerOn("log");
    ASSERT_NE(log_worker_, 0);
    ASSERT_EQ(::kill(log_worker_, SIGSTOP), 0);
    StopStandby();
    EndLock();
    EXPECT_TRUE(Eventually([this] { return SavedTable("t").contains("done"); }));
    EXPECT_EQ(Destination("v = 'lost'"), "1");
  }
  void ExpectFollowed() {
    ExpectEqual("t", {"id", "v"});
    database_.Run("INSERT INTO t VALUES (7000, 'followed')");
    EXPECT_EQ(GoodSync().Count("records"), 1u);
    ExpectEqual("t", {"id", "v"});
  }

  pid_t log_worker_ = 0;
  std::unique_ptr<PostgresServer> promoted_;
  std::unique_ptr<PostgresServer> standby_;
};

TEST_F(Failover, IsATaskUnlessTheLogGoesOnWhereTheStateEnds) {
  database_.Run("CREATE TABLE t (id int PRIMARY KEY, v text)");
  enum class Slot { kNone, kMadeByHand, kCopied };
  const struct {
    const char* situation;
    // The standby lacks rows that were sent.
    bool loses;
    Slot slot;
    // Empty: the connection goes on.
    const char* task;
  } kCases[] = {
      {"nothing is lost, and there is no slot", false, Slot::kNone,
       "does not have its primary's slots"},
      {"rows are lost, and there is no slot", true, Slot::kNone,
       "does not have its primary's slots"},
      // Its log begins after changes that were not sent.
      {"nothing is lost, and someone made a slot", false, Slot::kMadeByHand,
       "is after the saved state's"},
      // Its log begins before the state's position, which the new log reaches with other changes.
      {"rows are lost, and someone made a slot", true, Slot::kMadeByHand, "another history"},
      {"rows are lost, and the slot was copied", true, Slot::kCopied, "another history"},
      {"nothing is lost, and the slot was copied", false, Slot::kCopied, ""},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.situation);
    ASSERT_NO_FATAL_FAILURE(Begin());
    database_.Run("TRUNCATE t; INSERT INTO t SELECT i, 'first' FROM generate_series(1, 9) i");
    GoodSync();
    const std::string slot = Server().Ask("SELECT slot_name FROM pg_replication_slots");
    if (one.loses) {
      StopStandby();
      database_.Run("DELETE FROM t WHERE id = 1; UPDATE t SET v = 'lost' WHERE id = 2;" +
                    ManyRows(1000));
      GoodSync();
      EXPECT_EQ(Destination("id >= 1000 OR v = 'lost'"), "1001");
    } else {
      database_.Run("DELETE FROM t WHERE id = 1; UPDATE t SET v = 'kept' WHERE id = 2");
      GoodSync();
      StopStandby();
    }
    ASSERT_NO_FATAL_FAILURE(FailOver(one.slot == Slot::kCopied));
    database_.Run("UPDATE t SET v = 'between' WHERE id = 3");
    if (one.slot == Slot::kMadeByHand) {
      database_.Run(
          absl::StrCat("SELECT pg_create_logical_replication_slot('", slot, "', 'pgoutput')"));
    }
    database_.Run("UPDATE t SET v = 'after' WHERE id = 4;" + ManyRows(5000) + ";" + ManyRows(6000));
    const std::uint64_t reached = SavedPosition();
    // A Task that comes once only would hide that the second sync leaves changes out.
    for (int i = 0; i < 2 && *one.task != '\0'; ++i) {
      const SyncOutcome outcome = Sync();
      EXPECT_THAT(outcome.task(), HasSubstr(one.task)) << outcome.text;
      EXPECT_THAT(outcome.task(), HasSubstr("re-sync the connection"));
      EXPECT_EQ(outcome.Count("records"), 0u) << outcome.text;
      EXPECT_EQ(SavedPosition(), reached);
    }
    // The re-sync that the Task asks for.
    if (*one.task != '\0') std::ofstream(dir_ / "state.json", std::ios::trunc) << "{}";
    const SyncOutcome next = GoodSync();
    EXPECT_EQ(next.TableCount("public.t", "truncates"), *one.task != '\0' ? 1u : 0u);
    ExpectFollowed();
  }
}

// The log waits while a slice is read that sees more than the standby has; the state's position in
// the log is still one that the standby has as well.
TEST_F(Failover, RowsThatOnlyACopyHasReadFromTheLostPrimaryAreNotLeftInTheDestination) {
  CopyWhatTheStandbyLacks();
  run_->Kill();
  connector_.Signal(SIGKILL);
  connector_.Wait();
  ASSERT_NO_FATAL_FAILURE(FailOver(/*with_slots=*/true));
  ASSERT_TRUE(connector_.Start().ok());
  GoodSync();
  ExpectFollowed();
}

TEST_F(Failover, RowsThatOnlyACopyOfTheSameSyncHasReadAreNotLeftInTheDestination) {
  CopyWhatTheStandbyLacks();
  EXPECT_TRUE(Server().Kill().ok());
  ASSERT_NO_FATAL_FAILURE(FailOver(/*with_slots=*/true));
  ASSERT_EQ(::kill(log_worker_, SIGCONT), 0);
  ExpectGood();
  ExpectFollowed();
}

}  // namespace
}  // namespace tributary::postgresql_test
