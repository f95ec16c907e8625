#include "tests/bench/cases.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/figures.h"
#include "tests/metrics/scrape.h"

namespace tributary::bench {
namespace {

constexpr std::chrono::seconds kBetweenScrapes{1};
constexpr double kLongestStartMs = 150;
constexpr std::uint64_t kGigabyte = 1'000'000'000;

SyncCost SyncOnce(const SyncSubject& subject) { return SyncBench(subject).Run(); }

// Runs baseline and connector alternately.
Against RunAgainstBareLoop(const std::string& file, int rounds) {
  Databases::Warm(file);
  std::vector<BareCost> bare;
  std::vector<SyncCost> ours;
  for (int round = 0; round < rounds; ++round) {
    bare.push_back(RunBareLoop(file));
    ours.push_back(SyncOnce(SubjectOf(file)));
    std::cout << absl::StrFormat("  %.2f s by the bare loop, %.2f s by a sync", bare.back().seconds,
                                 ours.back().seconds)
              << std::endl;
    if (ours.back().records < bare.back().rows) Fail("a sync sent fewer rows than the source has");
  }
  return {Median(bare, BareWall), Median(ours, Wall)};
}

void AddDisk(Bench& bench, const std::string& work, const SyncCost& cost) {
  const double ratio = static_cast<double>(cost.disk_bytes) / static_cast<double>(cost.wire_bytes);
  bench.report.Add({.work = absl::StrCat(work, ": bytes written to disk, of those on the wire"),
                    .baseline = absl::StrCat(cost.wire_bytes / 1'000'000, " MB"),
                    .ours = absl::StrCat(cost.disk_bytes / 1'000'000, " MB"),
                    .ratio = Ratio(ratio),
                    .goal = "<= 0.33",
                    .met = cost.disk_bytes * 3 <= cost.wire_bytes});
}

void AddCpu(Bench& bench, const std::string& name, const std::string& file, const Against& both) {
  bench.report.Add(Report::CpuColumn{.name = name,
                                     .sync = both.ours,
                                     .source_read = both.bare.cpu_seconds,
                                     .sample = Sample(SubjectOf(file))});
}

}  // namespace

void FirstSync(Bench& bench) {
  const std::string file = bench.databases.Orders(kOrders);
  const Against both = RunAgainstBareLoop(file, std::max(bench.rounds, 3));
  AddRatio(bench, "first_sync: 3,000,000 rows x 10 columns", both, 1.0);
  const double added = (both.ours.cpu.tributary() - both.bare.cpu_seconds) * 1e6 /
                       static_cast<double>(both.bare.rows);
  bench.report.Add({.work = "first_sync: CPU of tributary less the bare loop's, a row",
                    .baseline = absl::StrFormat("%.2f µs", both.bare.cpu_seconds * 1e6 /
                                                               static_cast<double>(both.bare.rows)),
                    .ours = absl::StrFormat("+%.2f µs", added),
                    .ratio = "",
                    .goal = "<= 1.00 µs",
                    .met = added <= 1.0});
  AddMemory(bench, "first_sync", both.ours);
  AddDisk(bench, "first_sync", both.ours);
  AddCpu(bench, "first_sync", file, both);
}

void Watched(Bench& bench) {
  const std::string file = bench.databases.ManyTables(kTables, kOrders);
  Databases::Warm(file);
  SyncSubject subject = SubjectOf(file);
  subject.flags = {"--metrics-address", "127.0.0.1:0"};
  std::vector<double> shares;
  for (int round = 0; round < std::max(bench.rounds, 3); ++round) {
    SyncBench syncs(subject);
    const auto told = syncs.connector().WaitForLog("metrics can be scraped");
    if (!told.has_value()) Fail("the connector serves no metrics");
    const std::string address = told->value("address", "");
    auto next = std::chrono::steady_clock::now();
    const SyncCost cost = syncs.Run([&] {
      if (std::chrono::steady_clock::now() < next) return;
      next += kBetweenScrapes;
      if (tests::Get(address).status != 200) Fail("a scrape was not answered");
    });
    shares.push_back(cost.cpu.web / cost.cpu.tributary());
    std::cout << absl::StrFormat("  %.4f s of %.2f CPU-s for the scrapes", cost.cpu.web,
                                 cost.cpu.tributary())
              << std::endl;
  }
  const double share = Median(shares, [](double one) { return one; });
  bench.report.Add({.work = "watched: CPU of scrapes, one each second, of the sync's",
                    .baseline = "",
                    .ours = absl::StrFormat("%.2f %%", 100 * share),
                    .ratio = "",
                    .goal = "< 1 %",
                    .met = share < 0.01});
}

void TenTimes(Bench& bench) {
  const std::string file = bench.databases.Orders(10 * kOrders);
  const SyncCost ours = SyncOnce(SubjectOf(file));
  bench.report.Add({.work = "ten_times: 30,000,000 rows x 10 columns",
                    .baseline = "",
                    .ours = Seconds(ours.seconds),
                    .ratio = "",
                    .goal = "",
                    .met = {}});
  AddMemory(bench, "ten_times", ours);
  AddDisk(bench, "ten_times", ours);
}

void ManyTables(Bench& bench) {
  const std::string file = bench.databases.ManyTables(kTables, kRowsOfTable * kTables);
  Databases::Warm(file);
  const BareCost bare = RunBareLoop(file);
  std::vector<SyncCost> first;
  std::vector<SyncCost> unchanged;
  for (int round = 0; round < bench.rounds; ++round) {
    SyncBench syncs(SubjectOf(file));
    first.push_back(syncs.Run());
    unchanged.push_back(syncs.Run());
    std::cout << absl::StrFormat("  %.2f s the first sync, %.3f s the next one",
                                 first.back().seconds, unchanged.back().seconds)
              << std::endl;
  }
  const Against both{bare, Median(first, Wall)};
  const SyncCost next = Median(unchanged, Wall);
  bench.report.Add({.work = "many_tables: 10,000 tables x 20 rows x 10 columns, first sync",
                    .baseline = Seconds(bare.seconds),
                    .ours = Seconds(both.ours.seconds),
                    .ratio = "",
                    .goal = "< 5 s",
                    .met = both.ours.seconds < 5});
  bench.report.Add({.work = "many_tables: sync of the unchanged file",
                    .baseline = "",
                    .ours = absl::StrFormat("%.3f s", next.seconds),
                    .ratio = "",
                    .goal = "< 0.5 s",
                    .met = next.seconds < 0.5});
  AddCpu(bench, "many_tables", file, both);
}

void Wide(Bench& bench) {
  const std::string file = bench.databases.Wide(200'000, 200);
  const Against both = RunAgainstBareLoop(file, bench.rounds);
  AddRatio(bench, "wide: 200,000 rows x 200 columns", both, 1.2);
  AddCpu(bench, "wide", file, both);
}

void Long(Bench& bench) {
  const std::string file = bench.databases.Long(20'000, 100'000);
  const Against both = RunAgainstBareLoop(file, bench.rounds);
  AddRatio(bench, "long: 20,000 rows with texts of 100 kB", both, 1.2);
  AddCpu(bench, "long", file, both);
}

void Synthetic(Bench& bench) {
  SyncSubject ours{.folder = bench.databases.folder(),
                   .file = "synthetic",
                   .flags = {"--workers", "2"},
                   .binary = SYNTHETIC_BINARY_PATH};
  SyncSubject bare = ours;
  bare.binary = BARE_SERVER_BINARY_PATH;
  std::vector<SyncCost> bare_runs;
  std::vector<SyncCost> our_runs;
  for (int round = 0; round < bench.rounds; ++round) {
    bare_runs.push_back(SyncOnce(bare));
    our_runs.push_back(SyncOnce(ours));
    std::cout << absl::StrFormat("  %.2f s by the bare server, %.2f s by a sync",
                                 bare_runs.back().seconds, our_runs.back().seconds)
              << std::endl;
  }
  const SyncCost baseline = Median(bare_runs, Wall);
  const SyncCost cost = Median(our_runs, Wall);
  const auto speed = [](const SyncCost& run) {
    return static_cast<double>(run.wire_bytes) / run.seconds / 1e6;
  };
  const double ratio = speed(cost) / speed(baseline);
  bench.report.Add({.work = "synthetic: a source that costs nothing, 2 workers, of a bare server",
                    .baseline = absl::StrFormat("%.0f MB/s", speed(baseline)),
                    .ours = absl::StrFormat("%.0f MB/s", speed(cost)),
                    .ratio = Ratio(ratio),
                    .goal = ">= 0.50",
                    .met = ratio >= 0.5});
  bench.report.Add(Report::CpuColumn{
      .name = "synthetic", .sync = cost, .source_read = 0, .sample = Sample(ours)});
  bench.report.Remark(absl::StrFormat(
      "The bare server's %.2f s: %.2f CPU-s in the server, %.2f in its client, for %d MB.",
      baseline.seconds, baseline.cpu.supervisor(), baseline.cpu.client,
      baseline.wire_bytes / 1'000'000));
}

void Start(Bench& bench) {
  const SyncSubject subject = SubjectOf(bench.databases.Demo());
  constexpr int kStarts = 11;
  std::vector<double> starts;
  for (int start = 0; start < kStarts; ++start) starts.push_back(StartToFirstRecordMs(subject));
  const double middle = Median(starts, [](double ms) { return ms; });
  bench.report.Add({.work = "start: from the process's start to the first row of the demo database",
                    .baseline = "",
                    .ours = absl::StrFormat("%.0f ms", middle),
                    .ratio = "",
                    .goal = absl::StrFormat("< %.0f ms", kLongestStartMs),
                    .met = middle < kLongestStartMs});
}

const std::vector<Case>& AllCases() {
  static const std::vector<Case> cases = {
      {"start", &Start, kGigabyte, 10},
      {"many_tables", &ManyTables, kGigabyte, 20},
      {"first_sync", &FirstSync, 3 * kGigabyte, 40},
      {"wide", &Wide, 4 * kGigabyte, 40},
      {"long", &Long, 6 * kGigabyte, 40},
      {"compare", &Compare, 4 * kGigabyte, 60},
      {"compare_tables", &CompareManyTables, kGigabyte, 30},
      {"watched", &Watched, 3 * kGigabyte, 40},
      {"synthetic", &Synthetic, 3 * kGigabyte, 30},
      {"pg_first_sync", &PostgresqlFirstSync, 4 * kGigabyte, 70},
      {"pg_many_tables", &PostgresqlManyTables, 4 * kGigabyte, 60},
      {"pg_compare", &PostgresqlCompare, 4 * kGigabyte, 90},
      {"pg_log", &PostgresqlLog, 6 * kGigabyte, 80},
      {"pg_transaction", &PostgresqlTransaction, 8 * kGigabyte, 90},
      {"pg_load", &PostgresqlLoad, 6 * kGigabyte, 90},
      {"growth", &Growth, 3 * kGigabyte, 60},
      {"ten_times", &TenTimes, 12 * kGigabyte, 120},
  };
  return cases;
}

}  // namespace tributary::bench
