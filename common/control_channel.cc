#include "common/control_channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kReadBytes = 64 * limits::kKiB;

absl::Status PeerGone() {
  return absl::UnavailableError("control socket: the process at the other end is gone");
}

}  // namespace

absl::StatusOr<std::pair<FileDescriptor, FileDescriptor>> ControlChannel::MakePair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("make control socket: ", std::strerror(errno),
                                                     "; raise the open-files limit"));
  }
  return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

ControlChannel::ControlChannel(FileDescriptor socket) : socket_(std::move(socket)) {
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

absl::Status ControlChannel::Send(const google::protobuf::MessageLite& message) {
  const std::size_t bytes = message.ByteSizeLong();
  if (bytes > limits::kMaxControlMessageBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("send on control socket: a message of ", bytes, " bytes is over the limit of ",
                     limits::kMaxControlMessageBytes, "; select fewer tables or columns"));
  }
  const auto length = static_cast<std::uint32_t>(bytes);
  std::string& out = out_.emplace_back();
  out.reserve(kLengthBytes + bytes);
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    out.push_back(static_cast<char>(length >> (8 * i)));
  }
  message.AppendToString(&out);
  return Flush();
}

absl::Status ControlChannel::Flush() {
  while (!out_.empty()) {
    const std::string& first = out_.front();
    const ssize_t put =
        ::send(socket_.get(), first.data() + sent_, first.size() - sent_, MSG_NOSIGNAL);
    if (put > 0) {
      sent_ += static_cast<std::size_t>(put);
      if (sent_ < first.size()) continue;
      out_.pop_front();
      sent_ = 0;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return absl::OkStatus();
    } else if (errno != EINTR) {
      return PeerGone();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ControlChannel::Receive(google::protobuf::MessageLite& message) {
  const auto bytes = Next();
  if (!bytes.ok()) return bytes.status();
  if (!bytes->has_value()) return false;
  if (message.ParseFromArray((*bytes)->data(), static_cast<int>((*bytes)->size()))) return true;
  return absl::InvalidArgumentError("control socket: bytes that are not a message");
}

absl::Status ControlChannel::CheckSilence() {
  char byte = 0;
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), &byte, sizeof(byte), MSG_DONTWAIT);
    if (got > 0) return absl::InvalidArgumentError("it wrote on its control socket");
    if (got == 0) return PeerGone();
    if (errno == EAGAIN || errno == EWOULDBLOCK) return absl::OkStatus();
    if (errno != EINTR) return PeerGone();
  }
}

absl::StatusOr<std::optional<std::string_view>> ControlChannel::Next() {
  for (;;) {
    const std::size_t held = in_.size() - taken_;
    if (held >= kLengthBytes) {
      std::uint32_t length = 0;
      for (std::size_t i = 0; i < kLengthBytes; ++i) {
        length |= static_cast<std::uint32_t>(static_cast<unsigned char>(in_[taken_ + i]))
                  << (8 * i);
      }
      if (length > limits::kMaxControlMessageBytes) {
        return absl::InvalidArgumentError(absl::StrCat("control socket: a message claims ", length,
                                                       " bytes, and the limit is ",
                                                       limits::kMaxControlMessageBytes));
      }
      if (held >= kLengthBytes + length) {
        const std::size_t begin = taken_ + kLengthBytes;
        taken_ = begin + length;
        return std::string_view(in_).substr(begin, length);
      }
    }
    if (peer_gone_) return PeerGone();
    in_.erase(0, std::exchange(taken_, 0));
    const std::size_t before = in_.size();
    in_.resize(before + kReadBytes);
    const ssize_t got = ::recv(socket_.get(), in_.data() + before, kReadBytes, 0);
    const int error = errno;
    in_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got > 0 || (got < 0 && error == EINTR)) continue;
    if (got < 0 && (error == EAGAIN || error == EWOULDBLOCK)) return std::nullopt;
    peer_gone_ = true;
  }
}

void ControlChannel::Wait(std::chrono::milliseconds timeout) {
  pollfd wait{socket_.get(), static_cast<short>(has_unsent() ? POLLIN | POLLOUT : POLLIN), 0};
  ::poll(&wait, 1, static_cast<int>(timeout.count()));
}

}  // namespace tributary
