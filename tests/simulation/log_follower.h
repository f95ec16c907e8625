// How a simulated log worker reads the log of a LoggedSource, as proto/worker.proto describes.
#ifndef TRIBUTARY_TESTS_SIMULATION_LOG_FOLLOWER_H_
#define TRIBUTARY_TESTS_SIMULATION_LOG_FOLLOWER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/snapshot.h"
#include "tests/simulation/destination.h"
#include "tests/simulation/log_rules.h"
#include "tests/simulation/logged_source.h"
#include "tests/simulation/world.h"

namespace tributary::simulation {

class LogFollower {
 public:
  // Where it writes.
  class Ring {
   public:
    virtual ~Ring() = default;
    virtual void PutReport(const LogReport& report) = 0;
    virtual void PutChanges(std::vector<Change> changes) = 0;
    // These two calls end the follower.
    virtual void PutEnd(const AssignmentEnd& end) = 0;
    virtual void PutLostConnection() = 0;
    virtual bool is_full() const = 0;
    virtual bool is_to_pause() const = 0;
  };

  LogFollower(World& world, LoggedSource& source, LogRules& rules, Ring& ring,
              const FollowAssignment& follow);

  void Take(const FollowOrder& order);
  // Takes a small step.
  void Step();

 private:
  struct Followed {
    FollowedTable told;
    // Changes of transactions that it sees are left out.
    Snapshot start;
    bool joined = false;
    bool start_was_moved = false;
  };

  bool Connect();
  void Join();
  void HandOut(const LoggedTransaction& transaction);
  // Also announces some of the following transactions that are already visible.
  void Announce(const LoggedTransaction& transaction);
  bool Matters(const LoggedTransaction& transaction);
  bool MakesVisible(std::uint64_t number);
  void Pass(const LoggedTransaction& transaction);
  void Translate(const LoggedTransaction& transaction, const LoggedChange& change);
  void TranslateUpdate(Followed& table, const LoggedChange& change);
  bool IsLeftOut(const LoggedTransaction& transaction, const LoggedChange& change);
  // Null: the table is not followed, so its changes are ignored.
  Followed* Find(const std::string& table);
  // The row's values as they are sent; nothing if some are missing.
  static std::optional<Row> Whole(const Followed& table, const Row& row);
  void PutAgain(const Followed& table, const std::string& key);
  void PutSnapshot(const Snapshot& snapshot);
  void PutPosition();
  void Flush();
  void End(AssignmentEnd::Outcome outcome);

  World& world_;
  Random& random_;
  LoggedSource& source_;
  LogRules& rules_;
  Ring& ring_;
  FollowAssignment follow_;

  std::map<std::uint32_t, Followed> tables_;
  std::deque<std::uint32_t> to_join_;
  bool connected_ = false;
  std::string life_;
  Snapshot visible_;
  LogPosition position_;
  // Whether the transaction that has begun was announced as handed out.
  bool handed_out_ = false;
  // The ends of transactions that were announced in the ring and whose changes are not yet written.
  std::set<std::uint64_t> announced_;
  std::size_t change_ = 0;
  std::vector<Change> batch_;
  std::optional<std::uint64_t> finish_at_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOG_FOLLOWER_H_
