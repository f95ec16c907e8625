#include "tests/process/sync_run.h"

#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tributary::tests {
namespace {

void Add(std::vector<std::string>& arguments, const char* flag, const std::string& value) {
  if (value.empty()) return;
  arguments.emplace_back(flag);
  arguments.push_back(value);
}

std::unique_ptr<ChildProcess> StartTester(std::vector<std::string> arguments,
                                          const std::string& network = "") {
  ChildOptions child;
  child.network = network;
  child.program = SyncTesterBinary();
  child.arguments = std::move(arguments);
  auto process = ChildProcess::Start(child);
  if (process.ok()) return *std::move(process);
  std::cerr << process.status() << std::endl;
  std::abort();
}

}  // namespace

std::string SyncTesterBinary() {
  const char* chosen = std::getenv("SYNC_TESTER_BINARY");
  return chosen != nullptr ? chosen : SYNC_TESTER_BINARY_PATH;
}

std::string SyncOutcome::Text(const std::string& name) const {
  return report.is_object() ? report.value(name, "") : "";
}

std::string SyncOutcome::grpc_code() const {
  return report.is_object() ? report["grpc"].value("code", "") : "";
}

std::string SyncOutcome::grpc_message() const {
  return report.is_object() ? report["grpc"].value("message", "") : "";
}

std::vector<std::string> SyncOutcome::warnings() const {
  return report.is_object() ? report.value("warnings", std::vector<std::string>())
                            : std::vector<std::string>();
}

std::uint64_t SyncOutcome::Count(const std::string& name) const {
  return report.is_object() ? report.value(name, std::uint64_t{0}) : 0;
}

std::uint64_t SyncOutcome::TableCount(const std::string& table, const std::string& name) const {
  if (!report.is_object() || !report["tables"].contains(table)) return 0;
  return report["tables"][table].value(name, std::uint64_t{0});
}

SyncRun::SyncRun(const SyncRunOptions& options) {
  std::vector<std::string> arguments = {"--address", options.address, "--json", "--quiet"};
  Add(arguments, "--config", options.config);
  Add(arguments, "--selection", options.selection);
  Add(arguments, "--state", options.state);
  Add(arguments, "--warehouse", options.warehouse);
  if (options.warehouse.empty()) arguments.emplace_back("--drain");
  if (options.skip_setup) arguments.emplace_back("--skip-setup");
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());
  process_ = StartTester(std::move(arguments), options.network);
}

void SyncRun::Kill() { process_->Signal(SIGKILL); }
void SyncRun::Stop() { process_->Signal(SIGSTOP); }
void SyncRun::Continue() { process_->Signal(SIGCONT); }

SyncOutcome SyncRun::Wait(std::chrono::milliseconds limit) {
  SyncOutcome outcome;
  std::optional<Ending> ending = process_->Wait(limit);
  if (!ending.has_value()) {
    process_->Signal(SIGKILL);
    ending = process_->Wait();
    outcome.text = "the sync did not end and was killed\n";
  }
  outcome.ending = ending.value_or(Ending{});
  const std::vector<std::string> lines = process_->Lines();
  if (!lines.empty()) {
    nlohmann::json report = nlohmann::json::parse(lines.back(), nullptr, false);
    if (report.is_object()) outcome.report = std::move(report);
  }
  absl::StrAppend(&outcome.text, "the tester ", outcome.ending.ToString(), "\n",
                  absl::StrJoin(lines, "\n"), "\n", process_->Errors());
  return outcome;
}

SyncOutcome RunSync(const SyncRunOptions& options) { return SyncRun(options).Wait(); }

absl::Status CompareWarehouse(const std::string& warehouse, const std::string& source,
                              const std::string& selection) {
  std::vector<std::string> arguments = {"compare", "--quiet"};
  Add(arguments, "--warehouse", warehouse);
  Add(arguments, "--source", source);
  Add(arguments, "--selection", selection);
  const std::unique_ptr<ChildProcess> tester = StartTester(std::move(arguments));
  const std::optional<Ending> ending = tester->Wait();
  if (ending.has_value() && ending->exit_code == 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("compare warehouse with source: ", absl::StrJoin(tester->Lines(), "\n"), "\n",
                   tester->Errors()));
}

void WriteSqliteConfig(const std::string& file, const std::string& database) {
  std::ofstream(file) << nlohmann::json{{"source", "sqlite"}, {"database_path", database}}.dump();
}

}  // namespace tributary::tests
