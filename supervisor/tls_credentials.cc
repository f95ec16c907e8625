#include "supervisor/tls_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <sys/stat.h>

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/limits.h"
#include "supervisor/tls_files.h"

namespace tributary {
namespace {

// Identifies a file's content: it changes when the file is written or replaced.
struct FileStamp {
  dev_t device = 0;
  ino_t number = 0;
  off_t bytes = 0;
  timespec written{};

  bool operator==(const FileStamp& other) const {
    return device == other.device && number == other.number && bytes == other.bytes &&
           written.tv_sec == other.written.tv_sec && written.tv_nsec == other.written.tv_nsec;
  }
};

FileStamp StampOf(const std::string& path) {
  struct stat found {};
  if (path.empty() || ::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size, found.st_mtim};
}

using Stamps = std::array<FileStamp, 3>;

// gRPC calls for the files with each client that connects, from any of its threads.
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  TlsCredentials(const Settings& settings, Metrics& metrics, Logger log, TlsFiles files,
                 const Stamps& stamps)
      : settings_(settings),
        metrics_(metrics),
        log_(std::move(log)),
        stamps_(stamps),
        fresh_(std::move(files)) {
    const bool asks = !settings_.tls_client_ca.empty();
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            asks ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                 : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            &TlsCredentials::Fetch, this));
  }
  ~TlsCredentials() override { grpc_server_credentials_release(credentials_); }

  static Stamps StampsOf(const Settings& settings) {
    return {StampOf(settings.tls_cert), StampOf(settings.tls_key), StampOf(settings.tls_client_ca)};
  }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<TlsCredentials*>(self)->Look(config);
  }

  grpc_ssl_certificate_config_reload_status Look(grpc_ssl_server_certificate_config** config) {
    const std::lock_guard lock(mutex_);
    if (!fresh_.has_value()) ReadChanged();
    if (!fresh_.has_value()) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const TlsFiles files = *std::exchange(fresh_, std::nullopt);
    const grpc_ssl_pem_key_cert_pair pair{files.key.c_str(), files.cert.c_str()};
    // gRPC requires an authority even when it does not use one.
    const std::string& authority = files.client_ca.empty() ? files.cert : files.client_ca;
    *config = grpc_ssl_server_certificate_config_create(authority.c_str(), &pair, 1);
    metrics_.CertificateServed(files.not_after);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  void ReadChanged() {
    const Clock::time_point now = TheSystemClock().Now();
    if (now - looked_at_ < limits::kTlsLookEvery) return;
    looked_at_ = now;
    // Taken before reading: a change during the read is seen at the next look.
    const Stamps stamps = StampsOf(settings_);
    if (stamps == stamps_) return;
    stamps_ = stamps;
    auto files = ReadTlsFiles(settings_, log_);
    metrics_.TlsReloaded(files.ok());
    if (files.ok()) {
      log_.Info("the TLS files have changed; clients that connect from now on get the new ones");
      fresh_ = *std::move(files);
      return;
    }
    log_.Warning("the TLS files have changed and cannot be used; the previous ones stay in use",
                 {{log_key::kError, std::string(files.status().message())}});
  }

  const Settings& settings_;
  Metrics& metrics_;
  const Logger log_;
  grpc_server_credentials* credentials_ = nullptr;

  std::mutex mutex_;
  // Of the files that were read last, usable or not.
  Stamps stamps_;
  // Read, and not yet passed to gRPC.
  std::optional<TlsFiles> fresh_;
  Clock::time_point looked_at_{};
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const Settings& settings, Metrics& metrics, const Logger& log) {
  const Stamps stamps = TlsCredentials::StampsOf(settings);
  auto files = ReadTlsFiles(settings, log);
  if (!files.ok()) return files.status();
  if (files->cert.empty()) return grpc::InsecureServerCredentials();
  return std::make_shared<TlsCredentials>(settings, metrics, log, *std::move(files), stamps);
}

}  // namespace tributary
