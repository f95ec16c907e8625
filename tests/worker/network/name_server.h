// A network whose only name server does what a test wants.
#ifndef TRIBUTARY_TESTS_WORKER_NETWORK_NAME_SERVER_H_
#define TRIBUTARY_TESTS_WORKER_NETWORK_NAME_SERVER_H_

#include <atomic>
#include <memory>

#include "tests/worker/sandbox/attempts.h"

namespace tributary::tests {

enum class NameServerDoes {
  kNothing,
  kSayThatThereIsNone,
  // Answers each question with kGivenAddress.
  kGiveAnAddress,
};
inline constexpr char kGivenAddress[] = "192.0.2.7";

// Moves this process to a new network, with loopback only, and to a new view of the files in which
// /etc/resolv.conf names a server in that network. False: this is not permitted here.
bool EnterOwnNetwork(const TestDirectory& directory);

// Answers on 127.0.0.1:53, in its own process, until it is destroyed.
class NameServer {
 public:
  explicit NameServer(NameServerDoes deed);
  // The number of questions until now.
  int asked() const { return *asked_; }

 private:
  std::shared_ptr<std::atomic<int>> asked_;
  std::unique_ptr<Companion> process_;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_WORKER_NETWORK_NAME_SERVER_H_
