#include "tests/bench/postgresql_baselines.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/bench/process_watch.h"

namespace tributary::bench {
namespace {

using tests::ChildProcess;
using tests::PostgresServer;

constexpr char kNowhere[] = "/dev/null";
constexpr char kLogPrefix[] = "updates";
constexpr std::chrono::minutes kLongest{5};
constexpr char kClients[] = "8";

std::vector<std::string> Login(const PostgresServer& server) {
  return {"-h", PostgresServer::kHost, "-p", absl::StrCat(server.port()),
          "-U", PostgresServer::kUser};
}

std::unique_ptr<ChildProcess> Begin(const PostgresServer& server, const std::string& program,
                                    const std::vector<std::string>& arguments) {
  std::vector<std::string> all = Login(server);
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto child = ChildProcess::Start(
      {.program = absl::StrCat(server.bin(), "/", program), .arguments = std::move(all)});
  if (!child.ok()) Fail(std::string(child.status().message()));
  return *std::move(child);
}

void AwaitEnd(ChildProcess& child, const std::string& program) {
  const auto ending = child.Wait(kLongest);
  if (!ending.has_value() || ending->exit_code != 0) {
    Fail(absl::StrCat(program, ": ", child.Errors()));
  }
}

BareCost Run(const PostgresServer& server, const std::string& program,
             const std::vector<std::string>& arguments) {
  const double cpu_before = CpuSecondsOfEndedChildren();
  const auto began = std::chrono::steady_clock::now();
  AwaitEnd(*Begin(server, program, arguments), program);
  BareCost cost;
  cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  cost.cpu_seconds = CpuSecondsOfEndedChildren() - cpu_before;
  return cost;
}

double SecondsSince1970(Pgbench::Time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

BareCost RunPsql(const PostgresServer& server, const std::string& script) {
  return Run(server, "psql",
             {"-d", PostgresServer::kDatabase, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", kNowhere,
              "-f", script});
}

BareCost RunRecvlogical(const PostgresServer& server, const std::string& slot,
                        const std::string& end) {
  return Run(server, "pg_recvlogical",
             {"-d", PostgresServer::kDatabase, "--slot", slot, "--start", "--no-loop", "--endpos",
              end, "-o", "proto_version=1", "-o", "publication_names=tributary", "-o",
              "binary=true", "-f", kNowhere});
}

BareCost RunDump(const PostgresServer& server, const std::string& table) {
  return Run(server, "pg_dump",
             {"-d", PostgresServer::kDatabase, "-t", table, "--data-only", "-f", kNowhere});
}

Pgbench::Pgbench(const PostgresServer& server, const std::string& folder,
                 const std::vector<Script>& scripts, int updates_per_second, int seconds)
    : folder_(folder) {
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  std::vector<std::string> arguments = {"--no-vacuum",
                                        "--protocol",
                                        "prepared",
                                        "--client",
                                        kClients,
                                        "--rate",
                                        absl::StrCat(updates_per_second),
                                        "--time",
                                        absl::StrCat(seconds),
                                        "--log",
                                        absl::StrCat("--log-prefix=", folder_, "/", kLogPrefix)};
  for (const Script& script : scripts) {
    const std::string file = absl::StrCat(folder_, "/", arguments.size(), ".sql");
    std::ofstream(file) << script.sql << "\n";
    arguments.insert(arguments.end(), {"-f", absl::StrCat(file, "@", script.weight)});
  }
  arguments.emplace_back(PostgresServer::kDatabase);
  process_ = Begin(server, "pgbench", arguments);
}

Pgbench::Service Pgbench::Within(Time from, Time to) {
  AwaitEnd(*process_, "pgbench");
  const double first = SecondsSince1970(from);
  const double last = SecondsSince1970(to);
  std::vector<double> latencies_ms;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().filename().string().rfind(kLogPrefix, 0) != 0) continue;
    std::ifstream log(entry.path());
    // Client, its transaction number, microseconds since it was due, script, end, how late it
    // began.
    for (double client, number, latency, script, seconds, micros, late;
         log >> client >> number >> latency >> script >> seconds >> micros >> late;) {
      const double ended = seconds + micros / 1e6;
      if (ended >= first && ended <= last) latencies_ms.push_back(latency / 1e3);
    }
  }
  if (latencies_ms.empty()) Fail("pgbench: it ran no update while it was watched");
  const auto p99 =
      latencies_ms.begin() + static_cast<std::ptrdiff_t>(latencies_ms.size() * 99 / 100);
  std::nth_element(latencies_ms.begin(), p99, latencies_ms.end());
  return {.per_second = static_cast<double>(latencies_ms.size()) / (last - first), .p99_ms = *p99};
}

}  // namespace tributary::bench
