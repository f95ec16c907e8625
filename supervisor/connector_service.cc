#include "supervisor/connector_service.h"

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"
#include "supervisor/grpc_status.h"
#include "supervisor/request/setup_form.h"
#include "supervisor/sync/messages.h"
#include "worker/sources/setup.h"

namespace tributary {
namespace {

namespace sdk = fivetran_sdk::v2;

// The fields by which a log line can be assigned to a database.
Logger LogOf(const Logger& log, const Connection& connection) {
  return log.With(log_key::kConnection, connection.id)
      .With(log_key::kSource, connection.source)
      .With(log_key::kDatabase, connection.database);
}

// Reads the parts of the request that do not need the source. FAILED_PRECONDITION: a Task. `log`
// gets fields of the request, even if the request cannot be read.
absl::StatusOr<SyncRequest> ReadRequest(const std::vector<EngineSetup>& setups,
                                        const grpc::ByteBuffer& bytes, Logger& log) {
  grpc::ByteBuffer parsed = bytes;
  sdk::UpdateRequest request;
  if (!grpc::SerializationTraits<sdk::UpdateRequest>::Deserialize(&parsed, &request).ok()) {
    return absl::InvalidArgumentError("start sync: the request is not an UpdateRequest");
  }
  auto connection = ReadConnection(setups, request.configuration());
  if (connection.ok()) log = LogOf(log, *connection);
  grpc::ByteBuffer wire = bytes;
  grpc::ProtoBufferReader reader(&wire);
  if (absl::Status one = CheckOneForm(reader); !one.ok()) return one;
  auto selection = Selection::Read(request.has_selection() ? &request.selection() : nullptr);
  if (!selection.ok()) return selection.status();
  auto state = ParseState(request.state_json());
  if (!state.ok()) return state.status();
  if (!connection.ok()) return connection.status();
  return SyncRequest{
      .connection = *std::move(connection),
      .configuration = {request.configuration().begin(), request.configuration().end()},
      .selection = *std::move(selection),
      .state = *std::move(state),
      .state_json = request.state_json()};
}

absl::Status UnknownTest(const std::vector<EngineSetup>& setups) {
  const sdk::ConfigurationFormResponse form = SetupForm(setups);
  const auto name = [](std::string* text, const sdk::ConfigurationTest& test) {
    absl::StrAppend(text, test.name());
  };
  return absl::InvalidArgumentError(
      absl::StrCat("run setup test: there is no test of that name; choose one of: ",
                   absl::StrJoin(form.tests(), ", ", name)));
}

void SetSchema(const Catalog& catalog, sdk::SchemaResponse& response) {
  response.set_selection_not_supported(false);
  sdk::SchemaList& list = *response.mutable_with_schema();
  std::map<std::string, sdk::Schema*> schemas;
  for (const CatalogTable& table : catalog.tables()) {
    sdk::Schema*& schema = schemas[table.schema()];
    if (schema == nullptr) {
      schema = list.add_schemas();
      schema->set_name(table.schema());
    }
    sdk::Table& described = *schema->add_tables();
    described.set_name(table.table());
    *described.mutable_columns() = table.columns();
  }
}

// Measures the duration of the call in which it lives.
class Timed {
 public:
  Timed(Metrics& metrics, Rpc rpc) : metrics_(metrics), rpc_(rpc) {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() { metrics_.RpcTook(rpc_, TheSystemClock().Now() - began_); }

 private:
  Metrics& metrics_;
  const Rpc rpc_;
  const Clock::time_point began_ = TheSystemClock().Now();
};

}  // namespace

grpc::Status ConnectorService::ConfigurationForm(grpc::ServerContext*,
                                                 const sdk::ConfigurationFormRequest*,
                                                 sdk::ConfigurationFormResponse* response) {
  const Timed timed(metrics_, Rpc::kConfigurationForm);
  *response = SetupForm(setups_);
  return grpc::Status::OK;
}

grpc::Status ConnectorService::Test(grpc::ServerContext* context, const sdk::TestRequest* request,
                                    sdk::TestResponse* response) {
  const Timed timed(metrics_, Rpc::kTest);
  const bool known = std::any_of(setups_.begin(), setups_.end(), [&](const EngineSetup& setup) {
    return HasTest(setup, request->name());
  });
  if (!known) return ToGrpc(UnknownTest(setups_));
  const auto connection = ReadConnection(setups_, request->configuration());
  Logger log = log_.With("test", request->name());
  if (!connection.ok()) {
    LogShown(log, "setup test", std::string(connection.status().message()));
    response->set_failure(std::string(connection.status().message()));
    return grpc::Status::OK;
  }
  // Another engine's test; the setup page runs them all.
  if (!HasTest(*FindSetup(setups_, connection->source), request->name())) {
    response->set_success(true);
    return grpc::Status::OK;
  }
  Assignment assignment;
  assignment.set_id(1);
  assignment.mutable_test()->set_name(request->name());
  const auto answer = AskWorker(*context, *connection, request->configuration(), assignment);
  if (!answer.ok() && (absl::IsCancelled(answer.status()) || syncs_.draining())) {
    return ToGrpc(answer.status());
  }
  if (answer.ok()) {
    response->set_success(true);
  } else {
    LogShown(LogOf(log, *connection), "setup test", std::string(answer.status().message()));
    response->set_failure(std::string(answer.status().message()));
  }
  return grpc::Status::OK;
}

grpc::Status ConnectorService::Schema(grpc::ServerContext* context,
                                      const sdk::SchemaRequest* request,
                                      sdk::SchemaResponse* response) {
  const Timed timed(metrics_, Rpc::kSchema);
  const auto connection = ReadConnection(setups_, request->configuration());
  if (!connection.ok()) {
    LogShown(log_, "schema", std::string(connection.status().message()));
    return ToGrpc(connection.status());
  }
  Assignment assignment;
  assignment.set_id(1);
  assignment.mutable_describe();
  const auto answer = AskWorker(*context, *connection, request->configuration(), assignment);
  if (!answer.ok()) {
    if (!absl::IsCancelled(answer.status())) {
      LogShown(LogOf(log_, *connection), "schema", std::string(answer.status().message()));
    }
    return ToGrpc(answer.status());
  }
  SetSchema(*answer, *response);
  return grpc::Status::OK;
}

absl::StatusOr<Catalog> ConnectorService::AskWorker(
    grpc::ServerContext& context, const Connection& connection,
    const google::protobuf::Map<std::string, std::string>& configuration,
    const Assignment& assignment) {
  questions_.acquire();
  auto answer = AskNewWorker(
      MakeOpening({configuration.begin(), configuration.end()}, settings_.for_engines,
                  connection.id),
      assignment, [&] { return context.IsCancelled() || syncs_.draining(); }, metrics_);
  questions_.release();
  if (absl::IsCancelled(answer.status()) && syncs_.draining()) {
    return absl::UnavailableError("the connector is shutting down; try again");
  }
  return answer;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* ConnectorService::Update(
    grpc::CallbackServerContext*, const grpc::ByteBuffer* request) {
  auto writer = ResponseWriter::Make();
  writer->OnFirst([this, began = TheSystemClock().Now()] {
    metrics_.RpcTook(Rpc::kUpdate, TheSystemClock().Now() - began);
  });
  Logger log = log_;
  auto read = ReadRequest(setups_, *request, log);
  const absl::Status started = read.ok() ? syncs_.Start(*std::move(read), writer) : read.status();
  if (absl::IsFailedPrecondition(started)) {
    LogShown(log, "task", std::string(started.message()));
    auto task = std::make_shared<const std::string>(TaskMessage(std::string(started.message())));
    metrics_.TaskSent();
    metrics_.SyncEnded(SyncEnd::kTask);
    writer->Write(*task, task);
    writer->Finish(grpc::Status::OK);
  } else if (!started.ok()) {
    TellRefused(started, metrics_, log);
    writer->Finish(ToGrpc(started));
  }
  return writer.get();
}

}  // namespace tributary
