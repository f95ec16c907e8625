// The log that a server holds back for a connection, because a state that covers it has not come
// back yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/postgresql/gate_scene.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using tests::Eventually;

constexpr double kGiB = 1 << 30;

class HeldLog : public GateScene {
 protected:
  // Bytes that the server holds back for the connection.
  static double Held() {
    double bytes = -1;
    const std::string text =
        Server().Ask("SELECT pg_current_wal_lsn() - restart_lsn FROM pg_replication_slots");
    EXPECT_TRUE(absl::SimpleAtod(text, &bytes)) << text;
    return bytes;
  }
};

// The copy cannot end before an application's transaction does, so that the sync lasts.
TEST_F(HeldLog, PastItsLimitASyncEndsWithAWarningAndTheNextOneReleasesIt) {
  connector_.Stop();
  connector_.options().flags.insert(connector_.options().flags.end(), {"--max-retained-wal", "1"});
  ASSERT_TRUE(connector_.Start().ok());
  MakeSlot();
  database_.Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  const auto older = Within("SELECT pg_current_xact_id()");
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  EXPECT_TRUE(Eventually([this] { return Looks() > 0; }));
  for (int i = 0; Held() <= kGiB; ++i) {
    // The rest of the log's file of 16 MiB is skipped.
    database_.Run(absl::StrCat("INSERT INTO earlier VALUES (", i, ")"));
    Server().Ask("SELECT pg_switch_wal()");
  }
  EXPECT_TRUE(Eventually([this] {
    return Metric("tributary_sync_retained_log_bytes") >
           Metric("tributary_sync_retained_log_limit_bytes");
  }));
  const tests::SyncOutcome outcome = run_->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text << connector_.Output();
  EXPECT_THAT(outcome.warnings(), Contains(HasSubstr("more than --max-retained-wal allows")));
  ExpectEqual("earlier", {"id"});
  EXPECT_GT(Held(), kGiB);
  Execute(*older, "ROLLBACK");
  GoodSync();
  ExpectEqual("t", {"id"});
  EXPECT_LT(Held(), kGiB);
}

// The client reads nothing until staging is full, so that the log waits for it.
TEST_F(HeldLog, AClientThatIsSlowerThanTheSourceSeesTheLogFallBehindAndGetsAllOfIt) {
  constexpr std::uint64_t kLimit = limits::kLeastStagingLimitBytes;
  constexpr std::uint64_t kRows = 3500;
  constexpr std::uint64_t kBodyBytes = 100'000;
  static_assert(kRows * kBodyBytes > kLimit + kLimit / 4);
  connector_.Stop();
  connector_.options().flags.insert(connector_.options().flags.end(),
                                    {"--staging-limit", absl::StrCat(kLimit)});
  ASSERT_TRUE(connector_.Start().ok());
  database_.Run(
      "CREATE EXTENSION pgcrypto; CREATE TABLE t (id int PRIMARY KEY, body bytea);"
      "ALTER TABLE t ALTER body SET STORAGE EXTERNAL");
  GoodSync();
  // Encrypted, so that staging cannot compress them.
  database_.Run(absl::StrCat("INSERT INTO t SELECT i, encrypt(convert_to(repeat('x', ", kBodyBytes,
                             "), 'UTF8'), convert_to(i::text, 'UTF8'), 'aes')",
                             " FROM generate_series(1, ", kRows, ") i"));
  const std::size_t before = connector_.LogSize();
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  ASSERT_TRUE(connector_.WaitForLog("plan made", before).has_value());
  run_->Stop();
  const auto staged = [this] { return Metric("tributary_sync_staging_bytes"); };
  EXPECT_TRUE(Eventually([&staged] { return staged() > 0.9 * kLimit; })) << staged();
  EXPECT_TRUE(Eventually([this] { return Metric("tributary_sync_log_lag_bytes") > 0; }));
  // The source goes on.
  database_.Run("INSERT INTO t VALUES (0)");
  EXPECT_LE(staged(), kLimit);
  EXPECT_TRUE(run_->running());
  run_->Continue();
  ExpectGood();
  GoodSync();
  ExpectEqual("t", {"id"});
}

}  // namespace
}  // namespace tributary::postgresql_test
