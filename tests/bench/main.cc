// tributary-bench: measures the connector against baselines on this machine.
//
//   tributary-bench --folder build/bench [--case NAME] [--rounds N] [--divide N]
//
// The exit code is 0 even if a goal is missed, unless BENCH_STRICT=1.
#include <sys/statvfs.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "tests/bench/cases.h"

namespace tributary::bench {
namespace {

constexpr std::chrono::seconds kLimit{540};
constexpr int kGoalMissed = 1;

std::uint64_t FreeDiskBytes(const std::string& folder) {
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return 0;
  return disk.f_bavail * disk.f_frsize;
}

// Why a case is left out when all cases are requested; empty: it runs.
std::string WhyNot(const Case& one, const std::string& folder,
                   std::chrono::steady_clock::time_point began) {
  const auto spent = std::chrono::steady_clock::now() - began;
  if (FreeDiskBytes(folder) < one.disk_bytes) {
    return absl::StrCat("less than ", one.disk_bytes / 1'000'000'000, " GB of disk are free");
  }
  if (spent + std::chrono::seconds(one.seconds) > kLimit) {
    return "the whole would take more than 10 minutes";
  }
  return "";
}

int Run(const std::string& folder, const std::string& only, int rounds, std::uint64_t divisor) {
  const auto began = std::chrono::steady_clock::now();
  const std::string facts = MachineFacts();
  std::cout << facts << std::endl;
  Databases databases(std::filesystem::absolute(folder).string());
  Report report;
  Bench bench{databases, report, rounds, divisor};
  report.Remark(absl::StrCat("At the start: ", facts));
  bool any = false;
  for (const Case& one : AllCases()) {
    if (!only.empty() && only != one.name) continue;
    any = true;
    const std::string why_not = only.empty() ? WhyNot(one, databases.folder(), began) : "";
    if (!why_not.empty()) {
      report.Remark(absl::StrCat("Left out: ", one.name, ", because ", why_not, "; CASE=", one.name,
                                 " runs it"));
      continue;
    }
    std::cout << one.name << std::endl;
    one.run(bench);
  }
  if (!any) Fail(absl::StrCat("there is no case ", only));
  report.Remark(absl::StrCat(
      "Took ",
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began)
          .count(),
      " s"));
  report.Print();
  const char* strict = std::getenv("BENCH_STRICT");
  const bool counts = strict != nullptr && std::string_view(strict) == "1";
  return counts && !report.all_met() ? kGoalMissed : EXIT_SUCCESS;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  CLI::App app{"tributary-bench: measures the connector against baselines on this machine"};
  std::string folder = "build/bench";
  std::string only;
  int rounds = 3;
  std::uint64_t divisor = 1;
  app.add_option("--folder", folder, "where the databases are made and kept")
      ->capture_default_str();
  app.add_option("--case", only, "only this one")->envname("CASE");
  app.add_option("--rounds", rounds, "of baseline and ours in turn")
      ->check(CLI::Range(1, 20))
      ->envname("ROUNDS")
      ->capture_default_str();
  app.add_option("--divide", divisor, "what cases of PostgreSQL divide their sizes by, to try them")
      ->check(CLI::Range(1, 1000))
      ->envname("DIVIDE")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return tributary::bench::Run(folder, only, rounds, divisor);
}
