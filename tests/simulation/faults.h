// The faults of one sync, and a source that changes while the sync runs.
#ifndef TRIBUTARY_TESTS_SIMULATION_FAULTS_H_
#define TRIBUTARY_TESTS_SIMULATION_FAULTS_H_

#include <string>

namespace tributary::simulation {

// The faults of one sync.
struct Faults {
  bool source_changes = false;
  // Only for a source that has a log.
  bool server_crashes = false;
  bool workers_die = false;
  bool cuts_are_wrong = false;
  bool supervisor_dies = false;
  bool supervisor_drains = false;
  bool disk_fails = false;
  bool disk_is_slow = false;
  bool client_is_slow = false;
  // Batches are large, and the staging can hold only a few of them.
  bool staging_is_tight = false;
  // Reading this place of this table ends the worker.
  std::string poison_table;
  int poison_place = -1;
};

// A source that changes while the sync runs.
class SimulatedSource {
 public:
  virtual ~SimulatedSource() = default;
  // Called with each step of the world.
  virtual void Step(const Faults& faults) = 0;
  // Called between two small steps of workers.
  virtual void StepBetween(const Faults&) {}
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_FAULTS_H_
