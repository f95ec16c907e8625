// A sync of the real connector with the tester as its client, and what it cost.
#ifndef TRIBUTARY_TESTS_BENCH_MEASURED_SYNC_H_
#define TRIBUTARY_TESTS_BENCH_MEASURED_SYNC_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/process/connector.h"

namespace tributary::bench {

// The CPU time of one sync by part, in seconds.
struct Cpu {
  // Threads of the supervisor.
  double merge = 0;
  double stager = 0;
  double grpc = 0;
  // The part of grpc's time in which metrics and status were served.
  double web = 0;
  double workers = 0;
  double client = 0;

  double supervisor() const { return merge + stager + grpc; }
  double tributary() const { return supervisor() + workers; }
};

struct SyncCost {
  // From the Update call to its end, measured by the client.
  double seconds = 0;
  std::uint64_t records = 0;
  std::uint64_t wire_bytes = 0;
  // Written to a disk by the supervisor, which only writes staging.
  std::uint64_t disk_bytes = 0;
  Cpu cpu;
  std::uint64_t supervisor_peak_bytes = 0;
  std::uint64_t worker_peak_bytes = 0;
};

struct SyncSubject {
  // The folder and the name of the database; staging and states are in this folder, too.
  std::string folder;
  std::string file = {};
  // If the source is not that SQLite file: the configuration of the request.
  std::map<std::string, std::string> configuration = {};
  // A file with the state from which the first sync begins; empty: no state.
  std::string state = {};
  // More flags for the connector.
  std::vector<std::string> flags = {};
  // Another executable instead of the connector.
  std::string binary = {};
  std::chrono::milliseconds limit = std::chrono::minutes(5);
};

// A connector that has just been started with an empty staging folder. All errors end the program,
// since there would be no figures.
class SyncBench {
 public:
  explicit SyncBench(SyncSubject subject);
  SyncBench(const SyncBench&) = delete;
  SyncBench& operator=(const SyncBench&) = delete;
  ~SyncBench();

  // One sync, drained. The first sync begins from the subject's state; later syncs of this object
  // begin where the one before ended. `meanwhile` is called repeatedly while it runs.
  SyncCost Run(const std::function<void()>& meanwhile = nullptr);

  std::string address() const { return connector_.address(); }
  const tests::Connector& connector() const { return connector_; }
  // The file with the state of the last sync.
  std::string state_file() const { return subject_.folder + "/state.json"; }
  std::string staging_folder() const { return subject_.folder + "/staging"; }
  // That of the request.
  std::map<std::string, std::string> configuration() const;

 private:
  SyncSubject subject_;
  tests::Connector connector_;
};

// The bare loop on the same file.
struct BareCost {
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t rows = 0;
};
BareCost RunBareLoop(const std::string& file);

// The first messages with rows of a sync, about `bytes` in total.
std::vector<std::string> SampleOfStream(const SyncSubject& subject, std::uint64_t bytes);

// Milliseconds from the start of the connector's process to the first row of a first sync; the
// client is already running.
double StartToFirstRecordMs(const SyncSubject& subject);

[[noreturn]] void Fail(const std::string& what);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_MEASURED_SYNC_H_
