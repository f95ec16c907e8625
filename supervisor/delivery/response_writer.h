// Writes messages to one Update call, in order and one at a time, without copying
// them: gRPC gets slices that point at the bytes and releases them when they have been sent.
//
// Write, Finish and the counters belong to the sync's thread; the On… calls are
// gRPC's. It frees itself when gRPC is done with it.
#ifndef TRIBUTARY_SUPERVISOR_DELIVERY_RESPONSE_WRITER_H_
#define TRIBUTARY_SUPERVISOR_DELIVERY_RESPONSE_WRITER_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "supervisor/delivery/message_writer.h"

namespace tributary {

class ResponseWriter final : public MessageWriter,
                             public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  static std::shared_ptr<ResponseWriter> Make();

  // `first` is called once the first message has left. Set before the first Write.
  void OnFirst(std::function<void()> first) { first_ = std::move(first); }
  void OnProgress(std::function<void()> progress) override;
  bool WantProgress(std::size_t bytes) override;
  void Write(std::string_view bytes, Hold hold) override;
  void Send() override;
  // Ends the call once everything is written, or at once if the client is gone. Nothing is written
  // afterwards.
  void Finish(const grpc::Status& status);

  std::size_t pending_bytes() const override {
    return pending_bytes_.load(std::memory_order_acquire);
  }
  std::uint64_t sent_messages() const override {
    return sent_messages_.load(std::memory_order_relaxed);
  }
  std::uint64_t sent_bytes() const override { return sent_bytes_.load(std::memory_order_relaxed); }
  bool client_gone() const override { return client_gone_.load(std::memory_order_acquire); }

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  ResponseWriter() = default;
  // Starts the operations that may start now; never under the lock, because gRPC may call back
  // before a start returns.
  void Start(std::unique_lock<std::mutex> lock);
  void Progress();

  std::shared_ptr<ResponseWriter> self_;
  std::mutex mutex_;
  std::function<void()> progress_;
  std::function<void()> first_;
  std::deque<grpc::ByteBuffer> queue_;
  grpc::ByteBuffer writing_;
  bool is_writing_ = false;
  bool wrote_any_ = false;
  bool finished_ = false;
  std::optional<grpc::Status> finish_;
  std::atomic<std::size_t> pending_bytes_{0};
  // What WantProgress asked for; 0 for nothing.
  std::atomic<std::size_t> progress_below_{0};
  std::atomic<std::uint64_t> sent_messages_{0};
  std::atomic<std::uint64_t> sent_bytes_{0};
  std::atomic<bool> client_gone_{false};
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_DELIVERY_RESPONSE_WRITER_H_
