#include "supervisor/main.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "common/limits.h"
#include "common/log.h"
#include "common/worker_start.h"
#include "supervisor/abandoned_staging.h"
#include "supervisor/active_syncs.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/metrics/metrics_server.h"
#include "supervisor/server.h"
#include "supervisor/settings.h"
#include "worker/sandbox/sanitizers.h"
#include "worker/worker.h"

namespace tributary {
namespace {

// As far as it may go: the usual soft limit is meant for programs that use select.
void RaiseOpenFilesLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The supervisor's memory holds rows, credentials and the staging keys: no core dump
// writes them to a disk, and no other process of the same user reads them. A worker
// sees to itself.
void KeepMemoryPrivate() {
  // The sanitizers' leak check looks at the process from outside.
  if (kSanitized) return;
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

int SupervisorMain(int argc, char** argv, const std::vector<EngineSetup>& setups) {
  KeepMemoryPrivate();
  const ParsedSettings parsed = ParseSettings(argc, argv, setups);
  if (!parsed.settings.has_value()) return parsed.exit_code;
  const Settings& settings = *parsed.settings;
  SetLogFormat(settings.log_format);
  const Logger log = Logger().With(log_key::kRole, "supervisor");

  // Blocked before the first thread starts, so that only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // A file over RLIMIT_FSIZE is an error of the call that makes it.
  signal(SIGXFSZ, SIG_IGN);

  // LevelDB frees a write buffer of tens of MiB after every segment; giving it to
  // the kernel and taking it back costs half as much as writing it.
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(limits::kKeptHeapBytes));
  mallopt(M_MMAP_THRESHOLD, static_cast<int>(limits::kMappedAllocationBytes));
  RaiseOpenFilesLimit();
  std::error_code ignored;  // A folder that cannot be made is a sync's Warning.
  std::filesystem::create_directories(settings.staging_dir, ignored);
  DropAbandonedStaging(settings, log);
  Metrics metrics;
  std::unique_ptr<MetricsServer> metrics_server;
  if (!settings.metrics_address.empty()) {
    auto started = MetricsServer::Start(settings.metrics_address, metrics);
    if (!started.ok()) {
      log.Severe(std::string(started.status().message()));
      return EXIT_FAILURE;
    }
    metrics_server = *std::move(started);
    log.Info("metrics can be scraped", {{"address", metrics_server->address()}});
  }
  ActiveSyncs syncs(settings, metrics, log);
  auto server = StartServer(settings, setups, syncs, metrics, log);
  if (!server.ok()) {
    log.Severe(std::string(server.status().message()));
    return EXIT_FAILURE;
  }
  int received = 0;
  sigwait(&signals, &received);
  log.Info("shutting down at the next checkpoints");
  if (!syncs.Drain()) {
    log.Severe(
        "a sync does not end, as where the staging directory's disk hangs; shutting down without "
        "it, and the next sync goes on from the last checkpoint");
  }
  (*server)->Stop();
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace

int Main(int argc, char** argv, const std::vector<Engine>& engines) {
  if (argc > 1 && std::string_view(argv[1]) == kWorkerRole) {
    return WorkerMain(argc, argv, engines);
  }
  return SupervisorMain(argc, argv, SetupsOf(engines));
}

}  // namespace tributary
