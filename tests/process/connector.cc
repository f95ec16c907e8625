#include "tests/process/connector.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tributary::tests {
namespace {

constexpr char kServing[] = "serving";
constexpr char kCopiesEnd[] = "reading ends";

nlohmann::json Parsed(const std::string& line) {
  nlohmann::json json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : nlohmann::json(line);
}

std::string MessageOf(const nlohmann::json& line) {
  if (line.is_string()) return line.get<std::string>();
  const auto message = line.find("message");
  return message != line.end() && message->is_string() ? message->get<std::string>() : "";
}

}  // namespace

std::string ConnectorBinary() {
  const char* chosen = std::getenv("TRIBUTARY_BINARY");
  return chosen != nullptr ? chosen : TRIBUTARY_BINARY_PATH;
}

absl::Status Connector::Start() {
  ChildOptions child;
  child.program = options_.program.empty() ? ConnectorBinary() : options_.program;
  child.arguments = {"--sqlite-root", options_.sqlite_root, "--staging-dir", options_.staging_dir};
  if (std::find(options_.flags.begin(), options_.flags.end(), "--port") == options_.flags.end()) {
    child.arguments.insert(child.arguments.end(), {"--port", "0"});
  }
  child.arguments.insert(child.arguments.end(), options_.flags.begin(), options_.flags.end());
  child.environment = options_.environment;
  child.limits = options_.limits;
  auto process = ChildProcess::Start(child);
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  port_.clear();
  const auto serving = WaitForLog(kServing);
  if (serving.has_value()) port_ = FieldOf(*serving, "port");
  if (port_.empty()) {
    return absl::UnavailableError(absl::StrCat("start connector: it does not serve\n", Output()));
  }
  return absl::OkStatus();
}

std::string Connector::FieldOf(const nlohmann::json& line, const std::string& name) {
  if (line.is_object()) return line.value(name, "");
  const std::string text = MessageOf(line);
  const std::string before = absl::StrCat(" ", name, "=");
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const std::size_t from = at + before.size();
  return text.substr(from, text.find(' ', from) - from);
}

std::optional<Ending> Connector::Stop() {
  Signal(SIGTERM);
  return Wait();
}

pid_t Connector::WorkerOn(const std::string& what) const {
  for (const pid_t worker : workers()) {
    if (absl::EndsWith(TitleOf(worker), absl::StrCat(" ", what))) return worker;
  }
  return 0;
}

std::vector<nlohmann::json> Connector::Log(std::size_t from) const {
  std::vector<nlohmann::json> log;
  if (process_ == nullptr) return log;
  for (const std::string& line : process_->Lines(from)) log.push_back(Parsed(line));
  return log;
}

std::size_t Connector::LogSize() const {
  return process_ == nullptr ? 0 : process_->Lines().size();
}

std::vector<nlohmann::json> Connector::Logged(const std::string& text, std::size_t from) const {
  std::vector<nlohmann::json> found;
  for (nlohmann::json& line : Log(from)) {
    if (absl::StrContains(MessageOf(line), text)) found.push_back(std::move(line));
  }
  return found;
}

std::optional<nlohmann::json> Connector::WaitForLog(const std::string& text, std::size_t from,
                                                    std::chrono::milliseconds limit) const {
  if (process_ == nullptr) return std::nullopt;
  const auto line = process_->WaitForLine(
      [&text](const std::string& one) { return absl::StrContains(MessageOf(Parsed(one)), text); },
      from, limit);
  if (!line.has_value()) return std::nullopt;
  return Parsed(line->second);
}

std::uint64_t Connector::RowsRead(std::size_t from) const {
  std::uint64_t rows = 0;
  for (const nlohmann::json& line : Logged(kCopiesEnd, from)) {
    std::uint64_t sent = 0;
    std::uint64_t compared = 0;
    if (!absl::SimpleAtoi(line.value("rows", "0"), &sent)) continue;
    if (!absl::SimpleAtoi(line.value("rows_compared", "0"), &compared)) continue;
    rows += std::max(sent, compared);
  }
  return rows;
}

std::string Connector::Output() const {
  if (process_ == nullptr) return "";
  return absl::StrCat(absl::StrJoin(process_->Lines(), "\n"), "\n", process_->Errors());
}

}  // namespace tributary::tests
