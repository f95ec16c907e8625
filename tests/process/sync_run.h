// Runs sync-tester as a child: it is the client of one sync, and checks the stream.
//
//   SyncRun run({.address = connector.address(), .config = config, .state = state,
//                .warehouse = warehouse});
//   run.Kill();                       // or Stop() and Continue(), or nothing
//   const SyncOutcome outcome = run.Wait();
//   EXPECT_TRUE(outcome.ok()) << outcome.text;
//
// The tester is the one that CMake built, or $SYNC_TESTER_BINARY. Same thread
// rules as ChildProcess; several may run at a time.
#ifndef TRIBUTARY_TESTS_PROCESS_SYNC_RUN_H_
#define TRIBUTARY_TESTS_PROCESS_SYNC_RUN_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/process/child_process.h"

namespace tributary::tests {

struct SyncRunOptions {
  std::string address = {};
  // Files for the tester's --config, --selection, --state and --warehouse; empty: not given.
  // Without a warehouse the rows are only counted.
  std::string config = {};
  std::string selection = {};
  std::string state = {};
  std::string warehouse = {};
  // Only Update, without setup calls before it.
  bool skip_setup = true;
  // More flags, each word by itself: {"--deadline-s", "2"}.
  std::vector<std::string> flags = {};
  // As in ChildOptions.
  std::string network = {};
};

struct SyncOutcome {
  Ending ending;
  // The tester's report (tests/sync_tester/tally.cc); null if the tester was killed.
  nlohmann::json report;
  // Everything that it printed, for a failure's message.
  std::string text;

  // The sync ended with OK, without a task, and without breaking the contract.
  bool ok() const { return ending.exit_code == 0; }
  // What broke the contract; empty: nothing did.
  std::string breach() const { return Text("breach"); }
  std::string task() const { return Text("task"); }
  // For example "OK" or "UNAVAILABLE"; empty if the tester was killed.
  std::string grpc_code() const;
  std::string grpc_message() const;
  std::vector<std::string> warnings() const;
  // For example "records", "checkpoints", "states_saved" or "truncates".
  std::uint64_t Count(const std::string& name) const;
  // For one table: "main.orders", "truncates".
  std::uint64_t TableCount(const std::string& table, const std::string& name) const;

 private:
  std::string Text(const std::string& name) const;
};

class SyncRun {
 public:
  // Starts at once; if that fails, the test's process ends.
  explicit SyncRun(const SyncRunOptions& options);

  pid_t pid() const { return process_->pid(); }
  bool running() { return process_->running(); }
  void Kill();
  void Stop();
  void Continue();
  // Kills it after the limit; the outcome's ending then says so.
  SyncOutcome Wait(std::chrono::milliseconds limit = kPatience);

 private:
  std::unique_ptr<ChildProcess> process_;
};

// Runs a sync to its end.
SyncOutcome RunSync(const SyncRunOptions& options);

// Whether the warehouse equals the source; the error lists the differences.
absl::Status CompareWarehouse(const std::string& warehouse, const std::string& source,
                              const std::string& selection = "");

// Writes a configuration file for a SQLite source. `database` is inserted as it is.
void WriteSqliteConfig(const std::string& file, const std::string& database);

std::string SyncTesterBinary();

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_SYNC_RUN_H_
