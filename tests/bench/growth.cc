// Shows how the time grows with the number of tables for the same number of rows, and with the
// number of workers for the same table.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/cases.h"
#include "tests/bench/plot.h"

namespace tributary::bench {
namespace {

constexpr std::uint64_t kRows = 1'000'000;
constexpr std::uint64_t kRowsForWorkers = 3'000'000;

// The better of two runs: disturbances only make a run longer.
SyncCost BestOfTwo(const SyncSubject& subject) {
  const SyncCost one = SyncBench(subject).Run();
  const SyncCost other = SyncBench(subject).Run();
  return one.seconds < other.seconds ? one : other;
}

void Put(Panel& panel, std::uint64_t step, const SyncCost& cost) {
  panel.steps.push_back(step);
  const double values[] = {cost.seconds, cost.cpu.workers, cost.cpu.supervisor(), cost.cpu.client};
  for (std::size_t i = 0; i < panel.lines.size(); ++i) panel.lines[i].values.push_back(values[i]);
  std::cout << absl::StrFormat("  %6d %s: %.2f s; CPU: workers %.2f, supervisor %.2f, client %.2f",
                               step, panel.steps_name, values[0], values[1], values[2], values[3])
            << std::endl;
}

}  // namespace

void Growth(Bench& bench) {
  const std::vector<Panel::Line> lines = {
      {"wall", {}}, {"CPU, workers", {}}, {"CPU, supervisor", {}}, {"CPU, client", {}}};
  Panel tables{.title = absl::StrCat("first sync of ", kRows, " rows"),
               .steps_name = "tables",
               .steps = {},
               .unit = "seconds",
               .lines = lines};
  for (const std::uint64_t count : {1U, 10U, 100U, 1000U, 10'000U}) {
    const std::filesystem::path file = bench.databases.ManyTables(count, kRows);
    Databases::Warm(file);
    Put(tables, count,
        BestOfTwo({.folder = file.parent_path().string(), .file = file.filename().string()}));
  }
  Panel workers{.title = absl::StrCat("first sync of one table, ", kRowsForWorkers, " rows"),
                .steps_name = "workers",
                .steps = {},
                .unit = "seconds",
                .lines = lines};
  const std::filesystem::path file = bench.databases.Orders(kRowsForWorkers);
  Databases::Warm(file);
  for (const std::uint64_t count : {1U, 2U, 4U, 8U}) {
    Put(workers, count,
        BestOfTwo({.folder = file.parent_path().string(),
                   .file = file.filename().string(),
                   .flags = {"--workers", absl::StrCat(count)}}));
  }
  const std::string plot = bench.databases.folder() + "/growth.svg";
  std::ofstream(plot) << PlotSvg({tables, workers});
  bench.report.Remark(absl::StrCat("Growth with tables and with workers: ", plot));
}

}  // namespace tributary::bench
