// The client of one sync. It takes what it is handed when it likes, and looks at each
// message as it is handed over, since that is the order that counts.
#ifndef TRIBUTARY_TESTS_SIMULATION_SIMULATED_CLIENT_H_
#define TRIBUTARY_TESTS_SIMULATION_SIMULATED_CLIENT_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "supervisor/delivery/message_writer.h"
#include "tests/simulation/world.h"

namespace tributary::simulation {

class SimulatedClient final : public MessageWriter {
 public:
  // `destination` as it was before the sync; `state` is what the sync was asked to go
  // on from.
  SimulatedClient(World& world, Destination destination, const Choice& choice, State state);

  void OnProgress(std::function<void()>) override {}
  bool WantProgress(std::size_t bytes) override;
  void Write(std::string_view bytes, Hold hold) override;
  void Send() override { world_.Step(); }
  std::size_t pending_bytes() const override { return pending_bytes_; }
  std::uint64_t sent_messages() const override { return received_.size(); }
  std::uint64_t sent_bytes() const override { return received_bytes_; }
  bool client_gone() const override { return world_.killed(); }

  // Takes some of what it was handed.
  void Step();

  // Called with each checkpoint of the sync's own epoch that covers something, and the
  // position of the one before it.
  std::function<void(const State& state, std::uint64_t after_position)> on_checkpoint;

  // In order; what the sync had handed over and a kill kept from coming is not in it.
  const std::vector<MessagePtr>& received() const { return received_; }
  // Something was staged by an earlier sync and came again.
  bool replayed() const { return replayed_; }

 private:
  void CheckRows(const Message& message);
  void CheckCheckpoint(const Message& message);
  void BeginOwnEpoch(const State& state);
  void TakeWarning(const Message& message);
  void CheckRemarks(const State& state);

  World& world_;
  // With all that was handed over.
  Destination destination_;
  const Choice choice_;
  const State asked_;
  const std::string selection_;
  std::set<std::string> begun_;
  // Tables that this sync has begun: of how many rows a Warning has told since.
  std::map<std::string, std::uint64_t> told_;
  // Their copies go on from where they were.
  std::set<std::string> resumed_;
  // In the sync's own epoch.
  std::uint64_t position_ = 0;
  std::uint64_t last_checkpoint_ = 0;
  bool in_own_epoch_ = false;
  // Something of the source has been sent in it.
  bool reads_ = false;
  bool replayed_ = false;
  std::size_t handed_over_ = 0;
  std::set<const Message*> seen_;

  struct Pending {
    MessagePtr message;
    std::size_t bytes;
    Hold hold;
  };
  std::deque<Pending> pending_;
  std::size_t pending_bytes_ = 0;
  std::vector<MessagePtr> received_;
  std::uint64_t received_bytes_ = 0;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_SIMULATED_CLIENT_H_
