// Everything outside the process that a sync uses; tests/simulation replaces it. The objects it
// points to outlive the sync.
#ifndef TRIBUTARY_SUPERVISOR_SYNC_SYNC_WORLD_H_
#define TRIBUTARY_SUPERVISOR_SYNC_SYNC_WORLD_H_

#include <leveldb/env.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/limits.h"
#include "common/log.h"
#include "supervisor/delivery/stager.h"
#include "supervisor/pool/worker.h"
#include "supervisor/pool/worker_process.h"

namespace tributary {

// `count` cryptographically random bytes.
std::string RandomBytes(std::size_t count);

struct SyncWorld {
  Logger log = {};
  StartWorker start_worker = &WorkerProcess::Start;
  leveldb::Env* disk = leveldb::Env::Default();
  const Clock* clock = &TheSystemClock();
  std::function<std::string(std::size_t)> random_bytes = &RandomBytes;
  // Bytes that may wait for the client.
  std::size_t write_window_bytes = limits::kWriteWindowBytes;
  // Runs the stager until the returned handle is destroyed.
  std::function<std::shared_ptr<void>(Stager&)> run_stager = [](Stager& stager) {
    return std::make_shared<StagerThread>(stager);
  };
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SYNC_SYNC_WORLD_H_
