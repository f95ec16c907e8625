#include "supervisor/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/tls_credentials.h"

namespace tributary {
namespace {

// Of all clients together: bytes that gRPC has read and not yet passed on, and threads for calls
// other than Update. A call for which no thread is free ends with RESOURCE_EXHAUSTED.
constexpr std::size_t kClientsMemoryBytes = 4 * limits::kMaxRequestBytes;
constexpr int kCallThreads = 128;

// What one client can use of the server at most.
void BoundClients(grpc::ServerBuilder& builder, std::chrono::milliseconds client_timeout) {
  const auto set = [&builder](const char* argument, std::int64_t value) {
    builder.AddChannelArgument(argument, static_cast<int>(value));
  };
  const std::chrono::milliseconds handshake =
      std::min<std::chrono::milliseconds>(limits::kClientHandshake, client_timeout);
  const std::chrono::milliseconds idle = std::min<std::chrono::milliseconds>(
      client_timeout * limits::kClientIdleTimeouts, std::chrono::hours(24));
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kMaxRequestBytes));
  // gRPC checks a message's size only when all of it has arrived; until then this is the bound.
  grpc::ResourceQuota quota("clients");
  quota.Resize(kClientsMemoryBytes).SetMaxThreads(kCallThreads);
  builder.SetResourceQuota(quota);
  set(GRPC_ARG_MAX_CONCURRENT_STREAMS, limits::kMaxCallsOnConnection);
  set(GRPC_ARG_MAX_METADATA_SIZE, limits::kMaxCallHeaderBytes);
  set(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshake.count());
  set(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle.count());
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunningServer>> StartServer(const Settings& settings,
                                                           const std::vector<EngineSetup>& setups,
                                                           ActiveSyncs& syncs, Metrics& metrics,
                                                           const Logger& log) {
  const auto credentials = MakeServerCredentials(settings, metrics, log);
  if (!credentials.ok()) return credentials.status();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto running = std::make_unique<RunningServer>(
      std::make_unique<ConnectorService>(settings, setups, syncs, metrics, log));
  // A client that disappeared silently would keep its connection's sync open.
  const std::chrono::milliseconds client_timeout = settings.client_timeout;
  const std::chrono::milliseconds asked_after = client_timeout / 3;
  auto listener = Listener::Listen(settings.port, client_timeout - asked_after, log);
  if (!listener.ok()) return listener.status();
  running->listener_ = *std::move(listener);
  grpc::ServerBuilder builder;
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, *credentials);
  builder.RegisterService(running->service_.get());
  BoundClients(builder, client_timeout);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE,
                             static_cast<int>(limits::kSocketWriteBytes));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(asked_after.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             static_cast<int>((client_timeout - asked_after).count()));
  running->server_ = builder.BuildAndStart();
  if (running->server_ == nullptr) {
    return absl::FailedPreconditionError(
        "serve gRPC: the server does not start; gRPC's reason is in the log before this line");
  }
  running->listener_->Start(std::move(acceptor));
  log.Info("serving", {{"port", absl::StrCat(running->listener_->port())}});
  return running;
}

void RunningServer::Stop() {
  listener_->Stop();
  // gRPC waits without limit for a client that does not read its bytes, so this does not wait for
  // gRPC.
  const auto ended = std::make_shared<std::promise<void>>();
  auto has_ended = ended->get_future();
  std::thread([ended, server = server_.get()] {
    server->Shutdown(std::chrono::system_clock::now() + limits::kShutdownGrace);
    ended->set_value();
  }).detach();
  has_ended.wait_for(2 * limits::kShutdownGrace);
}

}  // namespace tributary
