// The client of a LoggedSource: holds each checkpoint to what the source's log has told.
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
  // The log may have what makes them.
  bool MayRestart() const override { return true; }
  // Rows that no transaction after the state's log position touches are as they are in the
  // source, as far as the state claims them. The others will be told of.
  std::string BrokenClaim(const State& state) override;
  std::string BrokenClaim(const std::string& table, const TableState& entry,
                          std::uint64_t from) const;

  const LoggedSource& source_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOGGED_CLIENT_H_
