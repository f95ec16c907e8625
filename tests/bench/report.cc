#include "tests/bench/report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tributary::bench {
namespace {

// Prints one line for each row of texts; the first row has the headings.
void PrintTable(const std::vector<std::vector<std::string>>& rows) {
  // Characters, not bytes, since µ is one character.
  const auto width = [](const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xc0) != 0x80; }));
  };
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  bool head = true;
  for (const auto& row : rows) {
    std::string line = "|";
    std::string rule = "|";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - width(row[i]), ' ');
      // Figures are aligned to the right.
      absl::StrAppend(&line, " ", i == 0 ? "" : space, row[i], i == 0 ? space : "", " |");
      absl::StrAppend(&rule, " ", std::string(widths[i], '-'), i == 0 ? " |" : ":|");
    }
    std::printf("%s\n", line.c_str());
    if (std::exchange(head, false)) std::printf("%s\n", rule.c_str());
  }
}

using Column = Report::CpuColumn;

// The part of `whole` that corresponds to `part` of the sample's `of`.
double Share(double whole, double part, double of) { return of > 0 ? whole * part / of : 0; }

double Encode(const Column& column) {
  if (column.sample.rows == 0) return 0;
  return column.sample.encode / column.sample.rows * static_cast<double>(column.sync.records);
}

struct StageRow {
  const char* process;
  const char* stage;
  std::function<double(const Column&)> seconds;
};

// The stager's thread, divided in the proportions of its sample.
StageRow Staging(const char* stage, double StageCosts::*part) {
  return {"supervisor, stager", stage, [part](const Column& column) {
            return Share(column.sync.cpu.stager, column.sample.*part, column.sample.staging());
          }};
}

std::vector<StageRow> StageRows() {
  return {
      {"workers", "source read (the bare loop's)",
       [](const Column& column) { return column.source_read; }},
      {"workers", "encode (sampled)", [](const Column& column) { return Encode(column); }},
      {"workers", "conversion, ring, slicing, start (the rest)",
       [](const Column& column) {
         return column.sync.cpu.workers - column.source_read - Encode(column);
       }},
      {"supervisor, sync", "merge, and what gRPC sends on this thread",
       [](const Column& column) { return column.sync.cpu.merge; }},
      Staging("gather", &StageCosts::gather),
      Staging("compress", &StageCosts::compress),
      Staging("encrypt", &StageCosts::encrypt),
      Staging("LevelDB and its disk", &StageCosts::leveldb),
      {"supervisor, others", "gRPC on its own threads",
       [](const Column& column) { return column.sync.cpu.grpc; }},
      {"client", "gRPC and counting", [](const Column& column) { return column.sync.cpu.client; }},
  };
}

std::string CpuSeconds(double seconds) { return absl::StrFormat("%.2f", seconds); }

}  // namespace

std::string Seconds(double seconds) { return absl::StrFormat("%.2f s", seconds); }
std::string Ratio(double ratio) { return absl::StrFormat("%.2f", ratio); }
std::string MiB(std::uint64_t bytes) {
  return absl::StrFormat("%.0f MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string MachineFacts() {
  utsname kernel{};
  uname(&kernel);
  double load[3] = {};
  (void)getloadavg(load, 3);
  std::string cpu = "unknown CPU";
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    if (line.rfind("model name", 0) != 0) continue;
    cpu = line.substr(std::min(line.size(), line.find(':') + 2));
    break;
  }
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                        static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30);
  return absl::StrFormat("%d cores (%s), %.0f GiB, Linux %s, load average %.2f %.2f %.2f",
                         std::thread::hardware_concurrency(), cpu, memory, kernel.release, load[0],
                         load[1], load[2]);
}

void Report::PrintCpu() const {
  std::vector<std::vector<std::string>> rows = {{"process", "stage"}};
  for (const Column& column : columns_) rows[0].push_back(column.name);
  for (const StageRow& stage : StageRows()) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {stage.process, stage.stage};
    for (const Column& column : columns_) row.push_back(CpuSeconds(stage.seconds(column)));
  }
  const auto total = [&](const char* name, const std::function<std::string(const Column&)>& text) {
    std::vector<std::string>& row = rows.emplace_back();
    row = {"", name};
    for (const Column& column : columns_) row.push_back(text(column));
  };
  total("all of tributary",
        [](const Column& column) { return CpuSeconds(column.sync.cpu.tributary()); });
  total("all, client included", [](const Column& column) {
    return CpuSeconds(column.sync.cpu.tributary() + column.sync.cpu.client);
  });
  total("wall", [](const Column& column) { return CpuSeconds(column.sync.seconds); });
  total("MB on the wire",
        [](const Column& column) { return absl::StrCat(column.sync.wire_bytes / 1'000'000); });
  total("records", [](const Column& column) { return absl::StrCat(column.sync.records); });
  PrintTable(rows);
}

void Report::Print() const {
  std::vector<std::vector<std::string>> rows = {
      {"work", "baseline", "ours", "ratio", "goal", "met"}};
  for (const Line& line : lines_) {
    rows.push_back({line.work, line.baseline, line.ours, line.ratio, line.goal,
                    !line.met.has_value() ? ""
                    : *line.met           ? "yes"
                                          : "NO"});
  }
  std::printf("\n");
  PrintTable(rows);
  if (!columns_.empty()) {
    std::printf("\nWhere the CPU goes, in seconds of one core:\n\n");
    PrintCpu();
  }
  std::printf("\n");
  for (const std::string& remark : remarks_) std::printf("%s\n", remark.c_str());
  std::string missed;
  for (const Line& line : lines_) {
    if (line.met.has_value() && !*line.met) {
      absl::StrAppend(&missed, missed.empty() ? "" : "; ", line.work);
    }
  }
  std::printf("%s%s\n", missed.empty() ? "all goals met" : "goals missed: ", missed.c_str());
}

bool Report::all_met() const {
  return std::none_of(lines_.begin(), lines_.end(),
                      [](const Line& line) { return line.met.has_value() && !*line.met; });
}

}  // namespace tributary::bench
