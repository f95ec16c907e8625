// TLS files that change while the connector runs.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "common/file_descriptor.h"
#include "tests/metrics/scrape.h"
#include "tests/operator/certificates.h"
#include "tests/process/connector.h"
#include "tests/process/processes.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

constexpr unsigned char kHttp2[] = {2, 'h', '2'};
constexpr char kGreeting[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
constexpr char kPing[] = "\0\0\10\6\0\0\0\0\0tributar";

struct Freed {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

// A client that accepts any certificate and stores it.
class TlsClient {
 public:
  // `own` is sent to the server; nullptr: no certificate is sent.
  explicit TlsClient(const std::string& port, const KeyPair* own = nullptr)
      : context_(SSL_CTX_new(TLS_client_method())), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      return;
    SSL_CTX_set_alpn_protos(context_.get(), kHttp2, sizeof(kHttp2));
    if (own != nullptr) Show(*own);
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), socket_.get());
    if (SSL_connect(session_.get()) != 1) return;
    SSL_write(session_.get(), kGreeting, sizeof(kGreeting) - 1);
    // With TLS 1.3 a server refuses a client after the handshake.
    served_ = Reads();
  }

  bool served() const { return served_; }
  // As PEM.
  std::string certificate() const {
    const std::unique_ptr<X509, Freed> peer(SSL_get1_peer_certificate(session_.get()));
    if (peer == nullptr) return "";
    const std::unique_ptr<BIO, Freed> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), peer.get());
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(count)};
  }
  // Whether a connection that was opened before still works.
  bool StillServed() {
    SSL_write(session_.get(), kPing, sizeof(kPing) - 1);
    // The answer contains what was sent.
    while (received_.find("tributar") == std::string::npos) {
      if (!Reads()) return false;
    }
    return true;
  }

 private:
  void Show(const KeyPair& own) {
    const std::unique_ptr<BIO, Freed> cert(BIO_new_mem_buf(own.certificate.data(), -1));
    const std::unique_ptr<X509, Freed> certificate(
        PEM_read_bio_X509(cert.get(), nullptr, nullptr, nullptr));
    const std::unique_ptr<BIO, Freed> pem(BIO_new_mem_buf(own.key.data(), -1));
    const std::unique_ptr<EVP_PKEY, Freed> key(
        PEM_read_bio_PrivateKey(pem.get(), nullptr, nullptr, nullptr));
    SSL_CTX_use_certificate(context_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), key.get());
  }
  bool Reads() {
    char bytes[512];
    const int got = SSL_read(session_.get(), bytes, sizeof(bytes));
    if (got > 0) received_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }

  std::unique_ptr<SSL_CTX, Freed> context_;
  FileDescriptor socket_;
  std::unique_ptr<SSL, Freed> session_;
  std::string received_;
  bool served_ = false;
};

class TlsReload : public ::testing::Test {
 protected:
  TlsReload() : connector_({.sqlite_root = dir_.path(), .staging_dir = dir_ / "staging"}) {
    // OpenSSL writes to connections that the server has closed.
    signal(SIGPIPE, SIG_IGN);
  }
  ~TlsReload() override {
    if (HasFailure()) std::cout << connector_.Output() << std::endl;
  }
  // Replaces the file atomically, as a program that renews certificates should.
  void Put(const std::string& name, const std::string& content) {
    std::ofstream(dir_ / (name + ".new")) << content;
    ASSERT_EQ(std::rename((dir_ / (name + ".new")).c_str(), (dir_ / name).c_str()), 0);
  }
  void Start(bool asks_clients = false) {
    Put("cert.pem", first_.certificate);
    Put("key.pem", first_.key);
    Put("ca.pem", first_.certificate);
    connector_.options().flags = {"--tls-cert",     dir_ / "cert.pem",   "--tls-key",
                                  dir_ / "key.pem", "--metrics-address", "0"};
    if (asks_clients) {
      auto& flags = connector_.options().flags;
      flags.insert(flags.end(), {"--tls-client-ca", dir_ / "ca.pem"});
    }
    const absl::Status started = connector_.Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  double Metric(const std::string& name) {
    const auto told = connector_.WaitForLog("metrics can be scraped");
    return Samples(Get(told->value("address", "")).body)[name];
  }

  const KeyPair first_ = MakeKeyPair(1);
  const KeyPair second_ = MakeKeyPair(3);
  TempDir dir_;
  Connector connector_;
};

TEST_F(TlsReload, NewCertificateIsServedToClientsThatConnectAfterItWasPutThere) {
  ASSERT_NO_FATAL_FAILURE(Start());
  TlsClient before(connector_.port());
  EXPECT_EQ(before.certificate(), first_.certificate);
  const double expires = Metric("tributary_tls_certificate_not_after_timestamp_seconds");
  EXPECT_GT(expires, 0);
  Put("cert.pem", second_.certificate);
  Put("key.pem", second_.key);
  EXPECT_TRUE(Eventually(
      [&] { return TlsClient(connector_.port()).certificate() == second_.certificate; }));
  EXPECT_TRUE(before.StillServed()) << "a connection that was open before was closed";
  EXPECT_GE(Metric("tributary_tls_reloads_total{outcome=\"ok\"}"), 1);
  EXPECT_GT(Metric("tributary_tls_certificate_not_after_timestamp_seconds"), expires);
}

TEST_F(TlsReload, FilesThatDoNotFitLeaveTheOnesBeforeInPlaceUntilTheyDo) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Put("cert.pem", second_.certificate);
  ASSERT_TRUE(Eventually([&] {
    EXPECT_EQ(TlsClient(connector_.port()).certificate(), first_.certificate);
    return !connector_.Logged("the previous ones stay in use").empty();
  }));
  const auto said = connector_.Logged("the previous ones stay in use");
  EXPECT_NE(said.front().value("error", "").find("--tls-key"), std::string::npos) << said.front();
  EXPECT_EQ(Metric("tributary_tls_reloads_total{outcome=\"refused\"}"), 1);
  std::remove((dir_ / "key.pem").c_str());
  EXPECT_EQ(TlsClient(connector_.port()).certificate(), first_.certificate);
  Put("key.pem", second_.key);
  EXPECT_TRUE(Eventually(
      [&] { return TlsClient(connector_.port()).certificate() == second_.certificate; }));
}

TEST_F(TlsReload, OtherAuthorityOfClientsHoldsForThoseThatConnectAfterIt) {
  ASSERT_NO_FATAL_FAILURE(Start(/*asks_clients=*/true));
  EXPECT_TRUE(TlsClient(connector_.port(), &first_).served());
  EXPECT_FALSE(TlsClient(connector_.port(), &second_).served());
  EXPECT_FALSE(TlsClient(connector_.port()).served());
  Put("ca.pem", second_.certificate);
  EXPECT_TRUE(Eventually([&] { return TlsClient(connector_.port(), &second_).served(); }));
  EXPECT_FALSE(TlsClient(connector_.port(), &first_).served());
}

}  // namespace
}  // namespace tributary::tests
