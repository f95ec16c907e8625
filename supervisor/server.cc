#include "supervisor/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/tls_files.h"

namespace tributary {
namespace {

std::shared_ptr<grpc::ServerCredentials> Credentials(const TlsFiles& files) {
  if (files.cert.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  options.pem_key_cert_pairs.push_back({files.key, files.cert});
  if (!files.client_ca.empty()) {
    options.pem_root_certs = files.client_ca;
    options.client_certificate_request = GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return grpc::SslServerCredentials(options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunningServer>> StartServer(const Settings& settings,
                                                           const std::vector<EngineSetup>& setups,
                                                           ActiveSyncs& syncs, Metrics& metrics,
                                                           const Logger& log) {
  const auto tls_files = ReadTlsFiles(settings, log);
  if (!tls_files.ok()) return tls_files.status();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto running = std::make_unique<RunningServer>(
      std::make_unique<ConnectorService>(settings, setups, syncs, metrics, log));
  // A client that is gone without a word would keep its connection's sync open.
  const std::chrono::milliseconds client_timeout = settings.client_timeout;
  const std::chrono::milliseconds asked_after = client_timeout / 3;
  auto listener = Listener::Listen(settings.port, client_timeout - asked_after, log);
  if (!listener.ok()) return listener.status();
  running->listener_ = *std::move(listener);
  grpc::ServerBuilder builder;
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      Credentials(*tls_files));
  builder.RegisterService(running->service_.get());
  builder.SetMaxReceiveMessageSize(static_cast<int>(limits::kMaxRequestBytes));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE,
                             static_cast<int>(limits::kSocketWriteBytes));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(asked_after.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             static_cast<int>((client_timeout - asked_after).count()));
  running->server_ = builder.BuildAndStart();
  if (running->server_ == nullptr) {
    return absl::FailedPreconditionError(
        "serve gRPC: the server does not start; gRPC's reason stands in the log before this");
  }
  running->listener_->Start(std::move(acceptor));
  log.Info("serving", {{"port", absl::StrCat(running->listener_->port())}});
  return running;
}

void RunningServer::Stop() {
  listener_->Stop();
  // gRPC waits for a connection with bytes under way for as long as its client takes
  // none, so this does not wait for gRPC.
  const auto ended = std::make_shared<std::promise<void>>();
  auto has_ended = ended->get_future();
  std::thread([ended, server = server_.get()] {
    server->Shutdown(std::chrono::system_clock::now() + limits::kShutdownGrace);
    ended->set_value();
  }).detach();
  has_ended.wait_for(2 * limits::kShutdownGrace);
}

}  // namespace tributary
