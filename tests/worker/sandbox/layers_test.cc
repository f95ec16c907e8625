// Each layer alone, so that a layer that fails is not hidden by another one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

#include "common/file_descriptor.h"
#include "tests/worker/sandbox/attempts.h"
#include "worker/sandbox/landlock.h"
#include "worker/sandbox/syscalls.h"

namespace tributary {
namespace {

std::string ComplaintsUnderLandlock(const SourceNeeds& needs,
                                    const std::function<void(Complaints&)>& body) {
  return ComplaintsOf([&](Complaints& complaints) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    complaints.Check(ConfineTo(needs).ok(), "confined");
    body(complaints);
  });
}

class LandlockTest : public testing::Test {
 protected:
  // False if the kernel's Landlock is older than `abi`.
  static bool Has(int abi) { return LandlockAbi() >= abi; }
  TestDirectory directory_;
  const std::string file_ = directory_.Write("source.db", "rows");
};

TEST_F(LandlockTest, AloneItRefusesToMakeRemoveAndRunFiles) {
  if (!Has(1)) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(ComplaintsUnderLandlock(
                {.paths = {{file_, true}}},
                [&](Complaints& complaints) {
                  const std::string fresh = directory_.Path("fresh");
                  complaints.Refused("create", TryOpen(fresh, O_CREAT | O_RDWR), {EACCES});
                  complaints.Refused("unlink", ::unlink(file_.c_str()), {EACCES});
                  complaints.Refused("rename", ::rename(file_.c_str(), fresh.c_str()), {EACCES});
                  char* const none[] = {nullptr};
                  complaints.Refused("exec", ::execve("/bin/sh", none, none), {EACCES});
                  complaints.Succeeds("write", TryOpen(file_, O_CREAT | O_RDWR));
                }),
            "");
}

TEST_F(LandlockTest, AloneItKeepsAReadableFileFromBeingEmptied) {
  if (!Has(3)) GTEST_SKIP() << "this kernel's Landlock does not know truncation";
  EXPECT_EQ(ComplaintsUnderLandlock({.paths = {{file_, false}}},
                                    [&](Complaints& complaints) {
                                      complaints.Refused("truncate", ::truncate(file_.c_str(), 0),
                                                         {EACCES});
                                      complaints.Refused("open", TryOpen(file_, O_TRUNC), {EACCES});
                                    }),
            "");
  EXPECT_EQ(ReadAll(file_), "rows");
}

TEST_F(LandlockTest, AloneItConnectsToNoPortButThoseThatAreGiven) {
  if (!Has(kLandlockWithPorts)) GTEST_SKIP() << "this kernel's Landlock does not know ports";
  EXPECT_EQ(ComplaintsUnderLandlock(
                {.tcp_ports = {9, 5432}},
                [](Complaints& complaints) {
                  const FileDescriptor client(::socket(AF_INET, SOCK_STREAM, 0));
                  sockaddr_in to{};
                  to.sin_family = AF_INET;
                  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                  const auto connect = [&](in_port_t port) {
                    to.sin_port = htons(port);
                    return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&to),
                                     sizeof(to));
                  };
                  for (const in_port_t port : std::initializer_list<in_port_t>{9, 53, 5432}) {
                    const long connected = connect(port);
                    complaints.Check(connected == 0 || errno == ECONNREFUSED, "a given port");
                  }
                  for (const in_port_t port :
                       std::initializer_list<in_port_t>{1, 8, 10, 54, 5433, 65535}) {
                    complaints.Refused("another port", connect(port), {EACCES});
                  }
                }),
            "");
}

// Binds the socket to a free name that the kernel chooses; returns the name and its length.
std::pair<sockaddr_un, socklen_t> ListenOnAbstractName(int socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t length = sizeof(address.sun_family);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket, any, length) != 0 || ::listen(socket, 1) != 0) std::abort();
  length = sizeof(address);
  if (::getsockname(socket, any, &length) != 0) std::abort();
  return {address, length};
}

TEST_F(LandlockTest, AloneItRefusesTcpSignalsAndAbstractUnixSockets) {
  if (!Has(6)) GTEST_SKIP() << "this kernel's Landlock does not know scopes";
  const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  const auto [name, length] = ListenOnAbstractName(listener.get());
  EXPECT_EQ(ComplaintsUnderLandlock(
                {},
                [&, name = name, length = length](Complaints& complaints) {
                  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
                  sockaddr_in to{};
                  to.sin_family = AF_INET;
                  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                  const auto* address = reinterpret_cast<const sockaddr*>(&to);
                  complaints.Refused("bind", ::bind(client, address, sizeof(to)), {EACCES});
                  to.sin_port = htons(9);
                  complaints.Refused("connect", ::connect(client, address, sizeof(to)), {EACCES});
                  complaints.Refused("kill", ::kill(::getppid(), 0), {EPERM});
                  const int local = ::socket(AF_UNIX, SOCK_STREAM, 0);
                  complaints.Refused(
                      "connect to an abstract name",
                      ::connect(local, reinterpret_cast<const sockaddr*>(&name), length), {EPERM});
                }),
            "");
}

TEST(SyscallsTest, AloneTheyRefuseToEmptyAReadableFile) {
  TestDirectory directory;
  const std::string file = directory.Write("source.db", "rows");
  EXPECT_EQ(ComplaintsOf([&](Complaints& complaints) {
              complaints.Check(RestrictSyscalls(false).ok(), "filtered");
              complaints.Refused("open", TryOpen(file, O_RDONLY | O_TRUNC));
              complaints.Refused("truncate", ::truncate(file.c_str(), 0));
              complaints.Refused("unlink", ::unlink(file.c_str()));
              char* const none[] = {nullptr};
              complaints.Refused("exec", ::execve("/bin/sh", none, none));
              complaints.Succeeds("read", TryOpen(file, O_RDONLY));
            }),
            "");
  EXPECT_EQ(ReadAll(file), "rows");
}

}  // namespace
}  // namespace tributary
