// The metrics: what is exposed, that the sums are right, and that the number of series stays small.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "supervisor/metrics/connection_meter.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/metrics/sync_meter.h"
#include "supervisor/metrics/table_meter.h"
#include "tests/metrics/scrape.h"

namespace tributary::tests {
namespace {

constexpr char kId[] = "0123456789abcdef0123456789abcdef";

std::string OfConnection(const std::string& metric, const std::string& more = "") {
  return absl::StrCat(metric, "{connection=\"", kId, "\"", more, "}");
}

// The names of the metrics, with their types.
std::set<std::string> Typed(const std::string& exposition) {
  std::set<std::string> typed;
  for (const absl::string_view line : absl::StrSplit(exposition, '\n')) {
    if (absl::StartsWith(line, "# TYPE ")) typed.emplace(line.substr(7));
  }
  return typed;
}

TEST(Exposition, EverySeriesOfTheProcessIsThereFromTheStartAndZero) {
  const Metrics metrics;
  const Samples samples(metrics.Exposition());
  EXPECT_GT(samples.size(), 20u);
  for (const auto& [name, value] : samples.all()) EXPECT_EQ(value, 0) << name;
  for (const char* outcome : {"ok", "task", "cancelled", "drained", "failed", "refused"}) {
    EXPECT_EQ(samples[absl::StrCat("tributary_syncs_ended_total{outcome=\"", outcome, "\"}")], 0);
  }
  for (const char* reason : {"finished", "killed", "exited", "silent", "broken"}) {
    EXPECT_EQ(samples[absl::StrCat("tributary_worker_ends_total{reason=\"", reason, "\"}")], 0);
  }
}

TEST(Exposition, ReadmeHasEveryMetricWithItsTypeAndNoOther) {
  Metrics metrics;
  SyncMeter meter(metrics, kId);
  SyncFigures figures;
  figures.log.emplace();
  meter.Show(figures);
  TableMeter tables(metrics, kId);
  tables.Show({{.name = "main.t"}});
  ConnectionMeter connection(metrics, kId);
  connection.Ended(SyncEnd::kOk, std::chrono::system_clock::time_point());
  metrics.Describe("1", "an engine", 0);
  std::set<std::string> documented;
  std::ifstream readme(METRICS_README_FILE);
  for (std::string line; std::getline(readme, line);) {
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (!absl::StartsWith(line, "| `tributary_") || cells.size() < 3) continue;
    const std::string name = cells[0].substr(3, cells[0].find_first_of("`{", 3) - 3);
    documented.insert(absl::StrCat(name, " ", cells[1]));
  }
  EXPECT_EQ(documented, Typed(metrics.Exposition()));
}

TEST(Exposition, FiguresOfASyncAreAddedOnceHoweverOftenTheyAreShown) {
  Metrics metrics;
  SyncMeter meter(metrics, kId);
  SyncFigures figures;
  figures.records = 100;
  figures.merged = {2, 2000};
  figures.sent = {1, 1000};
  for (int i = 0; i < 3; ++i) meter.Show(figures);
  figures.records = 250;
  figures.sent = {2, 2000};
  meter.Show(figures);
  const Samples samples(metrics.Exposition());
  EXPECT_EQ(samples["tributary_records_merged_total"], 250);
  EXPECT_EQ(samples["tributary_stream_messages_total{stage=\"merged\"}"], 2);
  EXPECT_EQ(samples["tributary_stream_bytes_total{stage=\"sent\"}"], 2000);
  EXPECT_EQ(samples["tributary_stream_bytes_total{stage=\"staged\"}"], 0);
}

TEST(Exposition, CountersOfTheProcessAreTheSumOfItsSyncs) {
  Metrics metrics;
  SyncFigures figures;
  figures.records = 7;
  figures.warnings = 2;
  figures.tables_aside = 1;
  {
    SyncMeter ended(metrics, kId);
    ended.Show(figures);
    ended.End(SyncEnd::kFailed);
  }
  SyncMeter(metrics, kId).End(SyncEnd::kRefused);
  // The same connection again, and another one.
  SyncMeter again(metrics, kId);
  SyncMeter other(metrics, "other");
  again.Show(figures);
  other.Show(figures);
  const Samples samples(metrics.Exposition());
  EXPECT_EQ(samples["tributary_records_merged_total"], 21);
  EXPECT_EQ(samples["tributary_warnings_total"], 6);
  EXPECT_EQ(samples["tributary_tables_put_aside_total"], 3);
  EXPECT_EQ(samples["tributary_syncs_running"], 2);
  EXPECT_EQ(samples["tributary_syncs_ended_total{outcome=\"failed\"}"], 1);
  EXPECT_EQ(samples["tributary_syncs_ended_total{outcome=\"refused\"}"], 1);
  EXPECT_EQ(samples["tributary_sync_duration_seconds_count"], 1) << "a refused sync has no length";
}

TEST(Exposition, RunningSyncStandsUnderItsConnectionAndIsGoneAfterIt) {
  Metrics metrics;
  const std::size_t without = Samples(metrics.Exposition()).size();
  {
    SyncMeter meter(metrics, kId);
    SyncFigures figures;
    figures.tables_pending = 5;
    figures.tables_copying = 2;
    figures.tables_live = 9;
    figures.tables_aside = 1;
    figures.staging_bytes = 4096;
    figures.ring_bytes = 64;
    meter.Show(figures);
    const Samples samples(metrics.Exposition());
    EXPECT_EQ(samples[OfConnection("tributary_sync_tables", ",phase=\"pending\"")], 5);
    EXPECT_EQ(samples[OfConnection("tributary_sync_tables", ",phase=\"copying\"")], 2);
    EXPECT_EQ(samples[OfConnection("tributary_sync_tables", ",phase=\"live\"")], 9);
    EXPECT_EQ(samples[OfConnection("tributary_sync_tables", ",phase=\"aside\"")], 1);
    EXPECT_EQ(samples[OfConnection("tributary_sync_staging_bytes")], 4096);
    EXPECT_EQ(samples[OfConnection("tributary_sync_ring_bytes")], 64);
  }
  const Samples samples(metrics.Exposition());
  EXPECT_EQ(samples.size(), without);
  EXPECT_FALSE(samples.AnyHolds("connection"));
  EXPECT_EQ(samples["tributary_syncs_running"], 0);
}

TEST(Exposition, TimeOfTheLastCheckpointIsTheStartsUntilThereIsOne) {
  Metrics metrics;
  const auto now = [] { return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()); };
  const auto shown = [&metrics] {
    return Samples(
        metrics.Exposition())[OfConnection("tributary_sync_last_checkpoint_timestamp_seconds")];
  };
  SyncMeter meter(metrics, kId);
  const double started = shown();
  EXPECT_NEAR(started, now(), 2);
  absl::SleepFor(absl::Milliseconds(1100));
  SyncFigures figures;
  figures.records = 1;
  meter.Show(figures);
  EXPECT_EQ(shown(), started);
  figures.checkpoints = 1;
  meter.Show(figures);
  EXPECT_GT(shown(), started);
}

TEST(Exposition, AnyNumberOfConnectionsLeavesAsManySeriesAsNone) {
  Metrics metrics;
  const std::size_t without = Samples(metrics.Exposition()).size();
  for (int i = 0; i < 10'000; ++i) {
    SyncMeter meter(metrics, absl::StrCat("connection", i));
    meter.Show(SyncFigures());
    meter.End(SyncEnd::kOk);
  }
  const Samples samples(metrics.Exposition());
  EXPECT_EQ(samples.size(), without);
  EXPECT_EQ(samples["tributary_syncs_ended_total{outcome=\"ok\"}"], 10'000);
}

TEST(Exposition, WaitsRetriesAndTheTimeThatSyncsHaveRunAddUp) {
  Metrics metrics;
  const Samples before(metrics.Exposition());
  for (const char* stage : {"source", "ring", "gate", "staging", "client"}) {
    EXPECT_TRUE(
        before.all().contains(absl::StrCat("tributary_wait_seconds_total{stage=\"", stage, "\"}")));
  }
  SyncMeter meter(metrics, kId);
  SyncFigures figures;
  figures.waited(WaitStage::kSource) = std::chrono::milliseconds(1500);
  figures.CountRetry(Retry::kMoved);
  meter.Show(figures);
  figures.waited(WaitStage::kSource) += std::chrono::milliseconds(500);
  figures.waited(WaitStage::kClient) += std::chrono::milliseconds(250);
  figures.CountRetry(Retry::kMoved);
  meter.Show(figures);
  const Samples samples(metrics.Exposition());
  EXPECT_EQ(samples["tributary_wait_seconds_total{stage=\"source\"}"], 2);
  EXPECT_EQ(samples["tributary_wait_seconds_total{stage=\"client\"}"], 0.25);
  EXPECT_EQ(samples["tributary_retries_total{reason=\"moved\"}"], 2);
  EXPECT_EQ(samples.Sum("tributary_retries_total"), 2);
  EXPECT_GT(samples["tributary_sync_seconds_total"], 0);
}

TEST(Exposition, LogOfASyncStandsThereOnceItIsKnownAndGoesWithIt) {
  Metrics metrics;
  {
    SyncMeter meter(metrics, kId);
    SyncFigures figures;
    meter.Show(figures);
    EXPECT_FALSE(Samples(metrics.Exposition()).AnyHolds("tributary_sync_log_lag"));
    figures.log = {
        .lag_bytes = 7, .lag_seconds = 1.5, .retained_bytes = 9, .retained_limit_bytes = 10};
    meter.Show(figures);
    const Samples samples(metrics.Exposition());
    EXPECT_EQ(samples[OfConnection("tributary_sync_log_lag_bytes")], 7);
    EXPECT_EQ(samples[OfConnection("tributary_sync_log_lag_seconds")], 1.5);
    EXPECT_EQ(samples[OfConnection("tributary_sync_retained_log_bytes")], 9);
    EXPECT_EQ(samples[OfConnection("tributary_sync_retained_log_limit_bytes")], 10);
  }
  EXPECT_FALSE(Samples(metrics.Exposition()).AnyHolds("connection"));
}

TEST(Exposition, MemoryOfWorkersIsTheSumOfTheSyncsThatRun) {
  Metrics metrics;
  SyncMeter meter(metrics, kId);
  SyncFigures figures;
  figures.worker_memory_bytes = 100;
  meter.Show(figures);
  {
    SyncMeter other(metrics, "other");
    figures.worker_memory_bytes = 30;
    other.Show(figures);
    EXPECT_EQ(Samples(metrics.Exposition())["tributary_workers_memory_bytes"], 130);
  }
  figures.worker_memory_bytes = 60;
  meter.Show(figures);
  EXPECT_EQ(Samples(metrics.Exposition())["tributary_workers_memory_bytes"], 60);
}

TEST(Exposition, OnlyTablesThatAreShownNowHaveSeries) {
  Metrics metrics;
  TableMeter tables(metrics, kId);
  tables.Show({{.name = "main.a", .rows = 1}, {.name = "main.b", .rows = 2}});
  tables.Show({{.name = "main.b", .rows = 3, .slices_done = 1, .slices_to_do = 4}});
  const Samples samples(metrics.Exposition());
  EXPECT_FALSE(samples.AnyHolds("main.a"));
  EXPECT_EQ(samples[OfConnection("tributary_sync_table_rows", ",table=\"main.b\"")], 3);
  EXPECT_EQ(samples[absl::StrCat("tributary_sync_table_slices{connection=\"", kId,
                                 "\",state=\"to_do\",table=\"main.b\"}")],
            4);
}

TEST(Exposition, ConnectionTellsWhenItsSyncsEndedLastAndHowManyFailedInARow) {
  Metrics metrics;
  using std::chrono::seconds;
  using std::chrono::system_clock;
  ConnectionMeter connection(metrics, kId);
  connection.Ended(SyncEnd::kFailed, system_clock::time_point(seconds(10)));
  connection.Ended(SyncEnd::kTask, system_clock::time_point(seconds(20)));
  connection.Ended(SyncEnd::kCancelled, system_clock::time_point(seconds(30)));
  Samples samples(metrics.Exposition());
  EXPECT_EQ(samples[OfConnection("tributary_connection_failures")], 2);
  EXPECT_EQ(samples[OfConnection("tributary_connection_last_end_timestamp_seconds")], 30);
  EXPECT_FALSE(samples.AnyHolds("tributary_connection_last_ok"));
  connection.Ended(SyncEnd::kOk, system_clock::time_point(seconds(40)));
  connection.Ended(SyncEnd::kDrained, system_clock::time_point(seconds(50)));
  samples = Samples(metrics.Exposition());
  EXPECT_EQ(samples[OfConnection("tributary_connection_failures")], 0);
  EXPECT_EQ(samples[OfConnection("tributary_connection_last_ok_timestamp_seconds")], 40);
}

TEST(Exposition, WholeNumbersAreExactAsFarAsADoubleHasThem) {
  Metrics metrics;
  SyncMeter meter(metrics, kId);
  SyncFigures figures;
  figures.sent.bytes = 9'007'199'254'740'991;
  meter.Show(figures);
  EXPECT_TRUE(absl::StrContains(metrics.Exposition(), "{stage=\"sent\"} 9007199254740991\n"));
}

TEST(Exposition, WorkersAreCountedByHowTheyEnded) {
  Metrics metrics;
  for (int i = 0; i < 3; ++i) metrics.WorkerStarted();
  metrics.WorkerEnded(WorkerEnd::kKilled);
  metrics.WorkerEnded(WorkerEnd::kSilent);
  const Samples samples(metrics.Exposition());
  EXPECT_EQ(samples["tributary_workers_running"], 1);
  EXPECT_EQ(samples["tributary_worker_ends_total{reason=\"killed\"}"], 1);
  EXPECT_EQ(samples["tributary_worker_ends_total{reason=\"silent\"}"], 1);
  EXPECT_EQ(samples.Sum("tributary_worker_ends_total"), 2);
}

}  // namespace
}  // namespace tributary::tests
