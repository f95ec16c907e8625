// One sync with the supervisor's real code: plan, scheduler, merger, outbox, stager, staging and
// state. Workers, client, clock and the disk's faults are simulated.
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

// What the syncs of one connection leave for later ones, except the state.
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
  // The number of checkpoints whose staging was checked when they were sent.
  std::size_t staged_checkpoints = 0;
  // The first promise that was broken; empty: none.
  std::string broken;
};

// The parts that depend on the kind of source: its workers, and the client that knows the source's
// content.
struct Cast {
  std::function<std::unique_ptr<Worker>(World&)> worker;
  std::function<std::shared_ptr<SimulatedClient>(World&, const State& asked)> client;
};

SyncResult RunSync(Surroundings& surroundings, Metrics& metrics, const Cast& cast,
                   const Choice& choice, const std::string& state_json, const Faults& faults);

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_SIMULATED_SYNC_H_
