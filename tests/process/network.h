// A path between this host and a client that can be cut silently: the client lives in its own
// network namespace, and a router between the two stops forwarding packets. The links at both ends
// stay up, and neither end gets an error.
//
//   this host ── router's namespace ── client's namespace
//
// Needs iproute2 and the right to make network namespaces. Everything is removed with the object;
// what a killed test has left is removed when the next network is made.
#ifndef TRIBUTARY_TESTS_PROCESS_NETWORK_H_
#define TRIBUTARY_TESTS_PROCESS_NETWORK_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary::tests {

class Network {
 public:
  // PERMISSION_DENIED: the message names what could not be created.
  static absl::StatusOr<std::unique_ptr<Network>> Make();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  // This host's address, as the client sees it.
  const std::string& host() const { return host_; }
  // For ChildOptions::network.
  std::string client_namespace() const;

  // From now on all packets are lost, in both directions.
  bool Cut() { return PassOn(false); }
  bool Mend() { return PassOn(true); }

 private:
  // Uses the eight addresses from `net` + `first` on.
  Network(int number, const std::string& net, unsigned first);
  absl::Status Build();
  bool PassOn(bool on);

  std::string router_;
  std::string client_;
  // The name of the interface on this host.
  std::string link_;
  std::string host_;
  std::string router_to_host_;
  std::string router_to_client_;
  std::string client_address_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_NETWORK_H_
