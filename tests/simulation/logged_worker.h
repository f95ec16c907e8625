// The worker of a LoggedSource: describes it, cuts its tables, reads slices, or follows the log.
#ifndef TRIBUTARY_TESTS_SIMULATION_LOGGED_WORKER_H_
#define TRIBUTARY_TESTS_SIMULATION_LOGGED_WORKER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/log_follower.h"
#include "tests/simulation/logged_source.h"
#include "tests/simulation/simulated_worker.h"

namespace tributary::simulation {

class LoggedWorker final : public SimulatedWorker, private LogFollower::Ring {
 public:
  LoggedWorker(World& world, LoggedSource& source, LogRules& rules)
      : SimulatedWorker(world), source_(source), rules_(rules) {}

  absl::Status Steer(const FollowOrder& order) override;

 private:
  // A read within its transaction.
  struct Reading {
    std::string life;
    std::multimap<int, Row> rows;
    std::shared_ptr<void> lock;
    int next = 0;
    bool owes_mark = false;
  };

  void Work(const Assignment& assignment) override;
  void Died() override { reading_.reset(); }
  void Given(Published& frame) override;
  void Describe(std::uint32_t assignment);
  void Cut(const Assignment& assignment);
  void Read(const Assignment& assignment);
  void Open(const Assignment& assignment);
  void LoseConnection(std::uint32_t assignment);

  // LogFollower::Ring
  void PutReport(const LogReport& report) override;
  void PutChanges(std::vector<Change> changes) override;
  void PutEnd(const AssignmentEnd& end) override;
  void PutLostConnection() override { LoseConnection(following_id_); }
  bool is_full() const override { return frames() > kMostFrames; }
  bool is_to_pause() const override { return IsToPause(following_id_); }

  static constexpr std::size_t kMostFrames = 24;

  LoggedSource& source_;
  LogRules& rules_;
  std::optional<Reading> reading_;
  std::unique_ptr<LogFollower> following_;
  std::uint32_t following_id_ = 0;
  // For a follower that has not begun yet.
  std::vector<FollowOrder> orders_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_LOGGED_WORKER_H_
