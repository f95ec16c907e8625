#include "supervisor/main.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "common/log.h"
#include "common/worker_start.h"
#include "supervisor/abandoned_staging.h"
#include "supervisor/active_syncs.h"
#include "supervisor/heap.h"
#include "supervisor/library_logs.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/metrics/metrics_server.h"
#include "supervisor/server.h"
#include "supervisor/settings.h"
#include "supervisor/settings_check.h"
#include "supervisor/start_check.h"
#include "worker/sandbox/sanitizers.h"
#include "worker/sandbox/trial.h"
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

int Check(const Settings& settings, const std::vector<EngineSetup>& setups) {
  SetLogFormat(LogFormat::kText);
  signal(SIGXFSZ, SIG_IGN);
  const auto sandbox = TrySandbox();
  RaiseOpenFilesLimit();
  const auto landlock_abi =
      sandbox.ok() ? absl::StatusOr<int>(sandbox->landlock_abi) : sandbox.status();
  const bool good = PrintFindings(CheckStart(settings, setups, landlock_abi));
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int SupervisorMain(int argc, char** argv, const std::vector<Engine>& engines) {
  const std::vector<EngineSetup> setups = SetupsOf(engines);
  KeepMemoryPrivate();
  const Logger log = Logger().With(log_key::kRole, "supervisor");
  const std::string libraries = LibrariesOf(engines);
  const ParsedSettings parsed = ParseSettings(argc, argv, setups, libraries, log);
  if (!parsed.settings.has_value()) {
    return AsksForCheck(argc, argv) && parsed.exit_code != 0 ? EXIT_FAILURE : parsed.exit_code;
  }
  const Settings& settings = *parsed.settings;
  if (settings.check) return Check(settings, setups);
  SetLogFormat(settings.log_format);
  LogLibraries(log);
  log.Info("starting", {{"version", ProgramVersion()}, {"reads_with", libraries}});

  // Blocked before the first thread starts, so that only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // A file over RLIMIT_FSIZE is an error of the call that makes it.
  signal(SIGXFSZ, SIG_IGN);

  SetUpHeap();
  RaiseOpenFilesLimit();
  const absl::Status usable = CheckSettings(settings, setups);
  if (!usable.ok()) {
    log.Severe(std::string(usable.message()));
    return EXIT_FAILURE;
  }
  AbandonedStaging abandoned(settings, log);
  abandoned.DropIfDue();
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
  ActiveSyncs syncs(settings, abandoned, metrics, log);
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
  return SupervisorMain(argc, argv, engines);
}

}  // namespace tributary
