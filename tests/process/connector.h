// The real executable, run as an operator runs it.
//
//   Connector connector({.sqlite_root = dir.path(), .staging_dir = dir / "staging"});
//   ASSERT_OK(connector.Start());
//   ... SyncRun against connector.address() ...
//   connector.Signal(SIGKILL);
//   connector.Wait();
//   ASSERT_OK(connector.Start());     // same folders, another port
//
// The executable is the one that CMake built, or $TRIBUTARY_BINARY. Same thread
// rules as ChildProcess.
#ifndef TRIBUTARY_TESTS_PROCESS_CONNECTOR_H_
#define TRIBUTARY_TESTS_PROCESS_CONNECTOR_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/process/child_process.h"
#include "tests/process/processes.h"

namespace tributary::tests {

struct ConnectorOptions {
  std::string sqlite_root = {};
  std::string staging_dir = {};
  // More flags, each word by itself: {"--workers", "2"}. If --port is among them, it is used
  // instead of a free port.
  std::vector<std::string> flags = {};
  std::map<std::string, std::string> environment = {};
  // As in ChildOptions.
  std::vector<std::pair<int, rlim_t>> limits = {};
  // Another executable instead of ConnectorBinary().
  std::string program = {};
};

// The path of the executable.
std::string ConnectorBinary();

class Connector {
 public:
  explicit Connector(ConnectorOptions options) : options_(std::move(options)) {}

  // Starts it on a free port, and waits until it serves. The log starts empty. An error holds what
  // it printed; Wait says how it ended.
  absl::Status Start();
  // For the next start.
  ConnectorOptions& options() { return options_; }

  // "localhost:<port>".
  std::string address() const { return "localhost:" + port_; }
  std::string port() const { return port_; }
  pid_t pid() const { return process_ == nullptr ? 0 : process_->pid(); }
  bool running() { return process_ != nullptr && process_->running(); }
  bool Signal(int signal) { return process_ != nullptr && process_->Signal(signal); }
  std::optional<Ending> Wait(std::chrono::milliseconds limit = kPatience) {
    return process_ == nullptr ? std::nullopt : process_->Wait(limit);
  }
  // SIGTERM and Wait.
  std::optional<Ending> Stop();

  // The workers that are running now.
  std::vector<pid_t> workers() const {
    return pid() == 0 ? std::vector<pid_t>{} : ChildrenOf(pid());
  }
  // The worker whose title ends with `what`, for example "main.orders"; 0: there is none at the
  // moment.
  pid_t WorkerOn(const std::string& what) const;

  // The lines since this start, including those of the workers. A line that is not a JSON object,
  // as with --log-format text, is returned as a JSON string.
  std::vector<nlohmann::json> Log(std::size_t from = 0) const;
  // The number of lines until now, as a `from` for later.
  std::size_t LogSize() const;
  // The lines whose message contains `text`.
  std::vector<nlohmann::json> Logged(const std::string& text, std::size_t from = 0) const;
  std::optional<nlohmann::json> WaitForLog(const std::string& text, std::size_t from = 0,
                                           std::chrono::milliseconds limit = kPatience) const;
  // The value of a field that is one word, in a line of either log format; empty: there is no such
  // field.
  static std::string FieldOf(const nlohmann::json& line, const std::string& name);
  // Rows read from the source by all syncs that ended since this start. If a sync has copied some
  // tables and compared others, only the larger number counts.
  std::uint64_t RowsRead(std::size_t from = 0) const;
  std::string Errors() const { return process_ == nullptr ? "" : process_->Errors(); }
  // Everything that it printed, for a failure's message.
  std::string Output() const;

 private:
  ConnectorOptions options_;
  std::unique_ptr<ChildProcess> process_;
  std::string port_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_CONNECTOR_H_
