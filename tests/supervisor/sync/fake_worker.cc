#include "tests/supervisor/sync/fake_worker.h"

#include <memory>
#include <utility>

namespace tributary::tests {

void FakeRing::Write(FrameType type, std::uint32_t assignment, std::string payload) {
  const auto bytes = std::make_shared<const std::string>(std::move(payload));
  frames_.push_back({.type = type,
                     .assignment = assignment,
                     .records = type == FrameType::kBatch ? 1u : 0u,
                     .payload = *bytes,
                     .compact = {},
                     .hold = bytes});
}

absl::StatusOr<std::optional<Frame>> FakeRing::Next() {
  if (frames_.empty()) return std::nullopt;
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  // Like a frame of a real ring, it keeps the ring alive.
  frame.hold = std::make_shared<std::pair<std::shared_ptr<FakeRing>, Hold>>(shared_from_this(),
                                                                            std::move(frame.hold));
  return frame;
}

void FakeWorker::ReadAll(const Assignment& read, const std::string& batch) {
  Open(read.id());
  ring_->Write(FrameType::kBatch, read.id(), batch);
  MarkAt(read.id(), read.read().range().to());
  Done(read.id());
}

void FakeWorker::Open(std::uint32_t assignment) {
  Opened opened;
  opened.set_content(kVersion);
  ring_->Write(FrameType::kOpened, assignment, opened.SerializeAsString());
}

void FakeWorker::MarkAt(std::uint32_t assignment, const std::string& at) {
  Mark mark;
  mark.set_at(at);
  ring_->Write(FrameType::kMark, assignment, mark.SerializeAsString());
}

void FakeWorker::Done(std::uint32_t assignment) {
  AssignmentEnd end;
  end.set_outcome(AssignmentEnd::DONE);
  ring_->Write(FrameType::kEnd, assignment, end.SerializeAsString());
}

void FakeWorker::Failed(std::uint32_t assignment, absl::StatusCode why) {
  AssignmentEnd end;
  end.set_outcome(AssignmentEnd::FAILED);
  end.mutable_failure()->set_code(static_cast<int>(why));
  ring_->Write(FrameType::kEnd, assignment, end.SerializeAsString());
}

void FakeWorker::AnswerCut(std::uint32_t assignment) {
  Answer page;
  page.mutable_slices();
  ring_->Write(FrameType::kAnswer, assignment, page.SerializeAsString());
  Done(assignment);
}

void FakeWorker::AnswerDescribe(std::uint32_t assignment, const Catalog& catalog) {
  Answer page;
  *page.mutable_catalog() = catalog;
  ring_->Write(FrameType::kAnswer, assignment, page.SerializeAsString());
  Done(assignment);
}

absl::Status FakeWorker::Send(const Assignment& assignment) {
  if (!alive_) return absl::UnavailableError("gone");
  script_(assignment, *this);
  return absl::OkStatus();
}

absl::Status FakeWorker::Look() {
  return alive_ ? absl::OkStatus() : absl::UnavailableError("gone");
}

StartWorker StartFakes(std::function<FakeWorker::Script(int number)> script_of) {
  return [script_of = std::move(script_of), started = std::make_shared<int>(0)](
             int, const Opening&, Metrics&) -> absl::StatusOr<std::unique_ptr<Worker>> {
    return std::make_unique<FakeWorker>(script_of((*started)++));
  };
}

}  // namespace tributary::tests
