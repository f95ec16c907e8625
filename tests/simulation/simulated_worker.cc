#include "tests/simulation/simulated_worker.h"

#include <utility>

namespace tributary::simulation {

void SimulatedWorker::Kill() {
  alive_ = false;
  Died();
}

std::string SimulatedWorker::End(std::optional<WorkerEnd>) {
  Kill();
  return "killed by the simulation";
}

absl::Status SimulatedWorker::Send(const Assignment& assignment) {
  if (!alive_) return absl::UnavailableError("the worker is gone");
  queue_.push_back(assignment);
  return absl::OkStatus();
}

absl::Status SimulatedWorker::Look() {
  return alive_ ? absl::OkStatus() : absl::UnavailableError("the worker is gone");
}

absl::StatusOr<std::optional<Frame>> SimulatedWorker::Next() {
  if (ring_.empty()) return std::nullopt;
  const auto published = std::make_shared<Published>(std::move(ring_.front()));
  ring_.pop_front();
  Given(*published);
  return Frame{.type = published->type,
               .assignment = published->assignment,
               .records = 1,
               .payload = published->payload,
               .compact = {},
               .hold = published};
}

void SimulatedWorker::Step() {
  if (!alive_ || queue_.empty()) return;
  const Assignment assignment = queue_.front();
  Work(assignment);
}

// Sometimes in two frames, between which the worker may be killed.
void SimulatedWorker::PublishBatch(std::uint32_t assignment, std::string bytes) {
  if (OneIn(random(), 8)) {
    const std::size_t part = 1 + Below(random(), bytes.size() - 1);
    Publish(FrameType::kPart, assignment, bytes.substr(0, part));
    bytes.erase(0, part);
    if (world_.faults().workers_die && OneIn(random(), 20)) return Kill();
  }
  Publish(FrameType::kBatch, assignment, std::move(bytes));
}

void SimulatedWorker::EndAssignment(std::uint32_t assignment, const AssignmentEnd& end) {
  Publish(FrameType::kEnd, assignment, end.SerializeAsString());
  queue_.pop_front();
}

void SimulatedWorker::EndAssignment(std::uint32_t assignment, AssignmentEnd::Outcome outcome) {
  AssignmentEnd end;
  end.set_outcome(outcome);
  EndAssignment(assignment, end);
}

}  // namespace tributary::simulation
