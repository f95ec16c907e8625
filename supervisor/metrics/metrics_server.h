// Serves the metrics over HTTP: GET /metrics, and nothing else.
//
// On one thread of its own, which never waits for a client: one that sends nothing
// or takes nothing is dropped after limits::kMetricsPatience and keeps no other
// from its answer meanwhile. Nobody is asked who they are; what is shown holds no
// path, name or value of a source.
#ifndef TRIBUTARY_SUPERVISOR_METRICS_METRICS_SERVER_H_
#define TRIBUTARY_SUPERVISOR_METRICS_METRICS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "supervisor/metrics/metrics.h"

namespace tributary {

class MetricsServer {
 public:
  // Listens at `address`, which is HOST:PORT: a name, an IPv4 address, an IPv6
  // address in brackets, or nothing for all addresses of the machine; port 0 takes
  // one that is free. `metrics` outlives the server.
  //
  // INVALID_ARGUMENT: no such form. FAILED_PRECONDITION: not an address of this
  // machine, or taken.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address,
                                                              const Metrics& metrics);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  // Drops what is under way.
  ~MetricsServer();

  // Where it listens, in numbers: "127.0.0.1:9464".
  const std::string& address() const { return address_; }

 private:
  class Listener;
  explicit MetricsServer(std::unique_ptr<Listener> listener);

  std::unique_ptr<Listener> listener_;
  std::string address_;
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_METRICS_METRICS_SERVER_H_
