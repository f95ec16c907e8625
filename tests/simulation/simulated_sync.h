// One sync of the supervisor's, as it is: its plan, scheduler, merger, outbox, stager,
// staging and state are the real ones. Simulated are what it has around it: workers,
// client, clock, and the disk's faults.
#ifndef TRIBUTARY_TESTS_SIMULATION_SIMULATED_SYNC_H_
#define TRIBUTARY_TESTS_SIMULATION_SIMULATED_SYNC_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "supervisor/metrics/metrics.h"
#include "tests/simulation/simulated_client.h"

namespace tributary::simulation {

// What syncs of one connection leave to each other, but for the state.
struct Surroundings {
  Random& random;
  SimulatedSource& source;
  Batches batches;
  FaultEnv disk;
  std::string staging_dir;
};

struct SyncResult {
  absl::Status status;
  bool killed = false;
  bool replayed = false;
  // In order.
  std::vector<MessagePtr> received;
  // Checkpoints whose staging was looked at as they left.
  std::size_t staged_checkpoints = 0;
  // The first promise that was broken; empty: none.
  std::string broken;
};

// Who plays beside the supervisor: the source's workers, and the client that knows what the
// source holds.
struct Cast {
  std::function<std::unique_ptr<Worker>(World&)> worker;
  std::function<std::shared_ptr<SimulatedClient>(World&, const State& asked)> client;
};

SyncResult RunSync(Surroundings& surroundings, Metrics& metrics, const Cast& cast,
                   const Choice& choice, const std::string& state_json, const Faults& faults);

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_SIMULATED_SYNC_H_
