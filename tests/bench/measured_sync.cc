#include "tests/bench/measured_sync.h"

#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/connector_sdk.pb.h"
#include "tests/bench/process_watch.h"
#include "tests/process/child_process.h"
#include "tests/process/sync_run.h"
#include "tests/sync_tester/connector_client.h"
#include "tests/sync_tester/wire_count.h"

namespace tributary::bench {
namespace {

constexpr char kBinaryVariable[] = "TRIBUTARY_BINARY";
constexpr char kSyncThread[] = "sync";
constexpr char kStagerThread[] = "stager";
constexpr char kWebThread[] = "web";
constexpr std::chrono::milliseconds kBetweenLooks(100);

// While this object exists, another executable of ours replaces the connector.
class ChosenBinary {
 public:
  explicit ChosenBinary(const std::string& binary) {
    if (binary.empty()) return;
    if (const char* before = std::getenv(kBinaryVariable)) before_ = before;
    chosen_ = true;
    setenv(kBinaryVariable, binary.c_str(), 1);
  }
  ChosenBinary(const ChosenBinary&) = delete;
  ChosenBinary& operator=(const ChosenBinary&) = delete;
  ~ChosenBinary() {
    if (!chosen_) return;
    if (before_.empty()) {
      unsetenv(kBinaryVariable);
    } else {
      setenv(kBinaryVariable, before_.c_str(), 1);
    }
  }

 private:
  bool chosen_ = false;
  std::string before_;
};

void StartOrEnd(tests::Connector& connector, const std::string& binary) {
  const ChosenBinary chosen(binary);
  const absl::Status started = connector.Start();
  if (!started.ok()) Fail(std::string(started.message()));
}

fivetran_sdk::v2::UpdateRequest RequestFor(const std::map<std::string, std::string>& settings) {
  fivetran_sdk::v2::UpdateRequest request;
  request.mutable_configuration()->insert(settings.begin(), settings.end());
  return request;
}

// The next message of an open stream; ends the program if there is none.
std::string NextMessage(tester::UpdateStream& stream) {
  grpc::ByteBuffer message;
  if (stream.Read(message, absl::Minutes(1)) != tester::UpdateStream::Event::kMessage) {
    Fail("read the stream: it ended, or nothing came for a minute");
  }
  grpc::Slice slice;
  if (!message.DumpToSingleSlice(&slice).ok()) Fail("read the stream: a message has no bytes");
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

bool HoldsRows(std::string_view message) {
  const auto count = tester::CountWire({&message, 1});
  return count.has_value() && count->operation == tester::WireOperation::kRecords;
}

}  // namespace

void Fail(const std::string& what) {
  std::cerr << "bench: " << what << std::endl;
  std::exit(EXIT_FAILURE);
}

SyncBench::SyncBench(SyncSubject subject)
    : subject_(std::move(subject)),
      connector_({.sqlite_root = subject_.folder,
                  .staging_dir = staging_folder(),
                  .flags = subject_.flags}) {
  std::filesystem::remove_all(staging_folder());
  std::filesystem::remove(state_file());
  if (!subject_.state.empty()) std::filesystem::copy_file(subject_.state, state_file());
  std::ofstream(subject_.folder + "/configuration.json") << nlohmann::json(configuration()).dump();
  StartOrEnd(connector_, subject_.binary);
}

SyncBench::~SyncBench() {
  connector_.Stop();
  std::filesystem::remove_all(staging_folder());
}

std::map<std::string, std::string> SyncBench::configuration() const {
  if (!subject_.configuration.empty()) return subject_.configuration;
  return {{"source", "sqlite"}, {"database_path", subject_.file}};
}

SyncCost SyncBench::Run(const std::function<void()>& meanwhile) {
  const pid_t supervisor = connector_.pid();
  const ProcessCpu before = CpuOf(supervisor);
  const std::uint64_t disk_before = DiskBytesWrittenBy(supervisor);
  const double clients_before = CpuSecondsOfEndedChildren();
  ProcessWatch watch(supervisor);
  tests::SyncRun run({.address = connector_.address(),
                      .config = subject_.folder + "/configuration.json",
                      .state = state_file()});
  while (meanwhile != nullptr && run.running()) {
    meanwhile();
    std::this_thread::sleep_for(kBetweenLooks);
  }
  const tests::SyncOutcome outcome = run.Wait(subject_.limit);
  watch.Stop();
  if (!outcome.ok()) Fail(absl::StrCat("sync: ", outcome.text, connector_.Output()));

  SyncCost cost;
  cost.seconds = outcome.report.value("seconds", 0.0);
  cost.records = outcome.Count("records");
  cost.wire_bytes = outcome.Count("bytes");
  cost.disk_bytes = DiskBytesWrittenBy(supervisor) - disk_before;
  cost.supervisor_peak_bytes = watch.supervisor_peak_bytes();
  cost.worker_peak_bytes = watch.worker_peak_bytes();
  const ProcessCpu after = CpuOf(supervisor);
  const std::map<std::string, double> threads = watch.ThreadSeconds();
  const auto of = [&threads](const char* name) {
    const auto found = threads.find(name);
    return found == threads.end() ? 0 : found->second;
  };
  cost.cpu.merge = of(kSyncThread);
  cost.cpu.stager = of(kStagerThread);
  cost.cpu.grpc = std::max(0.0, after.own - before.own - cost.cpu.merge - cost.cpu.stager);
  cost.cpu.web = of(kWebThread);
  cost.cpu.workers = after.children - before.children;
  cost.cpu.client = CpuSecondsOfEndedChildren() - clients_before;
  return cost;
}

BareCost RunBareLoop(const std::string& file) {
  auto child = tests::ChildProcess::Start({.program = BARE_LOOP_BINARY_PATH, .arguments = {file}});
  if (!child.ok()) Fail(std::string(child.status().message()));
  const auto ending = (*child)->Wait();
  if (!ending.has_value() || ending->exit_code != 0) {
    Fail(absl::StrCat("bare loop: ", (*child)->Errors()));
  }
  const auto report = nlohmann::json::parse((*child)->Lines().back());
  return {report["seconds"], report["cpu_seconds"], report["rows"]};
}

std::vector<std::string> SampleOfStream(const SyncSubject& subject, std::uint64_t bytes) {
  const SyncBench bench(subject);
  const auto channel = tester::OpenChannel(bench.address(), {});
  if (!channel.ok()) Fail(std::string(channel.status().message()));
  tester::UpdateStream stream(*channel, RequestFor(bench.configuration()), std::nullopt);
  std::vector<std::string> sample;
  for (std::uint64_t have = 0; have < bytes;) {
    std::string message = NextMessage(stream);
    if (!HoldsRows(message)) continue;
    have += message.size();
    sample.push_back(std::move(message));
  }
  return sample;
}

double StartToFirstRecordMs(const SyncSubject& subject) {
  const auto began = std::chrono::steady_clock::now();
  const SyncBench bench(subject);
  const auto channel = tester::OpenChannel(bench.address(), {});
  if (!channel.ok()) Fail(std::string(channel.status().message()));
  tester::UpdateStream stream(*channel, RequestFor(bench.configuration()), std::nullopt);
  while (!HoldsRows(NextMessage(stream))) {
  }
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
      .count();
}

}  // namespace tributary::bench
