// The output of the bench: a line for each figure with its goal, and the CPU of each case by stage.
#ifndef TRIBUTARY_TESTS_BENCH_REPORT_H_
#define TRIBUTARY_TESTS_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/bench/measured_sync.h"
#include "tests/bench/stages.h"

namespace tributary::bench {

class Report {
 public:
  // A figure that has to be at most `goal`, as a ratio or as itself. The texts are printed as they
  // are.
  struct Line {
    std::string work;
    std::string baseline;
    std::string ours;
    std::string ratio;
    std::string goal;
    // Nothing: the figure has no goal.
    std::optional<bool> met;
  };

  // The CPU of one sync by stage, in seconds.
  struct CpuColumn {
    std::string name;
    SyncCost sync;
    // That of the bare loop, which is the minimum cost of reading the source.
    double source_read = 0;
    // Of a sample of the same stream.
    StageCosts sample;
  };

  void Add(Line line) { lines_.push_back(std::move(line)); }
  void Add(CpuColumn column) { columns_.push_back(std::move(column)); }
  // Printed below the tables.
  void Remark(std::string remark) { remarks_.push_back(std::move(remark)); }

  void Print() const;
  bool all_met() const;

 private:
  void PrintCpu() const;

  std::vector<Line> lines_;
  std::vector<CpuColumn> columns_;
  std::vector<std::string> remarks_;
};

// Cores, memory, load and kernel of this machine now.
std::string MachineFacts();

// "3.31 s", "0.45 µs", "1.21", "87 MiB".
std::string Seconds(double seconds);
std::string Ratio(double ratio);
std::string MiB(std::uint64_t bytes);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_REPORT_H_
