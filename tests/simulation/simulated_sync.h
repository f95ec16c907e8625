// One sync without processes, disks and clocks. What is pure in the supervisor is
// the real thing: MakePlan, Scheduler, State, DoneRanges. The order in which
// supervisor/sync merges, supervisor/delivery sends and supervisor/staging keeps
// is modelled: a checkpoint leaves when it and all before it are staged and all
// before it has left.
#ifndef TRIBUTARY_TESTS_SIMULATION_SIMULATED_SYNC_H_
#define TRIBUTARY_TESTS_SIMULATION_SIMULATED_SYNC_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/plan/plan.h"
#include "supervisor/plan/scheduler.h"
#include "tests/simulation/destination.h"
#include "tests/simulation/simulated_worker.h"

namespace tributary::simulation {

// What the local disk holds of one connection between syncs.
struct Staging {
  std::string epoch;
  // Position 1 on. Those before `held_from` are dropped.
  std::vector<MessagePtr> items;
  std::uint64_t held_from = 1;
  std::uint64_t epochs_made = 0;
};

class SimulatedSync {
 public:
  SimulatedSync(Random& random, SourceHistory& source, Staging& staging, const Choice& choice,
                std::string state_json, const Faults& faults);

  // Some of everything. False once the sync is over.
  bool Step();

  // What has left for the client, in order.
  const std::vector<MessagePtr>& sent() const { return sent_; }
  // The state that reading went on from, after a replay.
  const State& begun_from() const { return begun_from_; }
  std::size_t copies() const { return copies_; }
  // Ended with every table live.
  bool complete() const { return complete_; }
  // An error that the user sees, or Warnings for what is not copied.
  bool told_why_incomplete() const { return stopping_ || aside_ > 0; }
  // The first promise that was broken; empty: none.
  const std::string& broken() const { return broken_; }

 private:
  struct Member {
    std::unique_ptr<SimulatedWorker> worker;
    std::deque<Given> given;
    std::uint32_t next_id = 1;
    bool idle() const { return given.empty(); }
  };

  void Replay(State& state);
  void Break(const std::string& what);

  // As supervisor/sync/copy.cc has them.
  void GiveWork();
  bool GiveOne(Member& member);
  void SendTruncates();
  void Merge();
  void TakeFrames(Member& member);
  bool TakeFrame(Member& member, const Frame& frame);
  bool TakeMark(const ReadWork& read, Scheduler::MarkResult result);
  bool TakeEnd(Member& member, const Frame& frame);
  void TakeAnswers(Member& member);
  void Bury(Member& member);
  void Restart(std::size_t table);
  void SetAside(std::size_t table);
  void StopStaleReads();
  void StopFor();

  void Put(Message message);
  void Checkpoint();
  void SetComplete();
  void Deliver();
  void DeliverAll();

  Random& random_;
  SourceHistory& source_;
  Staging& staging_;
  const Choice choice_;
  const Faults faults_;

  Catalog catalog_;
  Plan plan_;
  State begun_from_;
  std::set<std::string> resumed_;
  std::optional<Scheduler> scheduler_;
  std::vector<Member> members_;
  std::size_t copies_ = 0;
  std::size_t next_ring_ = 0;
  int deaths_in_row_ = 0;
  // Seldom so many that the sync gives up.
  std::size_t kills_left_ = 0;
  std::size_t aside_ = 0;
  bool stopping_ = false;
  bool complete_ = false;
  bool over_ = false;
  bool reads_ = false;
  std::size_t steps_ = 0;

  std::uint64_t last_position_ = 0;
  std::uint64_t last_checkpoint_ = 0;
  bool disk_works_ = true;
  // Not yet staged, and not yet sent, with their positions.
  std::deque<std::pair<std::uint64_t, MessagePtr>> to_stage_;
  std::deque<std::pair<std::uint64_t, MessagePtr>> to_send_;
  std::vector<MessagePtr> sent_;
  std::string broken_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_SIMULATED_SYNC_H_
