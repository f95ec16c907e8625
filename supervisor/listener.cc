#include "supervisor/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

absl::Status CannotListen(std::uint16_t port) {
  return absl::FailedPreconditionError(absl::StrCat("serve gRPC: cannot listen on port ", port,
                                                    ": ", std::strerror(errno),
                                                    "; choose another --port"));
}

// Both versions of IP on one socket, or IPv4 alone if the host has no IPv6.
FileDescriptor BoundSocket(std::uint16_t port) {
  constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  constexpr int kOn = 1;
  constexpr int kOff = 0;
  FileDescriptor socket(::socket(AF_INET6, kType, 0));
  sockaddr_in6 both{};
  both.sin6_family = AF_INET6;
  both.sin6_addr = in6addr_any;
  both.sin6_port = htons(port);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  const bool has_six = socket.valid() && ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY,
                                                      &kOff, sizeof(kOff)) == 0;
  if (!has_six) socket = FileDescriptor(::socket(AF_INET, kType, 0));
  if (!socket.valid()) return socket;
  // A restarted connector need not wait for the connections of the previous one.
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof(kOn));
  const bool bound =
      has_six ? ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&both), sizeof(both)) == 0
              : ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&four), sizeof(four)) == 0;
  return bound && ::listen(socket.get(), SOMAXCONN) == 0 ? std::move(socket) : FileDescriptor(-1);
}

// No descriptor or no memory: this is temporary, and the client waits meanwhile.
bool Passes(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Listen(std::uint16_t port,
                                                           std::chrono::milliseconds unacknowledged,
                                                           const Logger& log) {
  FileDescriptor socket = BoundSocket(port);
  if (!socket.valid()) return CannotListen(port);
  FileDescriptor stop(::eventfd(0, EFD_CLOEXEC));
  sockaddr_in6 address{};
  socklen_t bytes = sizeof(address);
  if (!stop.valid() ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &bytes) != 0) {
    return CannotListen(port);
  }
  std::unique_ptr<Listener> listener(
      new Listener(std::move(socket), std::move(stop), unacknowledged, log));
  // The port is at the same offset for both versions.
  listener->port_ = ntohs(address.sin6_port);
  return listener;
}

Listener::Listener(FileDescriptor socket, FileDescriptor stop,
                   std::chrono::milliseconds unacknowledged, Logger log)
    : socket_(std::move(socket)),
      stop_(std::move(stop)),
      unacknowledged_(unacknowledged),
      log_(std::move(log)) {}

void Listener::Start(std::unique_ptr<Acceptor> acceptor) {
  acceptor_ = std::move(acceptor);
  thread_ = std::thread([this] { Run(); });
}

void Listener::Stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto put = ::write(stop_.get(), &one, sizeof(one));
  thread_.join();
}

void Listener::Run() {
  pthread_setname_np(pthread_self(), "listener");
  std::vector<pollfd> fds;
  for (;;) {
    // A connection that could not be accepted is still in the queue, so poll would return at once:
    // only time passes here.
    const bool listens = !out_of_room_ && !full();
    fds = {{stop_.get(), POLLIN, 0}, {socket_.get(), static_cast<short>(listens ? POLLIN : 0), 0}};
    // Only a hang-up is waited for, and poll reports it without being asked.
    for (const FileDescriptor& one : open_) fds.push_back({one.get(), 0, 0});
    const auto again = static_cast<int>(limits::kAcceptAgainAfter.count());
    ::poll(fds.data(), fds.size(), out_of_room_ ? again : -1);
    if ((fds[0].revents & POLLIN) != 0) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (fds[i + 2].revents == 0) std::swap(open_[kept++], open_[i]);
    }
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(kept), open_.end());
    Take();
  }
}

void Listener::Take() {
  while (!full()) {
    const int taken = ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (taken < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      const bool lacks_room = Passes(errno);
      if (lacks_room && !out_of_room_) {
        log_.Warning("a client has to wait until its connection can be accepted",
                     {{log_key::kError, std::strerror(errno)},
                      {log_key::kHint, "raise the open-files limit"}});
      }
      out_of_room_ = lacks_room;
      return;
    }
    out_of_room_ = false;
    constexpr int kOn = 1;
    const auto patience = static_cast<unsigned>(unacknowledged_.count());
    ::setsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof(kOn));
    ::setsockopt(taken, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience));
    FileDescriptor copy(::fcntl(taken, F_DUPFD_CLOEXEC, 0));
    if (copy.valid()) open_.push_back(std::move(copy));
    Acceptor::NewConnectionParameters connection;
    connection.listener_fd = socket_.get();
    connection.fd = taken;
    acceptor_->HandleNewConnection(&connection);
  }
  if (full() && !std::exchange(told_full_, true)) {
    log_.Warning("the limit of connections is reached; further clients have to wait",
                 {{"connections", absl::StrCat(open_.size())}});
  }
}

}  // namespace tributary
