#include "supervisor/delivery/response_writer.h"

#include <utility>

namespace tributary {
namespace {

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
  const std::lock_guard lock(mutex_);
  queue_.emplace_back(&slice, 1);
}

void ResponseWriter::Send() { Start(std::unique_lock(mutex_)); }

bool ResponseWriter::WantProgress(std::size_t bytes) {
  progress_below_.store(bytes, std::memory_order_seq_cst);
  if (pending_bytes_.load(std::memory_order_seq_cst) >= bytes) return true;
  progress_below_.store(0, std::memory_order_relaxed);
  return false;
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
    // If another message follows, this one need not be flushed to the socket. The first message
    // carries the call's metadata; gRPC reports such a write only when it has left, and with the
    // buffer hint it would wait for the next message.
    grpc::WriteOptions options;
    if (!queue_.empty() && std::exchange(wrote_any_, true)) options.set_buffer_hint();
    lock.unlock();
    StartWrite(&writing_, options);
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
    if (sent_messages_.fetch_add(1, std::memory_order_relaxed) == 0 && first_) first_();
    sent_bytes_.fetch_add(writing_.Length(), std::memory_order_relaxed);
  }
  // Called before the bytes count as written.
  const bool lost = !ok && !client_gone_.exchange(true, std::memory_order_acq_rel);
  const std::size_t left =
      pending_bytes_.fetch_sub(writing_.Length(), std::memory_order_seq_cst) - writing_.Length();
  writing_.Clear();
  Start(std::move(lock));
  const bool wanted = left < progress_below_.load(std::memory_order_seq_cst) &&
                      progress_below_.exchange(0, std::memory_order_relaxed) != 0;
  if (lost || wanted) Progress();
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
