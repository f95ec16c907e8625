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

// Where the CPU of one sync went, in seconds.
struct Cpu {
  // Supervisor's threads.
  double merge = 0;
  double stager = 0;
  double grpc = 0;
  // That of grpc which served metrics and status.
  double web = 0;
  double workers = 0;
  double client = 0;

  double supervisor() const { return merge + stager + grpc; }
  double tributary() const { return supervisor() + workers; }
};

struct SyncCost {
  // From the Update call to its end, as the client has it.
  double seconds = 0;
  std::uint64_t records = 0;
  std::uint64_t wire_bytes = 0;
  // Written to a disk by the supervisor; it writes nothing but staging.
  std::uint64_t disk_bytes = 0;
  Cpu cpu;
  std::uint64_t supervisor_peak_bytes = 0;
  std::uint64_t worker_peak_bytes = 0;
};

struct SyncSubject {
  // Folder of the database and its name there; staging and states lie there too.
  std::string folder;
  std::string file = {};
  // Of another source than that SQLite file, as the request has it.
  std::map<std::string, std::string> configuration = {};
  // A file with the state that the first sync begins from; empty: from none.
  std::string state = {};
  // Further flags of the connector.
  std::vector<std::string> flags = {};
  // Another executable than the connector.
  std::string binary = {};
  std::chrono::milliseconds limit = std::chrono::minutes(5);
};

// A connector that has just been started with an empty staging folder. Everything
// ends the program where it fails: a bench without its subject has no figures.
class SyncBench {
 public:
  explicit SyncBench(SyncSubject subject);
  SyncBench(const SyncBench&) = delete;
  SyncBench& operator=(const SyncBench&) = delete;
  ~SyncBench();

  // One sync, drained. The first one begins from the subject's state; a later one of this
  // object goes on from where it ended. `meanwhile` is called again and again while it runs.
  SyncCost Run(const std::function<void()>& meanwhile = nullptr);

  std::string address() const { return connector_.address(); }
  const tests::Connector& connector() const { return connector_; }
  // Where the state of the last sync lies.
  std::string state_file() const { return subject_.folder + "/state.json"; }
  std::string staging_folder() const { return subject_.folder + "/staging"; }
  // As the request has it.
  std::map<std::string, std::string> configuration() const;

 private:
  SyncSubject subject_;
  tests::Connector connector_;
};

// The bare loop over the same file.
struct BareCost {
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t rows = 0;
};
BareCost RunBareLoop(const std::string& file);

// Of the first bytes of a sync: the messages with rows, about `bytes` of them.
std::vector<std::string> SampleOfStream(const SyncSubject& subject, std::uint64_t bytes);

// Milliseconds from the start of the connector's process to the first row of a
// first sync, the client already running.
double StartToFirstRecordMs(const SyncSubject& subject);

[[noreturn]] void Fail(const std::string& what);

}  // namespace tributary::bench

#endif  // TRIBUTARY_TESTS_BENCH_MEASURED_SYNC_H_
