// The client of a SourceHistory: compares each checkpoint with the source's content at that time.
#ifndef TRIBUTARY_TESTS_SIMULATION_HISTORY_CLIENT_H_
#define TRIBUTARY_TESTS_SIMULATION_HISTORY_CLIENT_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "tests/simulation/simulated_client.h"
#include "tests/simulation/source_history.h"

namespace tributary::simulation {

class HistoryClient final : public SimulatedClient {
 public:
  HistoryClient(World& world, const SourceHistory& source, Destination destination,
                const Choice& choice, State state)
      : SimulatedClient(world, std::move(destination), choice, std::move(state)), source_(source) {}

 private:
  void Look(const Message& message) override;
  bool MayRestart() const override { return world().faults().source_changes; }
  std::string BrokenClaim(const State& state) override;
  std::string BrokenClaim(const std::string& table, const TableState& entry) const;
  void TakeWarning(const Message& message);
  void CheckRemarks(const State& state);

  const SourceHistory& source_;
  // Tables that this sync has begun, with the number of altered rows in Warnings since then.
  std::map<std::string, std::uint64_t> told_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_HISTORY_CLIENT_H_
