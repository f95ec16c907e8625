#include "tests/worker/network/name_server.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <string>

#include "common/file_descriptor.h"

namespace tributary::tests {
namespace {

// RFC 1035, section 4: a header of 12 bytes, then the question.
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kTypeAndClassBytes = 4;
constexpr char kTypeA = 1;

bool RaiseLoopback() {
  const FileDescriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq link{};
  std::strcpy(link.ifr_name, "lo");
  link.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(any.get(), SIOCSIFFLAGS, &link) == 0;
}

bool Cover(const char* path, const std::string& by) {
  return ::mount(by.c_str(), path, nullptr, MS_BIND, nullptr) == 0;
}

std::string Reply(const std::string& question, NameServerDoes deed) {
  // One question: a name, which ends with an empty label, then type and class.
  const std::size_t end = question.find('\0', kHeaderBytes) + 1 + kTypeAndClassBytes;
  std::string reply = question.substr(0, end);
  const bool address =
      deed == NameServerDoes::kGiveAnAddress && question[end - kTypeAndClassBytes + 1] == kTypeA;
  reply[2] = '\x81';
  reply[3] = deed == NameServerDoes::kGiveAnAddress ? '\x80' : '\x83';
  // The number of answers, and no further sections.
  std::memcpy(&reply[6], address ? "\0\1\0\0\0\0" : "\0\0\0\0\0\0", 6);
  if (!address) return reply;
  // The question's name, type A, class IN, valid for a minute, four bytes.
  reply.append("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4", 12);
  in_addr given{};
  ::inet_pton(AF_INET, kGivenAddress, &given);
  return reply.append(reinterpret_cast<const char*>(&given), sizeof(given));
}

void Serve(NameServerDoes deed, std::atomic<int>& asked, const std::function<void()>& ready) {
  const FileDescriptor server(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(53);
  if (::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    std::abort();
  }
  // A sandboxed parent can neither kill this process nor end it by ending itself (Landlock's
  // scope), so it looks regularly whether the parent is there.
  const timeval look{.tv_sec = 0, .tv_usec = 100'000};
  ::setsockopt(server.get(), SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look));
  const pid_t parent = ::getppid();
  ready();
  while (::getppid() == parent) {
    std::array<char, 512> packet{};
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    const ssize_t got = ::recvfrom(server.get(), packet.data(), packet.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &length);
    if (got < static_cast<ssize_t>(kHeaderBytes)) continue;
    ++asked;
    if (deed == NameServerDoes::kNothing) continue;
    const std::string reply =
        Reply(std::string(packet.data(), static_cast<std::size_t>(got)), deed);
    ::sendto(server.get(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from),
             length);
  }
}

std::shared_ptr<std::atomic<int>> SharedWithChildren() {
  void* const memory = ::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return {new (memory) std::atomic<int>(0),
          [](std::atomic<int>* count) { ::munmap(count, sizeof(*count)); }};
}

}  // namespace

bool EnterOwnNetwork(const TestDirectory& directory) {
  const std::string servers = directory.Write("resolv.conf", "nameserver 127.0.0.1\n");
  const std::string sources = directory.Write("nsswitch.conf", "hosts: files dns\n");
  return ::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         Cover("/etc/resolv.conf", servers) && Cover("/etc/nsswitch.conf", sources) &&
         RaiseLoopback();
}

NameServer::NameServer(NameServerDoes deed)
    : asked_(SharedWithChildren()),
      process_(std::make_unique<Companion>(
          [&](const std::function<void()>& ready) { Serve(deed, *asked_, ready); })) {}

}  // namespace tributary::tests
