// A client that breaks the rules of HTTP/2 as a test wants: it ignores limits and settings, and
// does not wait for anything. Shares no code with gRPC.
#ifndef TRIBUTARY_TESTS_OPERATOR_HTTP2_CLIENT_H_
#define TRIBUTARY_TESTS_OPERATOR_HTTP2_CLIENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/file_descriptor.h"

namespace tributary::tests {

struct Http2Frame {
  enum Type : std::uint8_t {
    kData = 0,
    kHeaders = 1,
    kResetStream = 3,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7,
    kWindowUpdate = 8,
    kContinuation = 9,
  };
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;

  // For headers and data: this frame ends the stream.
  bool ends_stream() const { return (flags & 1) != 0; }
};

class Http2Client {
 public:
  // Connects to this port of this machine, if possible.
  explicit Http2Client(const std::string& port);

  bool connected() const { return socket_.valid(); }
  // What each client sends first.
  void Greet();
  // The beginning of a call, with an extra header of this many bytes.
  void Call(std::uint32_t stream, const std::string& path, std::size_t header_bytes = 0);
  // A gRPC message that announces `announced` bytes, and `bytes` as its content; the last message
  // ends the client's side of the stream.
  void Message(std::uint32_t stream, const std::string& bytes, std::uint32_t announced,
               bool last = true);
  // A message of this many bytes, sent as fast as the server accepts it. False: the server has
  // ended the call or the connection before the message's end.
  bool LargeMessage(std::uint32_t stream, std::uint32_t bytes);
  // Calls grpc.health.v1 on this stream: Check gets one answer, Watch gets answers as long as the
  // call is open.
  void CheckHealth(std::uint32_t stream);
  void WatchHealth(std::uint32_t stream);

  // The next frame; settings and pings are answered before it is returned. Nothing: the connection
  // has ended, or nothing arrived for a long time.
  std::optional<Http2Frame> Next();
  // The next frame of this type.
  std::optional<Http2Frame> Next(Http2Frame::Type type);
  // Waits until the server has closed the connection, and sends nothing; false: it does not close
  // it.
  bool AwaitEnd();

 private:
  void Send(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
            const std::string& payload);
  bool Fill(std::size_t bytes);

  void TakeWindow(const Http2Frame& frame, std::uint32_t stream);

  FileDescriptor socket_;
  // What the server still takes: of the connection, and of the stream of LargeMessage.
  std::int64_t connection_window_ = 65535;
  std::int64_t first_window_ = 65535;
  std::int64_t stream_window_ = 0;
  std::string received_;
  bool ended_ = false;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_OPERATOR_HTTP2_CLIENT_H_
