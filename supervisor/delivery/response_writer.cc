#include "supervisor/delivery/response_writer.h"

#include <utility>

#include "common/limits.h"

namespace tributary {
namespace {

// The sync is woken when half of its window is free again.
constexpr std::size_t kProgressBelowBytes = limits::kWriteWindowBytes / 2;

void LetGo(void* hold) { delete static_cast<Hold*>(hold); }

}  // namespace

std::shared_ptr<ResponseWriter> ResponseWriter::Make() {
  std::shared_ptr<ResponseWriter> writer(new ResponseWriter);
  writer->self_ = writer;
  return writer;
}

void ResponseWriter::OnProgress(std::function<void()> progress) {
  const std::lock_guard lock(mutex_);
  progress_ = std::move(progress);
}

void ResponseWriter::Write(std::string_view bytes, Hold hold) {
  // gRPC takes the bytes as they are; it never writes to them.
  grpc::Slice slice(const_cast<char*>(bytes.data()), bytes.size(), &LetGo,
                    new Hold(std::move(hold)));
  pending_bytes_.fetch_add(bytes.size(), std::memory_order_acq_rel);
  std::unique_lock lock(mutex_);
  queue_.emplace_back(&slice, 1);
  Start(std::move(lock));
}

void ResponseWriter::Finish(const grpc::Status& status) {
  std::unique_lock lock(mutex_);
  finish_ = status;
  Start(std::move(lock));
}

void ResponseWriter::Start(std::unique_lock<std::mutex> lock) {
  if (is_writing_ || finished_) return;
  if (client_gone()) queue_.clear();
  if (!queue_.empty()) {
    is_writing_ = true;
    writing_.Swap(&queue_.front());
    queue_.pop_front();
    lock.unlock();
    StartWrite(&writing_);
  } else if (finish_.has_value()) {
    finished_ = true;
    const grpc::Status status = *finish_;
    lock.unlock();
    grpc::ServerWriteReactor<grpc::ByteBuffer>::Finish(status);
  }
}

void ResponseWriter::OnWriteDone(bool ok) {
  std::unique_lock lock(mutex_);
  is_writing_ = false;
  if (ok) {
    sent_messages_.fetch_add(1, std::memory_order_relaxed);
    sent_bytes_.fetch_add(writing_.Length(), std::memory_order_relaxed);
  }
  const std::size_t left =
      pending_bytes_.fetch_sub(writing_.Length(), std::memory_order_acq_rel) - writing_.Length();
  writing_.Clear();
  const bool lost = !ok && !client_gone_.exchange(true, std::memory_order_acq_rel);
  Start(std::move(lock));
  if (lost || left < kProgressBelowBytes) Progress();
}

void ResponseWriter::OnCancel() {
  client_gone_.store(true, std::memory_order_release);
  Progress();
}

void ResponseWriter::Progress() {
  const std::lock_guard lock(mutex_);
  if (progress_) progress_();
}

void ResponseWriter::OnDone() {
  std::unique_lock lock(mutex_);
  queue_.clear();
  progress_ = nullptr;
  const auto self = std::move(self_);
  lock.unlock();
}

}  // namespace tributary
