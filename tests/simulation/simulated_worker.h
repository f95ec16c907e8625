// A worker as the supervisor sees it: a queue of assignments and a ring of frames. It takes one
// small step at a time, and may be killed between any two steps; what it has written can still be
// read.
#ifndef TRIBUTARY_TESTS_SIMULATION_SIMULATED_WORKER_H_
#define TRIBUTARY_TESTS_SIMULATION_SIMULATED_WORKER_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "supervisor/pool/worker.h"
#include "tests/simulation/world.h"

namespace tributary::simulation {

class SimulatedWorker : public Worker, private FrameSource {
 public:
  explicit SimulatedWorker(World& world) : world_(world) { world_.Join(this); }
  ~SimulatedWorker() override { world_.Leave(this); }

  void Step();
  void Kill();

  std::string End(std::optional<WorkerEnd> why) override;
  bool alive() const override { return alive_; }
  absl::Status Send(const Assignment& assignment) override;
  absl::Status Steer(const FollowOrder&) override { return absl::OkStatus(); }
  absl::Status Look() override;
  void Wait(std::chrono::milliseconds) override { world_.Step(); }
  // The world rings the bell instead.
  pollfd Awaited() const override { return {-1, 0, 0}; }
  FrameSource& ring() override { return *this; }

 protected:
  struct Published {
    FrameType type{};
    std::uint32_t assignment = 0;
    std::string payload;
  };

  // Called when it was killed.
  virtual void Died() {}
  // Does a small part of the assignment; calls EndAssignment at its end.
  virtual void Work(const Assignment& assignment) = 0;
  // Called before the supervisor gets this frame.
  virtual void Given(Published&) {}

  void Publish(FrameType type, std::uint32_t assignment, std::string payload) {
    ring_.push_back({type, assignment, std::move(payload)});
  }
  void PublishBatch(std::uint32_t assignment, std::string bytes);
  // The assignment is over.
  void EndAssignment(std::uint32_t assignment, const AssignmentEnd& end);
  void EndAssignment(std::uint32_t assignment, AssignmentEnd::Outcome outcome);
  bool IsToPause(std::uint32_t assignment) const { return assignment <= pause_through_; }
  bool has_work() const { return !queue_.empty(); }
  std::size_t frames() const { return ring_.size(); }

  World& world() { return world_; }
  Random& random() { return world_.random(); }

 private:
  absl::StatusOr<std::optional<Frame>> Next() override;
  bool ArmDoorbell() override { return ring_.empty(); }
  absl::Status Detach() override { return absl::OkStatus(); }
  void PauseThrough(std::uint32_t id) override { pause_through_ = std::max(pause_through_, id); }
  std::uint32_t paused_through() const override { return pause_through_; }
  std::size_t bytes_held() const override { return 0; }
  std::uint64_t pulse() const override { return ++pulse_; }
  // Its frames have their own memory.
  std::weak_ptr<const void> lifetime() const override { return {}; }

  World& world_;
  bool alive_ = true;
  std::uint32_t pause_through_ = 0;
  mutable std::uint64_t pulse_ = 0;
  std::deque<Assignment> queue_;
  std::deque<Published> ring_;
};

}  // namespace tributary::simulation

#endif  // TRIBUTARY_TESTS_SIMULATION_SIMULATED_WORKER_H_
