// Sockets: none for a source that is a file, client sockets for one that is a
// server.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "common/file_descriptor.h"
#include "tests/sandbox/attempts.h"
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

SourceNeeds Server() {
  SourceNeeds needs;
  needs.connects = true;
  return needs;
}

class NetworkTest : public testing::Test {
 protected:
  NetworkTest() {
    sockaddr_in any = Loopback(0);
    socklen_t length = sizeof(any);
    auto* address = reinterpret_cast<sockaddr*>(&any);
    if (::bind(listener_.get(), address, length) != 0 || ::listen(listener_.get(), 4) != 0 ||
        ::getsockname(listener_.get(), address, &length) != 0) {
      std::abort();
    }
    port_ = ntohs(any.sin_port);
  }

  static long Connect(int socket, in_port_t port) {
    const sockaddr_in to = Loopback(port);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }
  static long Bind(int socket) {
    const sockaddr_in to = Loopback(0);
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to));
  }

  const FileDescriptor listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  in_port_t port_ = 0;
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
              // Also not with one that was there before.
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
                Server(),
                [&](Complaints& complaints) {
                  const FileDescriptor client(::socket(AF_INET, SOCK_STREAM, 0));
                  complaints.Succeeds("connect", Connect(client.get(), port_));
                  const FileDescriptor other(::socket(AF_INET6, SOCK_DGRAM, 0));
                  const FileDescriptor local(::socket(AF_UNIX, SOCK_STREAM, 0));
                  complaints.Check(local.valid(), "unix client");
                  const FileDescriptor server(::socket(AF_INET, SOCK_STREAM, 0));
                  complaints.Refused("bind", Bind(server.get()));
                  complaints.Refused("listen", ::listen(server.get(), 1));
                  complaints.Refused("accept", ::accept(server.get(), nullptr, nullptr));
                  complaints.Refused("netlink", ::socket(AF_NETLINK, SOCK_RAW, 0), {ENOSYS});
                  complaints.Refused("packet", ::socket(AF_PACKET, SOCK_RAW, 0), {ENOSYS});
                  complaints.Refused("vsock", ::socket(AF_VSOCK, SOCK_STREAM, 0), {ENOSYS});
                  complaints.Refused("family with a high half",
                                     ::syscall(SYS_socket, 0x100000000LL | AF_NETLINK, SOCK_RAW, 0),
                                     {ENOSYS});
                  if (landlock) {
                    complaints.Refused("read", TryOpen("/etc/passwd", O_RDONLY), {EACCES});
                  }
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
  if (!ComplaintsOf(resolve).empty()) GTEST_SKIP() << "nor does it resolve outside";
  EXPECT_EQ(ComplaintsInSandbox(Server(), resolve), "");
}

}  // namespace
}  // namespace tributary
