// One end of the control socket between the supervisor and a worker: protobuf
// messages, each preceded by its length in four bytes, little endian. They go to the worker only; a
// worker's reports come through its ring.
//
// Nothing here blocks but Wait. Not thread-safe.
#ifndef TRIBUTARY_COMMON_CONTROL_CHANNEL_H_
#define TRIBUTARY_COMMON_CONTROL_CHANNEL_H_

#include <google/protobuf/message_lite.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/file_descriptor.h"

namespace tributary {

class ControlChannel {
 public:
  // Two connected sockets, close-on-exec.
  static absl::StatusOr<std::pair<FileDescriptor, FileDescriptor>> MakePair();

  explicit ControlChannel(FileDescriptor socket);

  // Takes the message and sends what the socket accepts at once. UNAVAILABLE:
  // the peer is gone.
  absl::Status Send(const google::protobuf::MessageLite& message);
  // Sends what is left of earlier messages.
  absl::Status Flush();
  bool has_unsent() const { return !out_.empty(); }

  // Parses the next message into `message`, if all of it has come: true. It may have
  // limits::kMaxControlMessageBytes.
  // UNAVAILABLE: the peer is gone. INVALID_ARGUMENT: the channel is broken.
  absl::StatusOr<bool> Receive(google::protobuf::MessageLite& message);
  // For the end that only sends. UNAVAILABLE: the peer is gone. INVALID_ARGUMENT: the peer has
  // written something.
  absl::Status CheckSilence();

  // Until there is something to receive, or to send while something is unsent, or
  // `timeout` has passed.
  void Wait(std::chrono::milliseconds timeout);

  int fd() const { return socket_.get(); }

 private:
  // The bytes of the next message, if all of them have come; they stay until the
  // next call.
  absl::StatusOr<std::optional<std::string_view>> Next();

  FileDescriptor socket_;
  // Messages of which bytes are unsent. Each is freed on its own, since there may always be some.
  std::deque<std::string> out_;
  // Of the first of them.
  std::size_t sent_ = 0;
  std::string in_;
  std::size_t taken_ = 0;
  bool peer_gone_ = false;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_CONTROL_CHANNEL_H_
