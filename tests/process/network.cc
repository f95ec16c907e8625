#include "tests/process/network.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tributary::tests {
namespace {

constexpr char kNamespaces[] = "/run/netns";
constexpr char kPrefix[] = "tributary-test-";
// 256 nets with room for 32 networks each; a network has eight addresses.
constexpr unsigned kPlacesInNet = 32;
constexpr unsigned kPlaces = 256 * kPlacesInNet;

bool Run(const std::string& command) {
  return std::system(absl::StrCat(command, " >/dev/null 2>&1").c_str()) == 0;
}

// Removes the namespaces of tests that were killed: those whose process has ended.
void SweepUp() {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kNamespaces, ignored)) {
    const std::string name = entry.path().filename();
    absl::string_view rest = name;
    if (!absl::ConsumePrefix(&rest, kPrefix)) continue;
    const std::vector<absl::string_view> parts = absl::StrSplit(rest, '-');
    int pid = 0;
    if (absl::SimpleAtoi(parts.front(), &pid) && kill(pid, 0) != 0) Run("ip netns del " + name);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Network>> Network::Make() {
  SweepUp();
  static int made = 0;
  const int number = ++made;
  // From the range that is reserved for benchmarks and is not routed (RFC 2544).
  const unsigned place =
      (static_cast<unsigned>(getpid()) * 7 + static_cast<unsigned>(number)) % kPlaces;
  std::unique_ptr<Network> network(new Network(
      number, absl::StrCat("198.18.", place / kPlacesInNet, "."), place % kPlacesInNet * 8));
  const absl::Status built = network->Build();
  if (!built.ok()) return built;
  return network;
}

Network::Network(int number, const std::string& net, unsigned first)
    : router_(absl::StrCat(kPrefix, getpid(), "-", number, "-router")),
      client_(absl::StrCat(kPrefix, getpid(), "-", number, "-client")),
      link_(absl::StrCat("tt", getpid(), "n", number)),
      host_(absl::StrCat(net, first + 1)),
      router_to_host_(absl::StrCat(net, first + 2)),
      router_to_client_(absl::StrCat(net, first + 5)),
      client_address_(absl::StrCat(net, first + 6)) {}

absl::Status Network::Build() {
  const std::string router = absl::StrCat("ip -n ", router_);
  const std::string client = absl::StrCat("ip -n ", client_);
  for (const std::string& command : {
           absl::StrCat("ip netns add ", router_),
           absl::StrCat("ip netns add ", client_),
           absl::StrCat("ip link add ", link_, " type veth peer name host netns ", router_),
           absl::StrCat(router, " link add client type veth peer name router netns ", client_),
           absl::StrCat("ip addr add ", host_, "/30 dev ", link_),
           absl::StrCat("ip link set ", link_, " up"),
           absl::StrCat(router, " addr add ", router_to_host_, "/30 dev host"),
           absl::StrCat(router, " link set host up"),
           absl::StrCat(router, " addr add ", router_to_client_, "/30 dev client"),
           absl::StrCat(router, " link set client up"),
           absl::StrCat(client, " addr add ", client_address_, "/30 dev router"),
           absl::StrCat(client, " link set router up"),
           absl::StrCat(client, " route add default via ", router_to_client_),
           absl::StrCat("ip route add ", client_address_, "/32 via ", router_to_host_),
       }) {
    if (!Run(command)) {
      return absl::PermissionDeniedError(absl::StrCat(
          "make a network: `", command, "` fails; it needs root, iproute2 and CAP_NET_ADMIN"));
    }
  }
  if (Mend()) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "make a network: forwarding cannot be switched on in its router");
}

// A namespace exists as long as a socket in it has data to send; its link to this host has to be
// removed now.
Network::~Network() {
  Run(absl::StrCat("ip link del ", link_));
  Run(absl::StrCat("ip netns del ", client_));
  Run(absl::StrCat("ip netns del ", router_));
}

std::string Network::client_namespace() const { return absl::StrCat(kNamespaces, "/", client_); }

// A Linux router with forwarding off drops packets that are not for itself, and sends no error.
bool Network::PassOn(bool on) {
  return Run(absl::StrCat("ip netns exec ", router_, " sh -c 'echo ", on ? 1 : 0,
                          " > /proc/sys/net/ipv4/ip_forward'"));
}

}  // namespace tributary::tests
