// One life of a connection to a LoggedSource: syncs with faults, later syncs from some of their
// states, and a last sync without faults.
#ifndef TRIBUTARY_TESTS_SIMULATION_LOGGED_LIFE_H_
#define TRIBUTARY_TESTS_SIMULATION_LOGGED_LIFE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/lives.h"
#include "tests/simulation/log_rules.h"
#include "tests/simulation/logged_source.h"

namespace tributary::simulation {

class LoggedLife {
 public:
  LoggedLife(std::uint64_t seed, const std::string& staging_dir, Metrics& metrics, Figures& figures,
             Rule left_out);

  // Empty, or the promise that was broken.
  std::string Run();

 private:
  // A checkpoint that the destination received.
  struct Saved {
    std::string state;
    // As it was at that time.
    Destination destination;
  };

  Faults SomeFaults();
  std::string SomeState();
  SyncResult RunSync(const std::string& state, const Faults& faults);
  void SyncOnce();
  void QuietSync();
  void Receive(const SyncResult& result, std::size_t count);
  void ChangeChoice();
  // The selected tables.
  std::vector<std::string> Tables() const;
  void Break(const std::string& what);

  Random random_;
  LoggedSource source_;
  Surroundings surroundings_;
  Metrics& metrics_;
  Figures& figures_;
  const Rule left_out_;
  bool ended_early_ = false;
  Destination destination_;
  Choice choice_;
  // From the state on which the last sync was based, oldest first.
  std::vector<Saved> saved_;
  std::string broken_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOGGED_LIFE_H_
