// The environment of one simulated sync: a clock, a disk, workers, a client, and faults. Nothing
// happens by itself: each time the sync hands a message to its client or waits for a worker, the
// world takes a step, in which some of everything happens, as the seed determines.
//
// When the supervisor is killed, the world stops: nothing that the sync does from then on reaches
// the disk or the client.
#ifndef TRIBUTARY_TESTS_SIMULATION_WORLD_H_
#define TRIBUTARY_TESTS_SIMULATION_WORLD_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/delivery/stager.h"
#include "tests/simulation/destination.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/random.h"
#include "tests/supervisor/staging/fault_env.h"

namespace tributary::simulation {

class SimulatedWorker;
// The batches that workers have made, by number: only the client opens a batch.
class Batches {
 public:
  // The wire bytes of a batch with these rows, and `padding` bytes that do not compress.
  std::string Make(MessagePtr rows, std::size_t padding);
  // Null: `bytes` are not a batch. A batch that differs from what Make returned is kDamaged.
  MessagePtr Open(std::string_view bytes) const;

 private:
  struct Batch {
    MessagePtr rows;
    std::size_t padding;
  };
  static std::string BytesOf(std::uint64_t number, std::size_t padding);
  std::vector<Batch> batches_;
};

class World {
 public:
  using Clock = std::chrono::steady_clock;

  World(Random& random, SimulatedSource& source, Batches& batches, FaultEnv& disk,
        const Faults& faults);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void Step();
  // Rings the sync's bell, so that it never sleeps.
  std::function<void()> wake = [] {};
  // Asks the process to end.
  std::function<void()> drain = [] {};
  std::function<void()> client_step = [] {};

  void Join(SimulatedWorker* worker) { workers_.push_back(worker); }
  void Leave(const SimulatedWorker* worker);
  // Runs the stager as long as the returned pointer exists.
  std::shared_ptr<void> RunStager(Stager& stager);

  // The supervisor is killed.
  void Kill();
  bool killed() const { return killed_; }
  void Break(const std::string& what);
  // The first promise that was broken; empty: none.
  const std::string& broken() const { return broken_; }

  Clock::time_point now() const { return now_; }
  Random& random() { return random_; }
  Batches& batches() { return batches_; }
  const Faults& faults() const { return faults_; }
  // No disk call has failed since the sync began.
  bool disk_is_good() const { return !disk_was_bad_ && !disk_.failed(); }

 private:
  Random& random_;
  SimulatedSource& source_;
  Batches& batches_;
  FaultEnv& disk_;
  const Faults faults_;
  Clock::time_point now_{std::chrono::hours(1)};
  std::vector<SimulatedWorker*> workers_;
  Stager* stager_ = nullptr;
  // Rarely enough kills to make the sync give up.
  std::size_t kills_left_ = 0;
  std::size_t steps_ = 0;
  bool disk_was_bad_ = false;
  bool killed_ = false;
  std::string broken_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_WORLD_H_
