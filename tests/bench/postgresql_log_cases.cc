// The cases that follow PostgreSQL's log: many small transactions, a large one, and the effect of a
// copy on applications.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/cases.h"
#include "tests/bench/figures.h"
#include "tests/bench/postgresql_baselines.h"
#include "tests/bench/postgresql_subject.h"
#include "tests/metrics/scrape.h"

namespace tributary::bench {
namespace {

constexpr std::uint64_t kUpdates = 1'000'000;
constexpr std::uint64_t kUpdatesOfTransaction = 100;
constexpr std::uint64_t kRowsOfTransaction = 2'000'000;
constexpr std::uint64_t kLoadedOrders = 3'000'000;
constexpr std::uint64_t kSideTables = 10;
constexpr std::uint64_t kRowsOfSideTable = 10'000;
constexpr int kUpdatesPerSecond = 2'000;
// The shortest time for which each part of the load is measured, and the longest time for a copy or
// a dump.
constexpr int kWatchedSeconds = 10;
constexpr int kLongestSeconds = 40;
constexpr double kMostLagSeconds = 5;

// The table `orders`, and the state of a sync that has copied it.
struct SyncedOrders {
  PostgresqlSubject subject;
  std::string state;

  SyncedOrders(Bench& bench, std::uint64_t rows) : subject(bench.databases.folder()) {
    subject.MakeOrders(rows);
    subject.Publish();
    SyncBench syncs(subject.subject());
    syncs.Run();
    state = subject.subject().folder + "/synced.json";
    std::filesystem::copy_file(syncs.state_file(), state,
                               std::filesystem::copy_options::overwrite_existing);
  }
};

// Baseline and connector alternately read what `change` writes to the log, from the same position.
// The connector runs a sync from the state before the change.
Against RunAgainstRecvlogical(Bench& bench, const SyncedOrders& synced, const std::string& change,
                              std::uint64_t changes) {
  const PostgresqlSubject& subject = synced.subject;
  const auto slot = [](int round) { return absl::StrCat("bare_", round); };
  for (int round = 0; round < bench.rounds; ++round) {
    subject.Run(
        absl::StrCat("SELECT pg_create_logical_replication_slot('", slot(round), "', 'pgoutput')"));
  }
  subject.Run(change);
  const std::string end = subject.Run("SELECT pg_current_wal_lsn()");
  // A later record, with which the reader detects the end.
  subject.Run("SELECT pg_logical_emit_message(true, 'bench', 'end')");
  SyncSubject ours = subject.subject();
  ours.state = synced.state;
  std::vector<BareCost> bare;
  std::vector<SyncCost> syncs;
  for (int round = 0; round < bench.rounds; ++round) {
    bare.push_back(RunRecvlogical(subject.server(), slot(round), end));
    syncs.push_back(SyncBench(ours).Run());
    std::cout << absl::StrFormat(
                     "  %.2f s by pg_recvlogical, %.2f s by a sync, %.2f CPU-s of tributary",
                     bare.back().seconds, syncs.back().seconds, syncs.back().cpu.tributary())
              << std::endl;
    if (syncs.back().records < changes) Fail("a sync sent fewer changes than were made");
  }
  return {Median(bare, BareWall), Median(syncs, Wall)};
}

void AddCpuOfChanges(Bench& bench, const std::string& name, const Against& both,
                     std::uint64_t changes) {
  bench.report.Add({.work = absl::StrCat(name, ": CPU of tributary, a change"),
                    .baseline = "",
                    .ours = absl::StrFormat(
                        "%.2f µs", both.ours.cpu.tributary() * 1e6 / static_cast<double>(changes)),
                    .ratio = "",
                    .goal = "",
                    .met = {}});
  bench.report.Add(Report::CpuColumn{
      .name = name, .sync = both.ours, .source_read = both.bare.cpu_seconds, .sample = {}});
}

// Half of the updates are in the table that is copied.
std::vector<Pgbench::Script> Updates(std::uint64_t orders) {
  const auto update = [](const std::string& table, std::uint64_t rows) {
    return absl::StrCat("\\set id random(1, ", rows, ")\nUPDATE ", table,
                        " SET amount = amount + 1, status = 'changed' WHERE id = :id;");
  };
  std::vector<Pgbench::Script> scripts = {{.sql = update("orders", orders), .weight = 10}};
  for (std::uint64_t table = 0; table < kSideTables; ++table) {
    scripts.push_back({.sql = update(absl::StrCat("side", table), kRowsOfSideTable), .weight = 1});
  }
  return scripts;
}

// What pgbench measures while `act` runs, which is repeated until the time is long enough.
template <typename Act>
Pgbench::Service ServedWhile(const PostgresqlSubject& subject, std::uint64_t orders,
                             const Act& act) {
  Pgbench pgbench(subject.server(), subject.subject().folder + "/pgbench", Updates(orders),
                  kUpdatesPerSecond, kLongestSeconds);
  // Until its connections are open and its statements are prepared.
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const auto began = std::chrono::system_clock::now();
  auto ended = began;
  while (ended - began < std::chrono::seconds(kWatchedSeconds)) {
    act();
    ended = std::chrono::system_clock::now();
  }
  if (ended - began > std::chrono::seconds(kLongestSeconds - 2)) {
    Fail("what is measured with pgbench takes longer than pgbench");
  }
  return pgbench.Within(began, ended);
}

}  // namespace

void PostgresqlLog(Bench& bench) {
  const std::uint64_t updates = kUpdates / bench.divisor;
  const SyncedOrders synced(bench, updates);
  const Against both = RunAgainstRecvlogical(
      bench, synced,
      absl::StrFormat("DO $$ BEGIN FOR i IN 0 .. %d LOOP UPDATE orders SET amount = amount + 1, "
                      "status = 'changed' WHERE id BETWEEN i * %d + 1 AND (i + 1) * %d; COMMIT; "
                      "END LOOP; END $$",
                      updates / kUpdatesOfTransaction - 1, kUpdatesOfTransaction,
                      kUpdatesOfTransaction),
      updates / kUpdatesOfTransaction * kUpdatesOfTransaction);
  AddRatio(bench,
           absl::StrCat("pg_log: ", updates, " updates in transactions of ", kUpdatesOfTransaction,
                        ", of pg_recvlogical"),
           both, 1.1);
  AddCpuOfChanges(bench, "pg_log", both, updates);
}

void PostgresqlTransaction(Bench& bench) {
  const std::uint64_t rows = kRowsOfTransaction / bench.divisor;
  const SyncedOrders synced(bench, rows);
  const Against both = RunAgainstRecvlogical(
      bench, synced, "UPDATE orders SET amount = amount + 1, status = 'changed'", rows);
  AddRatio(bench,
           absl::StrCat("pg_transaction: ", rows, " updates in one transaction, of pg_recvlogical"),
           both, 1.1);
  AddMemory(bench, "pg_transaction", both.ours);
  AddCpuOfChanges(bench, "pg_trans", both, rows);
}

void PostgresqlLoad(Bench& bench) {
  const std::uint64_t orders = kLoadedOrders / bench.divisor;
  PostgresqlSubject subject(bench.databases.folder());
  subject.MakeOrders(orders);
  subject.MakeTables("side", kSideTables, kRowsOfSideTable);
  subject.Publish();
  const auto print = [](const char* during, const Pgbench::Service& service) {
    std::cout << absl::StrFormat("  %s: %.0f updates/s, p99 %.2f ms", during, service.per_second,
                                 service.p99_ms)
              << std::endl;
  };
  const Pgbench::Service alone = ServedWhile(
      subject, orders, [] { std::this_thread::sleep_for(std::chrono::seconds(kWatchedSeconds)); });
  print("alone", alone);
  const Pgbench::Service dumped =
      ServedWhile(subject, orders, [&] { RunDump(subject.server(), "orders"); });
  print("during pg_dump", dumped);
  SyncSubject with_metrics = subject.subject();
  with_metrics.flags = {"--metrics-address", "127.0.0.1:0"};
  double most_lag = 0;
  double seconds = 0;
  const Pgbench::Service synced = ServedWhile(subject, orders, [&] {
    subject.DropSlots();
    SyncBench syncs(with_metrics);
    const auto told = syncs.connector().WaitForLog("metrics can be scraped");
    if (!told.has_value()) Fail("the connector does not say where its metrics are");
    const std::string address = told->value("address", "");
    seconds = syncs
                  .Run([&] {
                    const tests::Samples samples(tests::Get(address).body);
                    most_lag = std::max(most_lag, samples.Sum("tributary_sync_log_lag_seconds"));
                  })
                  .seconds;
    std::cout << absl::StrFormat("  a sync of %.2f s", seconds) << std::endl;
  });
  print("during a sync", synced);
  bench.report.Add({.work = absl::StrCat("pg_load: p99 of ", kUpdatesPerSecond,
                                         " updates/s during a first sync of ", orders,
                                         " rows, of pgbench alone"),
                    .baseline = absl::StrFormat("%.2f ms", alone.p99_ms),
                    .ours = absl::StrFormat("%.2f ms", synced.p99_ms),
                    .ratio = Ratio(synced.p99_ms / alone.p99_ms),
                    .goal = "<= 2.00",
                    .met = synced.p99_ms <= 2 * alone.p99_ms});
  bench.report.Add({.work = "pg_load: the same during pg_dump",
                    .baseline = absl::StrFormat("%.2f ms", alone.p99_ms),
                    .ours = absl::StrFormat("%.2f ms", dumped.p99_ms),
                    .ratio = Ratio(dumped.p99_ms / alone.p99_ms),
                    .goal = "",
                    .met = {}});
  bench.report.Add({.work = "pg_load: updates/s during a first sync, of those during pg_dump",
                    .baseline = absl::StrFormat("%.0f", dumped.per_second),
                    .ours = absl::StrFormat("%.0f", synced.per_second),
                    .ratio = Ratio(synced.per_second / dumped.per_second),
                    .goal = ">= 0.90",
                    .met = synced.per_second >= 0.9 * dumped.per_second});
  bench.report.Add({.work = "pg_load: the most that the log is behind",
                    .baseline = "",
                    .ours = Seconds(most_lag),
                    .ratio = "",
                    .goal = "<= 5.00 s",
                    .met = most_lag <= kMostLagSeconds});
}

}  // namespace tributary::bench
