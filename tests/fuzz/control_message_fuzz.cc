// Any bytes on the control socket, in any pieces: messages within their bounds, or a
// broken channel.
// The first byte is the size of a piece.
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
// Few enough for inputs to come to them.
constexpr AnswerBounds kBounds{.bytes = 4096, .elements = 64};

void Require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

// As many as were parsed; of a submessage that came twice, one.
std::size_t Elements(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  Require(reflection.GetUnknownFields(message).empty(), "nothing is kept that is not known");
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::size_t elements = 0;
  for (const google::protobuf::FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    const bool nested = field->message_type() != nullptr;
    if (nested || field->is_repeated()) elements += static_cast<std::size_t>(count);
    for (int i = 0; nested && i < count; ++i) {
      elements += Elements(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                                : reflection.GetMessage(message, field));
    }
  }
  return elements;
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
    FromWorker message;
    for (;;) {
      const auto received = channel.Receive(message, kBounds);
      if (received.ok() && *received) {
        Require(message.ByteSizeLong() <= kBounds.bytes, "a message is not larger than it may be");
        Require(Elements(message) <= kBounds.elements, "no more elements than there may be");
        continue;
      }
      over = !received.ok();
      Require(!over || absl::IsInvalidArgument(received.status()) ||
                  absl::IsUnavailable(received.status()),
              "a channel ends broken or by its peer");
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
