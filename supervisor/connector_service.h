// The calls that Fivetran makes. Test and Schema are each answered by a worker
// that is started for them; an Update becomes a Sync on a thread of its own.
//
// Thread-safe, as gRPC calls it from many threads.
#ifndef TRIBUTARY_SUPERVISOR_CONNECTOR_SERVICE_H_
#define TRIBUTARY_SUPERVISOR_CONNECTOR_SERVICE_H_

#include <grpcpp/server_context.h>

#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/limits.h"
#include "common/log.h"
#include "proto/connector_sdk.grpc.pb.h"
#include "proto/worker.pb.h"
#include "supervisor/active_syncs.h"
#include "supervisor/metrics/metrics.h"
#include "supervisor/settings.h"

namespace tributary {

class ConnectorService final
    : public fivetran_sdk::v2::SourceConnector::WithRawCallbackMethod_Update<
          fivetran_sdk::v2::SourceConnector::Service> {
 public:
  // All outlive the service.
  ConnectorService(const Settings& settings, const std::vector<EngineSetup>& setups,
                   ActiveSyncs& syncs, Metrics& metrics, Logger log)
      : settings_(settings),
        setups_(setups),
        syncs_(syncs),
        metrics_(metrics),
        log_(std::move(log)) {}

  grpc::Status ConfigurationForm(grpc::ServerContext* context,
                                 const fivetran_sdk::v2::ConfigurationFormRequest* request,
                                 fivetran_sdk::v2::ConfigurationFormResponse* response) override;
  grpc::Status Test(grpc::ServerContext* context, const fivetran_sdk::v2::TestRequest* request,
                    fivetran_sdk::v2::TestResponse* response) override;
  grpc::Status Schema(grpc::ServerContext* context, const fivetran_sdk::v2::SchemaRequest* request,
                      fivetran_sdk::v2::SchemaResponse* response) override;
  // Raw, so that the workers' bytes are sent unchanged.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Update(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request) override;

 private:
  // Starts a worker for one question; waits while too many questions are open.
  absl::StatusOr<Catalog> AskWorker(
      grpc::ServerContext& context, const Connection& connection,
      const google::protobuf::Map<std::string, std::string>& configuration,
      const Assignment& assignment);

  const Settings& settings_;
  const std::vector<EngineSetup>& setups_;
  ActiveSyncs& syncs_;
  Metrics& metrics_;
  const Logger log_;
  std::counting_semaphore<> questions_{limits::kQuestionsAtATime};
};

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_CONNECTOR_SERVICE_H_
