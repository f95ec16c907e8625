// tributary: the supervisor, and in its other role each of its workers.

#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include "common/log.h"
#include "common/worker_start.h"
#include "supervisor/active_syncs.h"
#include "supervisor/server.h"
#include "supervisor/settings.h"
#include "worker/worker.h"

namespace tributary {
namespace {

int SupervisorMain(int argc, char** argv) {
  const ParsedSettings parsed = ParseSettings(argc, argv);
  if (!parsed.settings.has_value()) return parsed.exit_code;
  const Settings& settings = *parsed.settings;
  SetLogFormat(settings.log_format);

  // Blocked before the first thread starts, so that only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  ActiveSyncs syncs(settings);
  auto server = StartServer(settings, syncs);
  if (!server.ok()) {
    Log(LogLevel::kSevere, std::string(server.status().message()));
    return EXIT_FAILURE;
  }
  int received = 0;
  sigwait(&signals, &received);
  Log(LogLevel::kInfo, "shutting down at the next checkpoints");
  syncs.Drain();
  (*server)->Stop();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace tributary

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == tributary::kWorkerRole) {
    return tributary::WorkerMain(argc, argv);
  }
  return tributary::SupervisorMain(argc, argv);
}
