// A client that speaks HTTP/2 as badly as a test likes: it counts nothing, waits for
// nothing, and asks for nothing that the server allows. Shares no code with gRPC.
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

  // Of headers and data: the stream ends with it.
  bool ends_stream() const { return (flags & 1) != 0; }
};

class Http2Client {
 public:
  // Connected to that port of this machine, unless it cannot be.
  explicit Http2Client(const std::string& port);

  bool connected() const { return socket_.valid(); }
  // What every client says first.
  void Greet();
  // The beginning of a call, with a header of that many bytes beside the usual ones.
  void Call(std::uint32_t stream, const std::string& path, std::size_t header_bytes = 0);
  // A gRPC message that says it has `announced` bytes, with what there is of it; the client
  // has no more to say after the last one.
  void Message(std::uint32_t stream, const std::string& bytes, std::uint32_t announced,
               bool last = true);
  // A message of that many bytes, as fast as the server takes it. False: the server has ended
  // the call or the connection before it had all of it.
  bool LargeMessage(std::uint32_t stream, std::uint32_t bytes);
  // grpc.health.v1 on that stream: one answer, or answers for as long as the call is open.
  void CheckHealth(std::uint32_t stream);
  void WatchHealth(std::uint32_t stream);

  // The next frame; settings and pings are answered before it is given. Nothing: the
  // connection has ended, or nothing came for long.
  std::optional<Http2Frame> Next();
  // The next of one type.
  std::optional<Http2Frame> Next(Http2Frame::Type type);
  // Until the server has ended the connection, with nothing said to it; false: it does not.
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
