// A network in which the only name server does what a test wants.
#ifndef TRIBUTARY_TESTS_WORKER_NETWORK_NAME_SERVER_H_
#define TRIBUTARY_TESTS_WORKER_NETWORK_NAME_SERVER_H_

#include <atomic>
#include <memory>

#include "tests/worker/sandbox/attempts.h"

namespace tributary::tests {

enum class NameServerDoes {
  kNothing,
  kSayThatThereIsNone,
  // kGivenAddress for every name.
  kGiveAnAddress,
};
inline constexpr char kGivenAddress[] = "192.0.2.7";

// Puts this process into a network of its own, with loopback only, and into a view of the
// files in which /etc/resolv.conf names a server there. False: that is not permitted here.
bool EnterOwnNetwork(const TestDirectory& directory);

// Answers on 127.0.0.1:53, from a process of its own, until this goes.
class NameServer {
 public:
  explicit NameServer(NameServerDoes deed);
  // Questions that have come.
  int asked() const { return *asked_; }

 private:
  std::shared_ptr<std::atomic<int>> asked_;
  std::unique_ptr<Companion> process_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_WORKER_NETWORK_NAME_SERVER_H_
