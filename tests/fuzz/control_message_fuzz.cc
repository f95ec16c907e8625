// Any bytes on the control socket, in any pieces: they give messages, or the channel breaks. The
// first byte is the size of a piece.
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "common/control_channel.h"
#include "proto/worker.pb.h"

namespace tributary {
namespace {

constexpr std::size_t kMostBytes = 64 * 1024;

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

void Check(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > kMostBytes) return;
  auto ends = ControlChannel::MakePair();
  Require(ends.ok(), "there are sockets");
  ControlChannel channel(std::move(ends->first));
  const std::size_t piece = 1 + data[0];
  std::size_t at = 1;
  bool over = false;
  while (!over) {
    if (at < size) {
      const std::size_t sent = std::min(piece, size - at);
      Require(
          ::send(ends->second.get(), data + at, sent, MSG_NOSIGNAL) == static_cast<ssize_t>(sent),
          "the socket takes a piece");
      at += sent;
    } else {
      ends->second.Close();
    }
    ToWorker message;
    for (;;) {
      const auto received = channel.Receive(message);
      if (received.ok() && *received) {
        Require(message.ByteSizeLong() <= kMostBytes,
                "a message is not larger than the bytes received");
        continue;
      }
      over = !received.ok();
      Require(!over || absl::IsInvalidArgument(received.status()) ||
                  absl::IsUnavailable(received.status()),
              "a channel ends by breaking or by its peer's end");
      break;
    }
  }
}

}  // namespace
}  // namespace tributary

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tributary::Check(data, size);
  return 0;
}
