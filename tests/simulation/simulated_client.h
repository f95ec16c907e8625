// The client of one sync. It takes what it is handed when it likes, and looks at each
// message as it is handed over, since that is the order that counts.
#ifndef TRIBUTARY_TESTS_SIMULATION_SIMULATED_CLIENT_H_
#define TRIBUTARY_TESTS_SIMULATION_SIMULATED_CLIENT_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/delivery/message_writer.h"
#include "tests/simulation/world.h"

namespace tributary::simulation {

class SimulatedClient : public MessageWriter {
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

 protected:
  // What the source makes of it, before it is applied.
  virtual void Look(const Message& message) = 0;
  // Tables may have to begin again that are half copied.
  virtual bool MayRestart() const = 0;
  // The first claim of `state` that does not hold; empty: all do.
  virtual std::string BrokenClaim(const State& state) = 0;

  // Of the entry's columns as they are chosen now; empty where the table is deselected.
  std::string DigestOf(const Catalog& catalog, const std::string& table,
                       const TableState& entry) const;

  World& world() { return world_; }
  const World& world() const { return world_; }
  const Destination& destination() const { return destination_; }
  const Choice& choice() const { return choice_; }

 private:
  void CheckRows(const Message& message);
  void CheckChosen(const std::string& table, const Row& row);
  void CheckCheckpoint(const Message& message);
  void BeginOwnEpoch(const State& state);

  World& world_;
  // With all that was handed over.
  Destination destination_;
  const Choice choice_;
  const State asked_;
  const std::string selection_;
  std::set<std::string> begun_;
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
