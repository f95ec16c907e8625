// The gRPC server: the connector, health and reflection.
#ifndef TRIBUTARY_SUPERVISOR_SERVER_H_
#define TRIBUTARY_SUPERVISOR_SERVER_H_

#include <grpcpp/server.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/log.h"
#include "supervisor/connector_service.h"
#include "supervisor/listener.h"

namespace tributary {

class RunningServer {
 public:
  explicit RunningServer(std::unique_ptr<ConnectorService> service)
      : service_(std::move(service)) {}

  // Ends calls that are still open after a short grace. The process must exit next, without
  // destroying this object: a client that does not read may keep gRPC from ending.
  void Stop();

 private:
  friend absl::StatusOr<std::unique_ptr<RunningServer>> StartServer(
      const Settings& settings, const std::vector<EngineSetup>& setups, ActiveSyncs& syncs,
      Metrics& metrics, const Logger& log);

  std::unique_ptr<ConnectorService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Listener> listener_;
};

// FAILED_PRECONDITION: the port is taken, or a TLS file cannot be used.
absl::StatusOr<std::unique_ptr<RunningServer>> StartServer(const Settings& settings,
                                                           const std::vector<EngineSetup>& setups,
                                                           ActiveSyncs& syncs, Metrics& metrics,
                                                           const Logger& log);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_SERVER_H_
