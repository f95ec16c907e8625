// The cases that copy PostgreSQL tables: a large one, and many small ones.
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/cases.h"
#include "tests/bench/figures.h"
#include "tests/bench/postgresql_baselines.h"
#include "tests/bench/postgresql_subject.h"

namespace tributary::bench {
namespace {

// The server's CPU seconds while `act` runs.
template <typename Act>
double ServerCpu(const PostgresqlSubject& subject, const Act& act) {
  const double before = subject.CpuOfEndedSessions();
  act();
  return subject.CpuOfEndedSessions() - before;
}

void AddServerCpu(Bench& bench, const std::string& work, double bare, double ours) {
  bench.report.Add({.work = absl::StrCat(work, ": CPU of the server"),
                    .baseline = Seconds(bare),
                    .ours = Seconds(ours),
                    .ratio = Ratio(ours / bare),
                    .goal = "",
                    .met = {}});
}

// Stages are sampled only if the sync is large enough.
void AddCpuColumn(Bench& bench, const std::string& name, const PostgresqlSubject& subject,
                  const Against& both) {
  StageCosts sample;
  if (bench.divisor == 1) {
    subject.DropSlots();
    sample = Sample(subject.subject());
  }
  bench.report.Add(Report::CpuColumn{
      .name = name, .sync = both.ours, .source_read = both.bare.cpu_seconds, .sample = sample});
}

}  // namespace

void PostgresqlFirstSync(Bench& bench) {
  const std::uint64_t rows = kOrders / bench.divisor;
  PostgresqlSubject subject(bench.databases.folder());
  subject.MakeOrders(rows);
  subject.Publish();
  const std::string copy = subject.Script("COPY orders TO STDOUT (FORMAT binary);\n");
  // Reads the table into the server's cache.
  RunPsql(subject.server(), copy);
  std::vector<BareCost> bare;
  std::vector<SyncCost> ours;
  double bare_server = 0;
  double our_server = 0;
  for (int round = 0; round < bench.rounds; ++round) {
    bare_server = ServerCpu(subject, [&] { bare.push_back(RunPsql(subject.server(), copy)); });
    our_server = ServerCpu(subject, [&] {
      subject.DropSlots();
      ours.push_back(SyncBench(subject.subject()).Run());
    });
    std::cout << absl::StrFormat(
                     "  %.2f s by psql, %.2f s by a sync, %.2f CPU-s of tributary; CPU of the "
                     "server: %.2f s, %.2f s",
                     bare.back().seconds, ours.back().seconds, ours.back().cpu.tributary(),
                     bare_server, our_server)
              << std::endl;
    if (ours.back().records < rows) Fail("a sync sent fewer rows than the source has");
  }
  const Against both{Median(bare, BareWall), Median(ours, Wall)};
  const std::string work =
      absl::StrCat("pg_first_sync: ", rows, " rows x 10 columns, of psql's COPY BINARY");
  AddRatio(bench, work, both, 1.4);
  AddServerCpu(bench, "pg_first_sync", bare_server, our_server);
  const double cpu = both.ours.cpu.tributary() * 1e6 / static_cast<double>(rows);
  bench.report.Add({.work = "pg_first_sync: CPU of tributary, a row",
                    .baseline = "",
                    .ours = absl::StrFormat("%.2f µs", cpu),
                    .ratio = "",
                    .goal = "<= 1.00 µs",
                    .met = cpu <= 1.0});
  AddMemory(bench, "pg_first_sync", both.ours);
  AddCpuColumn(bench, "pg_first", subject, both);
}

void PostgresqlManyTables(Bench& bench) {
  const std::uint64_t tables = std::max<std::uint64_t>(kTables / bench.divisor, 1);
  PostgresqlSubject subject(bench.databases.folder());
  subject.MakeTables("t", tables, kRowsOfTable);
  subject.Publish();
  std::string statements;
  for (std::uint64_t table = 0; table < tables; ++table) {
    absl::StrAppend(&statements, "COPY t", table, " TO STDOUT (FORMAT binary);\n");
  }
  const std::string copies = subject.Script(statements);
  RunPsql(subject.server(), copies);
  std::vector<BareCost> bare;
  std::vector<SyncCost> first;
  std::vector<SyncCost> unchanged;
  double bare_server = 0;
  double our_server = 0;
  for (int round = 0; round < bench.rounds; ++round) {
    bare_server = ServerCpu(subject, [&] { bare.push_back(RunPsql(subject.server(), copies)); });
    subject.DropSlots();
    SyncBench syncs(subject.subject());
    our_server = ServerCpu(subject, [&] { first.push_back(syncs.Run()); });
    unchanged.push_back(syncs.Run());
    std::cout << absl::StrFormat(
                     "  %.2f s by psql, %.2f s by a sync, %.3f s the next one; CPU of the server: "
                     "%.2f s, %.2f s",
                     bare.back().seconds, first.back().seconds, unchanged.back().seconds,
                     bare_server, our_server)
              << std::endl;
    if (first.back().records < tables * kRowsOfTable) {
      Fail("a sync sent fewer rows than the source has");
    }
  }
  const Against both{Median(bare, BareWall), Median(first, Wall)};
  AddRatio(bench,
           absl::StrCat("pg_many_tables: ", tables, " tables x ", kRowsOfTable,
                        " rows x 10 columns, of as many COPY commands"),
           both, 2.0);
  AddServerCpu(bench, "pg_many_tables", bare_server, our_server);
  const SyncCost next = Median(unchanged, Wall);
  bench.report.Add({.work = "pg_many_tables: sync of the unchanged tables",
                    .baseline = "",
                    .ours = absl::StrFormat("%.3f s", next.seconds),
                    .ratio = "",
                    .goal = "< 1 s",
                    .met = next.seconds < 1});
  AddMemory(bench, "pg_many_tables", both.ours);
  AddCpuColumn(bench, "pg_many", subject, both);
}

}  // namespace tributary::bench
