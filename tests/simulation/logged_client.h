// The client of a LoggedSource: compares each checkpoint with what the source's log has told.
#ifndef TRIBUTARY_TESTS_SIMULATION_LOGGED_CLIENT_H_
#define TRIBUTARY_TESTS_SIMULATION_LOGGED_CLIENT_H_

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "tests/simulation/logged_source.h"
#include "tests/simulation/simulated_client.h"

namespace tributary::simulation {

class LoggedClient final : public SimulatedClient {
 public:
  LoggedClient(World& world, const LoggedSource& source, Destination destination,
               const Choice& choice, State state)
      : SimulatedClient(world, std::move(destination), choice, std::move(state)), source_(source) {}

 private:
  void Look(const Message&) override {}
  // The log may contain changes that make tables begin again.
  bool MayRestart() const override { return true; }
  // Rows that the state claims, and that no transaction after its log position changes, must be as
  // in the source. The others will be sent again.
  std::string BrokenClaim(const State& state) override;
  std::string BrokenClaim(const std::string& table, const TableState& entry,
                          std::uint64_t from) const;

  const LoggedSource& source_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOGGED_CLIENT_H_
