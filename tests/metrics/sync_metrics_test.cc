// The real connector's metrics: what they say about a sync equals what its client saw.
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/limits.h"
#include "tests/metrics/metered_scene.h"

namespace tributary::tests {
namespace {

constexpr char kSyncTables[] = "tributary_sync_tables";

class SyncMetrics : public MeteredScene {};

double Of(std::uint64_t count) { return static_cast<double>(count); }

TEST_F(SyncMetrics, ValuesOfASyncAreThoseOfItsClientsReport) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  const Samples samples = Scraped();
  EXPECT_EQ(samples["tributary_records_merged_total"], Of(outcome.Count("upserts")));
  EXPECT_EQ(samples["tributary_records_merged_total"], 1.0 * kTables * kRows);
  EXPECT_EQ(samples["tributary_checkpoints_sent_total"], Of(outcome.Count("checkpoints")));
  for (const char* stage : {"merged", "staged", "sent"}) {
    const std::string of = absl::StrCat("{stage=\"", stage, "\"}");
    EXPECT_EQ(samples["tributary_stream_messages_total" + of], Of(outcome.Count("messages"))) << of;
    EXPECT_EQ(samples["tributary_stream_bytes_total" + of], Of(outcome.Count("bytes"))) << of;
  }
  EXPECT_EQ(samples[Outcome("ok")], 1);
  EXPECT_EQ(samples.Sum("tributary_syncs_ended_total"), 1);
  EXPECT_EQ(samples["tributary_sync_duration_seconds_count"], 1);
  EXPECT_GT(samples["tributary_sync_duration_seconds_sum"], 0);
  // The workers of the setup calls are counted, too.
  EXPECT_GT(samples[WorkerEnds("finished")], 2);
  EXPECT_EQ(samples.Sum("tributary_worker_ends_total"), samples[WorkerEnds("finished")]);
  for (const char* zero :
       {"tributary_workers_running", "tributary_syncs_running", "tributary_warnings_total",
        "tributary_tasks_total", "tributary_staging_bypassed_total",
        "tributary_messages_replayed_total"}) {
    EXPECT_EQ(samples[zero], 0) << zero;
  }
  EXPECT_FALSE(samples.AnyHolds("tributary_sync_tables{"))
      << "a sync that has ended still has series";
}

TEST_F(SyncMetrics, SecondSyncAddsToTheFirst) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  const SyncOutcome first = ExpectGoodSync();
  AddRowsToAllTables();
  const SyncOutcome second = ExpectGoodSyncAndEqual();
  // A sync that finds nothing changed.
  const SyncOutcome third = ExpectGoodSync();
  const Samples samples = Scraped();
  const auto all = [&](const char* name) {
    return Of(first.Count(name) + second.Count(name) + third.Count(name));
  };
  EXPECT_EQ(samples["tributary_records_merged_total"], all("upserts"));
  EXPECT_EQ(samples["tributary_stream_messages_total{stage=\"sent\"}"], all("messages"));
  EXPECT_EQ(samples["tributary_stream_bytes_total{stage=\"sent\"}"], all("bytes"));
  EXPECT_EQ(samples["tributary_checkpoints_sent_total"], all("checkpoints"));
  EXPECT_EQ(samples[Outcome("ok")], 3);
}

TEST_F(SyncMetrics, SyncThatRunsShowsItsTablesItsCheckpointAndItsClientThatStandsStill) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  Enlarge(100'000'000);
  // The gauge counts whole seconds.
  const auto began = static_cast<double>(absl::ToUnixSeconds(absl::Now()));
  const auto run = HeldSync(1);
  EXPECT_TRUE(Becomes("tributary_client_stalls_total", 1));
  ASSERT_TRUE(connector().WaitForLog("reading ends").has_value());
  EXPECT_TRUE(Becomes(OfSync(kSyncTables, ",phase=\"live\""), kTables));
  const Samples samples = Scraped();
  EXPECT_EQ(samples["tributary_syncs_running"], 1);
  EXPECT_EQ(samples.Sum(kSyncTables), kTables);
  EXPECT_GE(samples[OfSync("tributary_sync_last_checkpoint_timestamp_seconds")], began);
  EXPECT_GT(samples[OfSync("tributary_sync_staging_bytes")], 1'000'000);
  EXPECT_GE(samples[OfSync("tributary_sync_ring_bytes")], 0);
  EXPECT_LT(samples["tributary_stream_bytes_total{stage=\"sent\"}"],
            samples["tributary_stream_bytes_total{stage=\"merged\"}"]);
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  const Samples after = Scraped();
  EXPECT_GT(after["tributary_messages_read_back_total"], 0);
  EXPECT_LE(after["tributary_messages_read_back_total"], Of(outcome.Count("messages")));
  EXPECT_EQ(after["tributary_stream_bytes_total{stage=\"sent\"}"], Of(outcome.Count("bytes")));
  EXPECT_FALSE(after.AnyHolds("tributary_sync_tables{"));
  ExpectEqual();
}

TEST_F(SyncMetrics, TablesOfASyncAddUpToThoseSelectedAtAnyMoment) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  const auto run = scene().SyncInItsMidst(0);
  bool copying = false;
  while (run->running()) {
    const Samples samples = Scraped();
    const double sum = samples.Sum(kSyncTables);
    EXPECT_TRUE(sum == 0 || sum == kTables) << sum;
    copying = copying || samples[OfSync(kSyncTables, ",phase=\"copying\"")] > 0;
    EXPECT_LE(samples["tributary_workers_running"], 3);
  }
  EXPECT_TRUE(copying);
  EXPECT_TRUE(run->Wait().ok());
}

TEST_F(SyncMetrics, WorkerThatIsKilledIsCounted) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  const auto run = scene().SyncInItsMidst(0);
  pid_t victim = 0;
  ASSERT_TRUE(Eventually([&] {
    for (const pid_t worker : connector().workers()) {
      if (absl::StrContains(TitleOf(worker), "main.t")) victim = worker;
    }
    return victim != 0;
  }));
  ASSERT_EQ(kill(victim, SIGKILL), 0);
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  const Samples samples = Scraped();
  EXPECT_EQ(samples[WorkerEnds("killed")], 1);
  EXPECT_EQ(samples[WorkerEnds("silent")] + samples[WorkerEnds("broken")], 0);
  EXPECT_EQ(samples["tributary_workers_running"], 0);
  ExpectEqual();
}

TEST_F(SyncMetrics, TableThatIsPutAsideIsShownAsideAndItsWarningCounted) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  AddSlowTable();
  // While its client has stopped reading, the sync cannot end before it is examined.
  const auto run = HeldSync(0);
  for (int death = 0; death < 3; ++death) {
    pid_t victim = 0;
    ASSERT_TRUE(Eventually([&] { return (victim = connector().WorkerOn("main.slow")) != 0; }));
    ASSERT_EQ(kill(victim, SIGKILL), 0);
    ASSERT_TRUE(Eventually([&] { return Gone(victim); }));
  }
  EXPECT_TRUE(Becomes(OfSync(kSyncTables, ",phase=\"aside\""), 1));
  run->Continue();
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  const Samples samples = Scraped();
  EXPECT_EQ(samples[WorkerEnds("killed")], 3);
  EXPECT_EQ(samples["tributary_tables_put_aside_total"], 1) << "the gauge has been removed by now";
  EXPECT_EQ(samples["tributary_warnings_total"], Of(outcome.Count("warning_count")));
}

TEST_F(SyncMetrics, StagingThatIsBypassedIsCountedWithItsWarning) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  ReplaceStagingByAFile();
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  const Samples samples = Scraped();
  EXPECT_EQ(samples["tributary_staging_bypassed_total"], 1);
  EXPECT_EQ(samples["tributary_warnings_total"], Of(outcome.Count("warning_count")));
  EXPECT_EQ(samples["tributary_stream_bytes_total{stage=\"staged\"}"], 0);
  EXPECT_EQ(samples["tributary_stream_bytes_total{stage=\"sent\"}"], Of(outcome.Count("bytes")));
}

TEST_F(SyncMetrics, WhatIsReplayedFromStagingIsCountedAndNotAsMerged) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  ExpectGoodSync({"--save-checkpoint", "2"});
  connector().Stop();
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  const Samples samples = Scraped();
  EXPECT_GT(scene().Replayed(), 0u);
  EXPECT_EQ(samples["tributary_messages_replayed_total"], Of(scene().Replayed()));
  EXPECT_EQ(samples["tributary_records_merged_total"], 0);
  EXPECT_EQ(samples["tributary_stream_bytes_total{stage=\"sent\"}"], Of(outcome.Count("bytes")));
  EXPECT_EQ(samples["tributary_checkpoints_sent_total"], Of(outcome.Count("checkpoints")));
}

TEST_F(SyncMetrics, EverySyncEndsWithOneOutcome) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  // The source cannot be found: a Task.
  WriteSqliteConfig(scene().dir() / "wrong.json", scene().dir() / "missing.db");
  SyncRunOptions wrong = scene().Sync();
  wrong.config = scene().dir() / "wrong.json";
  wrong.warehouse = "";
  wrong.state = "";
  wrong.skip_setup = true;
  tests::RunSync(wrong);
  EXPECT_TRUE(Becomes(Outcome("task"), 1));
  EXPECT_EQ(Now("tributary_tasks_total"), 1);
  // The configuration cannot be used: a Task before a sync begins.
  std::ofstream(wrong.config) << R"({"source": "sqlite"})";
  tests::RunSync(wrong);
  EXPECT_TRUE(Becomes(Outcome("task"), 2));
  EXPECT_EQ(Now("tributary_tasks_total"), 2);
  // Two syncs of one connection at the same time.
  const auto run = HeldSync(0);
  SyncRunOptions second = scene().Sync();
  second.state = scene().dir() / "second_state.json";
  second.warehouse = scene().dir() / "second_warehouse.db";
  EXPECT_EQ(tests::RunSync(second).grpc_code(), "ABORTED");
  EXPECT_EQ(Now(Outcome("refused")), 1);
  run->Kill();
  run->Wait();
  EXPECT_TRUE(Becomes(Outcome("cancelled"), 1));
  EXPECT_TRUE(Eventually([this] { return scene().RunSync().ok(); }));
  const Samples samples = Scraped();
  EXPECT_EQ(samples[Outcome("ok")], 1);
  EXPECT_EQ(samples[Outcome("failed")], 0);
  EXPECT_EQ(samples["tributary_syncs_running"], 0);
}

TEST_F(SyncMetrics, SyncThatCannotStartItsWorkersHasFailedAndTheMetricsGoOn) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  // No ring can be made.
  rlimit limit{};
  ASSERT_EQ(prlimit(connector().pid(), RLIMIT_FSIZE, nullptr, &limit), 0);
  const rlimit small{limits::kRingBytes / 2, limit.rlim_max};
  ASSERT_EQ(prlimit(connector().pid(), RLIMIT_FSIZE, &small, nullptr), 0);
  SyncRunOptions options = scene().Sync();
  options.skip_setup = true;
  options.warehouse = "";
  EXPECT_FALSE(tests::RunSync(options).ok());
  EXPECT_TRUE(Becomes(Outcome("failed"), 1));
  ASSERT_EQ(prlimit(connector().pid(), RLIMIT_FSIZE, &limit, nullptr), 0);
  ExpectGoodSyncAndEqual();
  EXPECT_EQ(Now(Outcome("ok")), 1);
  EXPECT_EQ(Now("tributary_workers_running"), 0);
}

}  // namespace
}  // namespace tributary::tests
