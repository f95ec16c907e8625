// The client of one sync. It takes messages whenever it likes, but checks each message when the
// sync hands it over, because that is the order that counts.
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
  // `destination` before the sync; `state` is that of the request.
  SimulatedClient(World& world, Destination destination, const Choice& choice, State state);

  void OnProgress(std::function<void()>) override {}
  bool WantProgress(std::size_t bytes) override;
  void Write(std::string_view bytes, Hold hold) override;
  void Send() override { world_.Step(); }
  std::size_t pending_bytes() const override { return pending_bytes_; }
  std::uint64_t sent_messages() const override { return received_.size(); }
  std::uint64_t sent_bytes() const override { return received_bytes_; }
  bool client_gone() const override { return world_.killed(); }

  // Takes some of the messages that were handed over.
  void Step();

  // Called with each checkpoint of the sync's own epoch that covers something, and with the
  // position of the checkpoint before it.
  std::function<void(const State& state, std::uint64_t after_position)> on_checkpoint;

  // In order; messages that were handed over but lost by a kill are not included.
  const std::vector<MessagePtr>& received() const { return received_; }
  // Whether messages that an earlier sync had staged were replayed.
  bool replayed() const { return replayed_; }

 protected:
  // Called with each message before it is applied; depends on the kind of source.
  virtual void Look(const Message& message) = 0;
  // Whether tables that are partly copied may have to begin again.
  virtual bool MayRestart() const = 0;
  // The first claim of `state` that does not hold; empty: all hold.
  virtual std::string BrokenClaim(const State& state) = 0;

  // The digest of the entry's columns with the current selection; empty if the table is deselected.
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
  // Includes everything that was handed over.
  Destination destination_;
  const Choice choice_;
  const State asked_;
  const std::string selection_;
  std::set<std::string> begun_;
  // Tables whose copies resume.
  std::set<std::string> resumed_;
  // In the sync's own epoch.
  std::uint64_t position_ = 0;
  std::uint64_t last_checkpoint_ = 0;
  bool in_own_epoch_ = false;
  // Rows from the source have been sent in this epoch.
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
