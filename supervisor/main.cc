#include "supervisor/main.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "common/debugger.h"
#include "common/log.h"
#include "common/worker_start.h"
#include "supervisor/abandoned_staging.h"
#include "supervisor/active_syncs.h"
#include "supervisor/heap.h"
#include "supervisor/library_logs.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/server.h"
#include "supervisor/settings.h"
#include "supervisor/settings_check.h"
#include "supervisor/start_check.h"
#include "supervisor/status/board.h"
#include "supervisor/web/token.h"
#include "supervisor/web/web_server.h"
#include "worker/sandbox/sanitizers.h"
#include "worker/sandbox/trial.h"
#include "worker/worker.h"

namespace tributary {
namespace {

// To the hard limit: the usual soft limit is meant for programs that use select.
void RaiseOpenFilesLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The supervisor's memory holds rows, credentials and the staging keys: no core dump may write them
// to a disk, and no other process of the same user may read them. Each worker does this for itself.
void KeepMemoryPrivate() {
  // The sanitizers' leak check looks at the process from outside.
  if (kSanitized || kForDebugger) return;
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

// Metrics, probes and the page, if configured.
struct Web {
  std::unique_ptr<Pages> pages;
  std::unique_ptr<WebServer> server;
};

absl::StatusOr<Web> ServeWeb(const Settings& settings, const StatusBoard& board,
                             const Logger& log) {
  Web web;
  if (settings.metrics_address.empty()) return web;
  std::string token;
  if (!settings.web_token_file.empty()) {
    auto read = ReadWebTokenFile(settings.web_token_file);
    if (!read.ok()) return read.status();
    token = *std::move(read);
  }
  const bool open = token.empty();
  web.pages = std::make_unique<Pages>(board, std::move(token), ProgramVersion());
  auto started = WebServer::Start(settings.metrics_address, *web.pages);
  if (!started.ok()) return started.status();
  web.server = *std::move(started);
  log.Info("metrics can be scraped", {{"address", web.server->address()}});
  if (open && !web.server->loopback()) {
    log.Warning("the status page shows table names to everyone who can reach its address",
                {{"address", web.server->address()},
                 {log_key::kHint, "give --web-token-file, or let only Prometheus reach it"}});
  }
  return web;
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
  // Writing over RLIMIT_FSIZE must fail with an error and not kill the process.
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
  metrics.Describe(ProgramVersion(), libraries, settings.staging_limit_bytes);
  StatusBoard board(metrics, settings.table_metrics);
  auto web = ServeWeb(settings, board, log);
  if (!web.ok()) {
    log.Severe(std::string(web.status().message()));
    return EXIT_FAILURE;
  }
  ActiveSyncs syncs(settings, abandoned, board, log);
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
        "a sync does not end, perhaps because the staging disk hangs; shutting down without "
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
