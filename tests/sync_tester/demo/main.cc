// tributary-demo-source: makes the sample database of `make demo`, or changes it.
#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "absl/time/clock.h"
#include "tests/sync_tester/demo/changes.h"
#include "tests/sync_tester/demo/source_database.h"
#include "tests/sync_tester/tally.h"

namespace {

constexpr int kFailed = 1;

int Change(const std::string& path, std::uint64_t seed) {
  const auto notes = tributary::demo::ChangeSample(path, seed);
  if (!notes.ok()) {
    std::cerr << "change " << path << ": " << notes.status().message()
              << "; was it made by this program?" << std::endl;
    return kFailed;
  }
  for (const std::string& note : *notes) std::cout << "  " << note << std::endl;
  return 0;
}

int Make(const std::string& path, std::uint64_t rows, std::uint64_t seed) {
  const absl::Time began = absl::Now();
  const auto size = tributary::demo::MakeSample(path, rows, seed);
  if (!size.ok()) {
    std::cerr << "make " << path << ": " << size.status().message() << std::endl;
    return kFailed;
  }
  std::cout << path << ": " << size->tables << " tables, " << tributary::tester::Grouped(size->rows)
            << " rows, made in "
            << absl::FormatDuration(absl::Trunc(absl::Now() - began, absl::Milliseconds(10)))
            << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"tributary-demo-source: a sample SQLite database like a real application's"};
  std::string path;
  std::uint64_t rows = 2000000;
  std::uint64_t seed = 1;
  bool change = false;
  app.add_option("--path", path, "the database file")->required();
  app.add_option("--rows", rows, "about how many rows in all")->capture_default_str();
  app.add_option("--seed", seed, "the same seed makes the same rows")->capture_default_str();
  app.add_flag("--change", change, "change the database that is there instead");
  CLI11_PARSE(app, argc, argv);
  return change ? Change(path, seed) : Make(path, rows, seed);
}
