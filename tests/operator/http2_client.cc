#include "tests/operator/http2_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "tests/process/child_process.h"

namespace tributary::tests {
namespace {

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t kHeadBytes = 9;
constexpr std::size_t kMostInFrame = 16384;
constexpr std::uint8_t kAck = 1;
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kEndHeaders = 4;

std::string BigEndian(std::uint32_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(number >> (8 * i)));
  return text;
}

std::uint32_t Number(const std::string& bytes, std::size_t from, std::size_t count) {
  std::uint32_t number = 0;
  for (std::size_t i = from; i < from + count; ++i) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

// An integer of HPACK with a prefix of seven bits, as used for the lengths of strings.
std::string Length(std::size_t length) {
  if (length < 127) return {static_cast<char>(length)};
  std::string text{127};
  for (length -= 127; length >= 128; length >>= 7)
    text.push_back(static_cast<char>(length % 128 + 128));
  text.push_back(static_cast<char>(length));
  return text;
}

// A literal header field that is in no table and is not added to one.
std::string Field(const std::string& name, const std::string& value) {
  return std::string(1, '\0') + Length(name.size()) + name + Length(value.size()) + value;
}

}  // namespace

Http2Client::Http2Client(const std::string& port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    socket_ = FileDescriptor(-1);
  }
}

void Http2Client::Greet() {
  ::send(socket_.get(), kPreface, sizeof(kPreface) - 1, MSG_NOSIGNAL);
  Send(Http2Frame::kSettings, 0, 0, "");
}

void Http2Client::Call(std::uint32_t stream, const std::string& path, std::size_t header_bytes) {
  std::string block = Field(":method", "POST") + Field(":scheme", "http") + Field(":path", path) +
                      Field(":authority", "localhost") + Field("te", "trailers") +
                      Field("content-type", "application/grpc");
  if (header_bytes > 0) block += Field("x-large", std::string(header_bytes, 'x'));
  std::uint8_t type = Http2Frame::kHeaders;
  for (std::size_t from = 0; from < block.size(); from += kMostInFrame) {
    const bool last = from + kMostInFrame >= block.size();
    Send(type, last ? kEndHeaders : 0, stream, block.substr(from, kMostInFrame));
    type = Http2Frame::kContinuation;
  }
}

void Http2Client::Message(std::uint32_t stream, const std::string& bytes, std::uint32_t announced,
                          bool last) {
  Send(Http2Frame::kData, last ? kEndStream : 0, stream,
       std::string(1, '\0') + BigEndian(announced, 4) + bytes);
}

bool Http2Client::LargeMessage(std::uint32_t stream, std::uint32_t bytes) {
  std::uint64_t left = std::uint64_t{bytes} + 5;
  std::string piece = std::string(1, '\0') + BigEndian(bytes, 4) + std::string(kMostInFrame, '\0');
  stream_window_ = first_window_;
  while (left > 0) {
    const std::int64_t window = std::min(connection_window_, stream_window_);
    const std::uint64_t now = std::min<std::uint64_t>(
        {left, kMostInFrame, static_cast<std::uint64_t>(std::max<std::int64_t>(window, 0))});
    if (now > 0) {
      Send(Http2Frame::kData, now == left ? kEndStream : 0, stream, piece.substr(0, now));
      piece.assign(kMostInFrame, '\0');
      connection_window_ -= static_cast<std::int64_t>(now);
      stream_window_ -= static_cast<std::int64_t>(now);
      left -= now;
      continue;
    }
    const auto frame = Next();
    if (!frame.has_value()) return false;
    TakeWindow(*frame, stream);
    if (frame->type == Http2Frame::kGoAway) return false;
    if (frame->stream == stream &&
        (frame->type == Http2Frame::kResetStream || frame->type == Http2Frame::kHeaders)) {
      return false;
    }
  }
  return true;
}

void Http2Client::TakeWindow(const Http2Frame& frame, std::uint32_t stream) {
  if (frame.type != Http2Frame::kWindowUpdate) return;
  (frame.stream == stream ? stream_window_ : connection_window_) += Number(frame.payload, 0, 4);
}

void Http2Client::CheckHealth(std::uint32_t stream) {
  Call(stream, "/grpc.health.v1.Health/Check");
  Message(stream, "", 0);
}

void Http2Client::WatchHealth(std::uint32_t stream) {
  Call(stream, "/grpc.health.v1.Health/Watch");
  Message(stream, "", 0);
}

void Http2Client::Send(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                       const std::string& payload) {
  const std::string frame = BigEndian(static_cast<std::uint32_t>(payload.size()), 3) +
                            static_cast<char>(type) + static_cast<char>(flags) +
                            BigEndian(stream, 4) + payload;
  // If the server has closed the connection, sending fails; this is noticed when reading.
  ::send(socket_.get(), frame.data(), frame.size(), MSG_NOSIGNAL);
}

bool Http2Client::Fill(std::size_t bytes) {
  while (received_.size() < bytes) {
    pollfd wait{socket_.get(), POLLIN, 0};
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
    if (::poll(&wait, 1, static_cast<int>(limit.count())) != 1) return false;
    char buffer[4096];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof(buffer), 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    received_.append(buffer, static_cast<std::size_t>(got));
  }
  return true;
}

std::optional<Http2Frame> Http2Client::Next() {
  if (!Fill(kHeadBytes)) return std::nullopt;
  const std::size_t bytes = Number(received_, 0, 3);
  if (!Fill(kHeadBytes + bytes)) return std::nullopt;
  Http2Frame frame{.type = static_cast<std::uint8_t>(received_[3]),
                   .flags = static_cast<std::uint8_t>(received_[4]),
                   .stream = Number(received_, 5, 4),
                   .payload = received_.substr(kHeadBytes, bytes)};
  received_.erase(0, kHeadBytes + bytes);
  const bool asks = (frame.flags & kAck) == 0;
  // The initial window; these tests do not depend on later changes of it.
  for (std::size_t at = 0; frame.type == Http2Frame::kSettings && at + 6 <= bytes; at += 6) {
    constexpr std::uint32_t kInitialWindow = 4;
    if (Number(frame.payload, at, 2) == kInitialWindow) {
      const std::int64_t window = Number(frame.payload, at + 2, 4);
      stream_window_ += window - std::exchange(first_window_, window);
    }
  }
  if (frame.type == Http2Frame::kSettings && asks) Send(Http2Frame::kSettings, kAck, 0, "");
  if (frame.type == Http2Frame::kPing && asks) Send(Http2Frame::kPing, kAck, 0, frame.payload);
  return frame;
}

std::optional<Http2Frame> Http2Client::Next(Http2Frame::Type type) {
  for (;;) {
    auto frame = Next();
    if (!frame.has_value() || frame->type == type) return frame;
  }
}

bool Http2Client::AwaitEnd() {
  // Nothing that arrives is answered.
  while (Fill(received_.size() + 1)) {
  }
  return ended_;
}

}  // namespace tributary::tests
