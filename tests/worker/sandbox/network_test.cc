// Sockets: none for a source that is a file, client sockets for a source that is a server.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "common/file_descriptor.h"
#include "common/limits.h"
#include "common/worker_start.h"
#include "tests/worker/sandbox/attempts.h"
#include "worker/sandbox/landlock.h"

namespace tributary {
namespace {

sockaddr_in Loopback(in_port_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

SourceNeeds ServerOn(in_port_t port) { return {.tcp_ports = {port}}; }

// A socket that listens on a free port of this host.
class Listener {
 public:
  Listener() {
    sockaddr_in any = Loopback(0);
    socklen_t length = sizeof(any);
    auto* address = reinterpret_cast<sockaddr*>(&any);
    if (::bind(socket_.get(), address, length) != 0 || ::listen(socket_.get(), 4) != 0 ||
        ::getsockname(socket_.get(), address, &length) != 0) {
      std::abort();
    }
    port_ = ntohs(any.sin_port);
  }
  in_port_t port() const { return port_; }

 private:
  const FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  in_port_t port_ = 0;
};

class NetworkTest : public testing::Test {
 protected:
  static long Connect(int socket, in_port_t port) {
    const sockaddr_in to = Loopback(port);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }
  static long Bind(int socket) {
    const sockaddr_in to = Loopback(0);
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }

  const Listener listener_;
  const in_port_t port_ = listener_.port();
};

TEST_F(NetworkTest, SourceThatIsAFileGetsNoSocketOfAnyKind) {
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              const FileDescriptor early(::socket(AF_INET, SOCK_STREAM, 0));
              complaints.Check(EnterSandbox({}, {}).ok(), "entered");
              complaints.Refused("tcp", ::socket(AF_INET, SOCK_STREAM, 0));
              complaints.Refused("tcp 6", ::socket(AF_INET6, SOCK_STREAM, 0));
              complaints.Refused("udp", ::socket(AF_INET, SOCK_DGRAM, 0));
              complaints.Refused("unix", ::socket(AF_UNIX, SOCK_STREAM, 0));
              complaints.Refused("netlink", ::socket(AF_NETLINK, SOCK_RAW, 0));
              int pair[2];
              complaints.Refused("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
              // Nor with a socket from before the sandbox.
              complaints.Refused("connect", Connect(early.get(), port_));
              complaints.Refused("bind", Bind(early.get()));
              complaints.Refused("listen", ::listen(early.get(), 1));
            }),
            "");
}

TEST_F(NetworkTest, SocketThatIsOpenAlreadyStillTalks) {
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              int pair[2];
              complaints.Succeeds("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
              complaints.Check(EnterSandbox({}, {}).ok(), "entered");
              char byte = 'x';
              complaints.Succeeds("send", ::send(pair[0], &byte, 1, MSG_NOSIGNAL));
              complaints.Succeeds("recv", ::recv(pair[1], &byte, 1, 0));
            }),
            "");
}

TEST_F(NetworkTest, SourceThatIsAServerConnectsAndDoesNothingElse) {
  const bool landlock = LandlockAbi() > 0;
  EXPECT_EQ(ComplaintsInSandbox(
                ServerOn(port_),
                [&](Complaints& complaints) {
                  const FileDescriptor client(::socket(AF_INET, SOCK_STREAM, 0));
                  complaints.Succeeds("connect", Connect(client.get(), port_));
                  const FileDescriptor other(::socket(AF_INET6, SOCK_DGRAM, 0));
                  complaints.Check(other.valid(), "udp");
                  const FileDescriptor server(::socket(AF_INET, SOCK_STREAM, 0));
                  complaints.Refused("bind", Bind(server.get()));
                  complaints.Refused("listen", ::listen(server.get(), 1));
                  complaints.Refused("accept", ::accept(server.get(), nullptr, nullptr));
                  complaints.Refused("unix", ::socket(AF_UNIX, SOCK_STREAM, 0));
                  int pair[2];
                  complaints.Refused("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
                  if (landlock) {
                    complaints.Refused("read", TryOpen("/etc/passwd", O_RDONLY), {EACCES});
                  }
                }),
            "");
}

TEST_F(NetworkTest, OnlyTcpAndUdpAreSpoken) {
  const struct {
    const char* what;
    int family;
    int type;
    int protocol;
  } sockets[] = {
      {"netlink", AF_NETLINK, SOCK_RAW, 0},
      {"packet", AF_PACKET, SOCK_RAW, 0},
      {"vsock", AF_VSOCK, SOCK_STREAM, 0},
      {"raw", AF_INET, SOCK_RAW, IPPROTO_TCP},
      {"raw 6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6},
      {"ping", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
      // Landlock does not check the ports of these protocols.
      {"mptcp", AF_INET, SOCK_STREAM, IPPROTO_MPTCP},
      {"sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP},
      {"seqpacket", AF_INET, SOCK_SEQPACKET, 0},
  };
  EXPECT_EQ(ComplaintsInSandbox(
                ServerOn(port_),
                [&](Complaints& complaints) {
                  for (const auto& [what, family, type, protocol] : sockets) {
                    complaints.Refused(what, ::socket(family, type, protocol), {ENOSYS});
                  }
                  complaints.Refused("family with a high half",
                                     ::syscall(SYS_socket, 0x100000000LL | AF_NETLINK, SOCK_RAW, 0),
                                     {ENOSYS});
                }),
            "");
}

TEST_F(NetworkTest, PortThatWasNotGivenIsClosed) {
  if (LandlockAbi() < kLandlockWithPorts) GTEST_SKIP() << "this kernel's Landlock has no ports";
  const Listener other;
  EXPECT_EQ(
      ComplaintsInSandbox(
          ServerOn(port_),
          [&](Complaints& complaints) {
            const FileDescriptor client(::socket(AF_INET, SOCK_STREAM, 0));
            complaints.Refused("connect", Connect(client.get(), other.port()), {EACCES});
            // Connects with its first data, without connect().
            const sockaddr_in to = Loopback(other.port());
            complaints.Refused("fast open",
                               ::sendto(client.get(), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
                                        reinterpret_cast<const sockaddr*>(&to), sizeof(to)));
            msghdr message{};
            message.msg_name = const_cast<sockaddr_in*>(&to);
            message.msg_namelen = sizeof(to);
            complaints.Refused("fast open by sendmsg",
                               ::sendmsg(client.get(), &message, MSG_FASTOPEN | MSG_NOSIGNAL));
            mmsghdr messages{message, 0};
            complaints.Refused("fast open by sendmmsg",
                               ::sendmmsg(client.get(), &messages, 1, MSG_FASTOPEN | MSG_NOSIGNAL));
            sockaddr_in6 to6{};
            to6.sin6_family = AF_INET6;
            to6.sin6_addr = in6addr_loopback;
            to6.sin6_port = htons(other.port());
            const FileDescriptor client6(::socket(AF_INET6, SOCK_STREAM, 0));
            if (client6.valid()) {
              complaints.Refused(
                  "connect 6",
                  ::connect(client6.get(), reinterpret_cast<const sockaddr*>(&to6), sizeof(to6)),
                  {EACCES});
            }
            // The socket can still be connected to the port that was given.
            complaints.Succeeds("connect to it", Connect(client.get(), port_));
          }),
      "");
}

TEST_F(NetworkTest, LongAnswersOfNameServersComeByTcp) {
  EXPECT_EQ(ComplaintsInSandbox(ServerOn(port_),
                                [&](Complaints& complaints) {
                                  const FileDescriptor client(::socket(AF_INET, SOCK_STREAM, 0));
                                  const long connected = Connect(client.get(), 53);
                                  complaints.Check(connected == 0 || errno == ECONNREFUSED,
                                                   "the name server's port is open");
                                }),
            "");
}

TEST_F(NetworkTest, FlagsOfOwnSocketsCanBeSetAndNoOthers) {
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              // As the descriptors that a supervisor passes; here their content does not matter.
              for (int fd = kTellFd + 1; fd <= kLastWorkerFd; ++fd) ::dup2(kTellFd, fd);
              complaints.Check(EnterSandbox(ServerOn(port_), {}).ok(), "entered");
              std::vector<FileDescriptor> clients;
              for (;;) {
                FileDescriptor client(::socket(AF_INET, SOCK_STREAM, 0));
                if (!client.valid()) break;
                complaints.Succeeds("F_SETFL", ::fcntl(client.get(), F_SETFL, O_NONBLOCK));
                complaints.Check((::fcntl(client.get(), F_GETFL) & O_NONBLOCK) != 0, "it is set");
                clients.push_back(std::move(client));
              }
              // All possible numbers.
              complaints.Check(clients.front().get() == kLastWorkerFd + 1, "the first");
              complaints.Check(
                  clients.back().get() == static_cast<int>(limits::kWorkerOpenFiles) - 1,
                  "the last");
              for (int fd = 0; fd <= kLastWorkerFd; ++fd) {
                complaints.Refused("F_SETFL of a shared descriptor",
                                   ::fcntl(fd, F_SETFL, O_NONBLOCK), {ENOSYS});
              }
              // A number with a high half; the kernel only uses the low half.
              complaints.Refused("F_SETFL with a high half",
                                 ::syscall(SYS_fcntl, 0x100000000LL | kTellFd, F_SETFL, O_NONBLOCK),
                                 {ENOSYS});
              // A copy of a shared descriptor would share its flags.
              clients.pop_back();
              complaints.Refused("dup", ::dup(kTellFd));
              complaints.Refused("dup2", ::dup2(kTellFd, clients.back().get()));
              complaints.Refused("dup3", ::dup3(kTellFd, clients.back().get(), O_CLOEXEC));
              complaints.Refused("F_DUPFD", ::fcntl(kTellFd, F_DUPFD, 8), {ENOSYS});
              complaints.Refused("F_DUPFD_CLOEXEC", ::fcntl(kTellFd, F_DUPFD_CLOEXEC, 8), {ENOSYS});
              int on = 1;
              complaints.Refused("FIONBIO", ::ioctl(kTellFd, FIONBIO, &on), {ENOSYS});
            }),
            "");
}

TEST_F(NetworkTest, NamesResolveInsideAsTheyDoOutside) {
  const auto resolve = [](Complaints& complaints) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int result = ::getaddrinfo("localhost", "postgresql", &hints, &found);
    complaints.Check(result == 0, "localhost resolves");
    if (result == 0) ::freeaddrinfo(found);
  };
  if (!ComplaintsOf(resolve).empty())
    GTEST_SKIP() << "it does not resolve outside the sandbox either";
  EXPECT_EQ(ComplaintsInSandbox(ServerOn(port_), resolve), "");
}

}  // namespace
}  // namespace tributary
