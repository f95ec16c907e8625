// A path between this host and a client that can be cut without a word: the client
// lives in a network namespace of its own, and a router between the two stops
// passing packets on. Both ends keep their links, and nobody tells either of them.
//
//   this host ── router's namespace ── client's namespace
//
// Needs the right to make network namespaces, and iproute2. All of it goes with the
// object; what a killed test has left goes with the next one that is made.
#ifndef TRIBUTARY_TESTS_PROCESS_NETWORK_H_
#define TRIBUTARY_TESTS_PROCESS_NETWORK_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary::tests {

class Network {
 public:
  // PERMISSION_DENIED: says what could not be made.
  static absl::StatusOr<std::unique_ptr<Network>> Make();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  // This host, as the client names it.
  const std::string& host() const { return host_; }
  // For ChildOptions::network.
  std::string client_namespace() const;

  // From now on every packet is lost, in both directions.
  bool Cut() { return PassOn(false); }
  bool Mend() { return PassOn(true); }

 private:
  // Addresses from `net` + `first` on are used, eight of them.
  Network(int number, const std::string& net, unsigned first);
  absl::Status Build();
  bool PassOn(bool on);

  std::string router_;
  std::string client_;
  // The interface on this host.
  std::string link_;
  std::string host_;
  std::string router_to_host_;
  std::string router_to_client_;
  std::string client_address_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_NETWORK_H_
