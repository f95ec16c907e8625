// TLS to a server: how its certificate is checked, the client's certificate, and the text of each
// refusal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/process/certificates.h"
#include "tests/process/temp_dir.h"
#include "tests/worker/sources/postgresql/reading.h"

namespace tributary::postgresql {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A server with TLS, and connections to it.
class TlsServer {
 public:
  TlsServer(const std::string& access, const std::string& name, int days)
      : server_(tests::PostgresServer::Make({.access = {access},
                                             .certificate = certificates_.Sign(name, days),
                                             .client_ca = certificates_.ca()})) {
    EXPECT_TRUE(server_.ok()) << server_.status();
  }
  // The result of the setup test `connect`.
  absl::Status Connect(const Configuration& changes) const {
    Configuration configuration = {{"source", "postgresql"},
                                   {"host", "localhost"},
                                   {"port", absl::StrCat((*server_)->port())},
                                   {"database", tests::PostgresServer::kDatabase},
                                   {"user", tests::PostgresServer::kUser}};
    for (const auto& [key, value] : changes) configuration[key] = value;
    postgresql_test::CountingPulse pulse;
    PostgresqlSource source({.configuration = configuration}, pulse,
                            std::chrono::milliseconds(500));
    const auto prepared = source.Prepare();
    return prepared.ok() ? source.Test(kConnectTest) : prepared.status();
  }
  std::string Ca() const { return Uploaded(certificates_.ca()); }
  const tests::Certificates& certificates() const { return certificates_; }
  static std::string Uploaded(const std::string& file) {
    std::ifstream in(file);
    return absl::Base64Escape(std::string(std::istreambuf_iterator<char>(in), {}));
  }

 private:
  tests::TempDir dir_;
  tests::Certificates certificates_{dir_.path()};
  absl::StatusOr<std::unique_ptr<tests::PostgresServer>> server_;
};

TEST(SessionTls, CertificatesAreCheckedAsTheModeSays) {
  const TlsServer server("hostssl all all 127.0.0.1/32 trust", "localhost", /*days=*/1);
  EXPECT_TRUE(server.Connect({{"sslmode", "require"}}).ok());
  const absl::Status full =
      server.Connect({{"sslmode", "verify-full"}, {"sslrootcert", server.Ca()}});
  EXPECT_TRUE(full.ok()) << full;
  EXPECT_TRUE(server.Connect({{"sslmode", "verify-ca"}, {"sslrootcert", server.Ca()}}).ok());
  const tests::TempDir dir;
  const std::string another = TlsServer::Uploaded(tests::Certificates(dir.path()).ca());
  const absl::Status other_authority =
      server.Connect({{"sslmode", "verify-ca"}, {"sslrootcert", another}});
  EXPECT_TRUE(absl::IsFailedPrecondition(other_authority)) << other_authority;
  EXPECT_THAT(std::string(other_authority.message()), HasSubstr("`sslrootcert`"));
  const absl::Status plain = server.Connect({{"sslmode", "disable"}});
  EXPECT_TRUE(absl::IsFailedPrecondition(plain)) << plain;
  EXPECT_THAT(std::string(plain.message()), HasSubstr("sslmode"));
}

TEST(SessionTls, AServersCertificateThatHasExpiredIsRefusedWhereItIsChecked) {
  const TlsServer server("hostssl all all 127.0.0.1/32 trust", "localhost", /*days=*/-1);
  EXPECT_TRUE(server.Connect({{"sslmode", "require"}}).ok());
  for (const char* const mode : {"verify-ca", "verify-full"}) {
    const absl::Status status = server.Connect({{"sslmode", mode}, {"sslrootcert", server.Ca()}});
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("has not expired"));
  }
}

TEST(SessionTls, AServersCertificateForAnotherNameIsRefusedUnderVerifyFullOnly) {
  const TlsServer server("hostssl all all 127.0.0.1/32 trust", "db.example.com", /*days=*/1);
  EXPECT_TRUE(server.Connect({{"sslmode", "verify-ca"}, {"sslrootcert", server.Ca()}}).ok());
  const absl::Status status =
      server.Connect({{"sslmode", "verify-full"}, {"sslrootcert", server.Ca()}});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("db.example.com"), HasSubstr("`host`"), HasSubstr("verify-ca")));
}

TEST(SessionTls, AServerThatWantsAClientsCertificateGetsItOrTheRefusalNamesTheSetting) {
  const TlsServer server("hostssl all all 127.0.0.1/32 cert", "localhost", /*days=*/1);
  const auto connect = [&server](const std::string& certificate, const std::string& key) {
    Configuration changes = {{"sslmode", "verify-full"}, {"sslrootcert", server.Ca()}};
    if (!certificate.empty()) {
      changes["sslcert"] = TlsServer::Uploaded(certificate);
      changes["sslkey"] = TlsServer::Uploaded(key);
    }
    return server.Connect(changes);
  };
  const auto good = server.certificates().Sign("postgres");
  const auto other = server.certificates().Sign("somebody");
  const auto expired = server.certificates().Sign("postgres", -1);
  const tests::TempDir dir;
  const auto foreign = tests::Certificates(dir.path()).Sign("postgres");
  const absl::Status taken = connect(good.certificate, good.key);
  EXPECT_TRUE(taken.ok()) << taken;
  const struct {
    const char* what;
    absl::Status status;
  } kRefused[] = {
      {"none", connect("", "")},
      {"another user's", connect(other.certificate, other.key)},
      {"one that has expired", connect(expired.certificate, expired.key)},
      {"one of another authority", connect(foreign.certificate, foreign.key)},
      {"with the key of another", connect(good.certificate, other.key)},
  };
  for (const auto& refused : kRefused) {
    SCOPED_TRACE(refused.what);
    EXPECT_TRUE(absl::IsFailedPrecondition(refused.status)) << refused.status;
    EXPECT_THAT(std::string(refused.status.message()), HasSubstr("`sslcert`"));
  }
}

}  // namespace
}  // namespace tributary::postgresql
