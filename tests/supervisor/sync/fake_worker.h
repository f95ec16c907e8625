// A worker without a process: a test defines what it does with each assignment.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_SYNC_FAKE_WORKER_H_
#define TRIBUTARY_TESTS_SUPERVISOR_SYNC_FAKE_WORKER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "supervisor/pool/worker.h"

namespace tributary::tests {

// Its version of the source, in everything that it writes.
inline constexpr char kVersion[] = "one";

class FakeRing final : public FrameSource, public std::enable_shared_from_this<FakeRing> {
 public:
  void Write(FrameType type, std::uint32_t assignment, std::string payload);

  std::size_t frames() const { return frames_.size(); }

  absl::StatusOr<std::optional<Frame>> Next() override;
  bool ArmDoorbell() override { return frames_.empty(); }
  absl::Status Detach() override {
    ++detached_;
    return absl::OkStatus();
  }
  int detached() const { return detached_; }
  void PauseThrough(std::uint32_t id) override { paused_through_ = id; }
  std::uint32_t paused_through() const override { return paused_through_; }
  std::size_t bytes_held() const override { return bytes_held_; }
  // A new value at each call; after StopPulse it changes once more and then never again.
  std::uint64_t pulse() const override { return beats_ ? ++pulse_ : pulse_; }
  void StopPulse() {
    ++pulse_;
    beats_ = false;
  }
  std::weak_ptr<const void> lifetime() const override { return weak_from_this(); }

  void set_bytes_held(std::size_t bytes) { bytes_held_ = bytes; }

 private:
  std::deque<Frame> frames_;
  std::uint32_t paused_through_ = 0;
  std::size_t bytes_held_ = 0;
  int detached_ = 0;
  bool beats_ = true;
  mutable std::uint64_t pulse_ = 0;
};

class FakeWorker final : public Worker {
 public:
  using Script = std::function<void(const Assignment&, FakeWorker&)>;
  explicit FakeWorker(Script script) : script_(std::move(script)) {}

  // All frames of a correct read; the functions below write one frame each.
  void ReadAll(const Assignment& read, const std::string& batch);
  void Open(std::uint32_t assignment);
  void MarkAt(std::uint32_t assignment, const std::string& at);
  void Done(std::uint32_t assignment);
  void Failed(std::uint32_t assignment, absl::StatusCode why);
  void AnswerDescribe(std::uint32_t assignment, const Catalog& catalog);
  // An answer without slices: each table is read in one piece.
  void AnswerCut(std::uint32_t assignment);

  std::string End(std::optional<WorkerEnd>) override {
    alive_ = false;
    return "ended";
  }
  bool alive() const override { return alive_; }
  absl::Status Send(const Assignment& assignment) override;
  absl::Status Steer(const FollowOrder&) override { return absl::OkStatus(); }
  absl::Status Look() override;
  void Wait(std::chrono::milliseconds) override {}
  pollfd Awaited() const override { return {-1, 0, 0}; }
  FakeRing& ring() override { return *ring_; }
  // Expires when the worker and all its frames are destroyed.
  std::weak_ptr<FakeRing> RingWhileItIs() const { return ring_; }

 private:
  Script script_;
  bool alive_ = true;
  std::shared_ptr<FakeRing> ring_ = std::make_shared<FakeRing>();
};

// A pool calls this for each worker that it starts, in order.
StartWorker StartFakes(std::function<FakeWorker::Script(int number)> script_of);

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_SYNC_FAKE_WORKER_H_
