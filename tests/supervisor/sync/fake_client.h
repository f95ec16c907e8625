// A client that takes everything at once, or temporarily nothing.
#ifndef TRIBUTARY_TESTS_SUPERVISOR_SYNC_FAKE_CLIENT_H_
#define TRIBUTARY_TESTS_SUPERVISOR_SYNC_FAKE_CLIENT_H_

#include <string>
#include <vector>

#include "common/limits.h"
#include "supervisor/delivery/message_writer.h"

namespace tributary::tests {

class FakeClient final : public MessageWriter {
 public:
  void OnProgress(std::function<void()>) override {}
  bool WantProgress(std::size_t) override { return takes_nothing_; }
  void Write(std::string_view bytes, Hold) override {
    messages_.emplace_back(bytes);
    sent_bytes_ += bytes.size();
  }
  void Send() override {}
  std::size_t pending_bytes() const override {
    return takes_nothing_ ? limits::kWriteWindowBytes : 0;
  }
  std::uint64_t sent_messages() const override { return messages_.size(); }
  std::uint64_t sent_bytes() const override { return sent_bytes_; }
  bool client_gone() const override { return false; }

  void TakeNothing(bool nothing) { takes_nothing_ = nothing; }
  const std::vector<std::string>& messages() const { return messages_; }

 private:
  std::vector<std::string> messages_;
  std::uint64_t sent_bytes_ = 0;
  bool takes_nothing_ = false;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_SUPERVISOR_SYNC_FAKE_CLIENT_H_
