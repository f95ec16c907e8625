// A TLS client inside the sandbox, and a server that is a separate program.
#include "worker/network/tls.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "common/file_descriptor.h"
#include "common/worker_start.h"
#include "tests/process/certificates.h"
#include "tests/process/child_process.h"
#include "tests/process/temp_dir.h"
#include "tests/worker/network/beat_times.h"
#include "tests/worker/sandbox/attempts.h"
#include "worker/network/memory_file.h"
#include "worker/wait.h"

namespace tributary {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience(60);
constexpr char kAsk[] = "GET / HTTP/1.0\r\n\r\n";

// `openssl s_server`, which answers each request with details of the connection.
class TlsServer {
 public:
  explicit TlsServer(const tests::Certificates::Signed& identity) {
    auto started = tests::ChildProcess::Start(
        {.program = "/usr/bin/openssl",
         .arguments = {"s_server", "-accept", "127.0.0.1:0", "-www", "-cert", identity.certificate,
                       "-key", identity.key}});
    if (!started.ok()) return;
    process_ = *std::move(started);
    const auto line =
        process_->WaitForLine([](const std::string& text) { return text.starts_with("ACCEPT "); });
    std::uint32_t port = 0;
    if (line.has_value() &&
        absl::SimpleAtoi(line->second.substr(line->second.rfind(':') + 1), &port)) {
      port_ = static_cast<std::uint16_t>(port);
    }
  }
  std::uint16_t port() const { return port_; }

 private:
  std::unique_ptr<tests::ChildProcess> process_;
  std::uint16_t port_ = 0;
};

class Client {
 public:
  Client(std::uint16_t port, const std::string& ca, const char* expected_name) {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr || SSL_CTX_load_verify_file(context, ca.c_str()) != 1) return;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    session_.reset(SSL_new(context));
    SSL_CTX_free(context);
    SSL_set1_host(session_.get(), expected_name);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 &&
        ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK) == 0;
    SSL_set_fd(session_.get(), socket_.get());
  }

  // The server's answer, or what went wrong.
  std::string Talk() {
    if (session_ == nullptr) return "no context";
    if (!connected_) return "no connection";
    const auto connect = [this] { return SSL_connect(session_.get()); };
    if (Do(connect) != 1) return Reason();
    if (Do([this] { return SSL_write(session_.get(), kAsk, sizeof(kAsk) - 1); }) <= 0) {
      return Reason();
    }
    std::string answer;
    std::array<char, 4096> part{};
    const auto read = [&] {
      return SSL_read(session_.get(), part.data(), static_cast<int>(part.size()));
    };
    for (int got = 0; (got = Do(read)) > 0;)
      answer.append(part.data(), static_cast<std::size_t>(got));
    return answer;
  }

 private:
  template <typename Step>
  int Do(const Step& step) {
    const auto until = Clock::now() + kPatience;
    for (;;) {
      const int result = step();
      const int error = SSL_get_error(session_.get(), result);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return result;
      const short event = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      if (WaitFor(socket_.get(), event, until, pulse_) == 0) return -1;
    }
  }
  std::string Reason() const {
    const long verified = SSL_get_verify_result(session_.get());
    if (verified != X509_V_OK) return X509_verify_cert_error_string(verified);
    return ERR_reason_error_string(ERR_peek_last_error());
  }

  FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::unique_ptr<SSL, void (*)(SSL*)> session_{nullptr, &SSL_free};
  tests::BeatTimes pulse_;
  bool connected_ = false;
};

class TlsTest : public testing::Test {
 protected:
  // What a worker gets from the server when it expects the name `expected_name` and a certificate
  // of `ca`.
  std::string Talk(const std::string& ca, const char* expected_name) {
    std::string heard;
    const Outcome outcome = RunInChild([&](Complaints& complaints) {
      // As in a worker, whose lower descriptors are those of the supervisor.
      while (::open("/dev/null", O_RDONLY | O_CLOEXEC) < kLastWorkerFd) continue;
      const absl::Status prepared = PrepareTls();
      const auto file = MemoryFile::Make(ReadAll(ca));
      const auto entered = EnterSandbox({.tcp_ports = {server_.port()}}, {});
      complaints.Check(prepared.ok() && file.ok() && entered.ok(), "ready");
      complaints.Check(false, Client(server_.port(), file->path(), expected_name).Talk());
    });
    EXPECT_EQ(outcome.status, 0);
    return outcome.told;
  }

  tests::TempDir dir_;
  const tests::Certificates certificates_{dir_.path()};
  const TlsServer server_{certificates_.Sign("localhost")};
};

TEST_F(TlsTest, ServerIsSpokenToWithACertificateFromMemory) {
  ASSERT_NE(server_.port(), 0);
  EXPECT_THAT(Talk(certificates_.ca(), "localhost"), HasSubstr("HTTP/1.0 200 ok"));
}

TEST_F(TlsTest, ServerOfAnotherNameOrAuthorityIsRefused) {
  ASSERT_NE(server_.port(), 0);
  EXPECT_THAT(Talk(certificates_.ca(), "elsewhere.test"), HasSubstr("hostname mismatch"));
  tests::TempDir other_dir;
  const tests::Certificates other(other_dir.path());
  EXPECT_THAT(Talk(other.ca(), "localhost"), HasSubstr("certificate"));
}

}  // namespace
}  // namespace tributary
