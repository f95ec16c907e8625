// What one simulated sync has around it: a clock, a disk, workers, a client, and what
// goes wrong. Nothing happens by itself: each time the sync hands something to its
// client or waits for a worker, the world takes a step, in which some of everything
// happens, as the seed has it.
//
// When the supervisor is killed the world stands still: nothing that the sync does
// from then on reaches the disk or the client.
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
// The batches that workers have made, by their numbers: what a batch holds is
// nobody's business until the client opens it.
class Batches {
 public:
  // The wire bytes of a batch with these rows, and so much that does not compress.
  std::string Make(MessagePtr rows, std::size_t padding);
  // Null: `bytes` are no batch. One that is not what Make gave is kDamaged.
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
  // Lets the process be told to end.
  std::function<void()> drain = [] {};
  std::function<void()> client_step = [] {};

  void Join(SimulatedWorker* worker) { workers_.push_back(worker); }
  void Leave(const SimulatedWorker* worker);
  // Until what it returns is let go.
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
  // No call to the disk has failed since the sync began.
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
  // Seldom so many that the sync gives up.
  std::size_t kills_left_ = 0;
  std::size_t steps_ = 0;
  bool disk_was_bad_ = false;
  bool killed_ = false;
  std::string broken_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_WORLD_H_
