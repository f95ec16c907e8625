// The HTTP server: what it serves, and clients that misbehave.
#include "supervisor/web/web_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/metrics/scrape.h"

namespace tributary::tests {
namespace {

using Clock = std::chrono::steady_clock;
// Less than the patience with any client, and enough for a busy machine.
constexpr std::chrono::seconds kAtOnce = limits::kMetricsPatience - std::chrono::seconds(1);

class WebServerTest : public ::testing::Test {
 protected:
  WebServerTest() {
    auto server = WebServer::Start("127.0.0.1:0", pages_);
    EXPECT_TRUE(server.ok()) << server.status();
    if (server.ok()) server_ = *std::move(server);
  }

  const std::string& address() const { return server_->address(); }
  // Clients that connect and send nothing.
  std::vector<FileDescriptor> Silent(std::size_t count) {
    std::vector<FileDescriptor> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(ConnectTo(address()));
    return clients;
  }

  Metrics metrics_;
  StatusBoard board_{metrics_};
  Pages pages_{board_, "", "1"};
  std::unique_ptr<WebServer> server_;
};

TEST_F(WebServerTest, MetricsAreServedAsPrometheusText) {
  const HttpAnswer answer = Get(address());
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(absl::StrContains(answer.head, "Content-Type: text/plain; version=0.0.4"))
      << answer.head;
  EXPECT_TRUE(absl::StrContains(answer.head, "Connection: close")) << answer.head;
  EXPECT_EQ(answer.body, metrics_.Exposition());
}

TEST_F(WebServerTest, QueryBehindThePathChangesNothing) {
  EXPECT_EQ(Get(address(), "/metrics?from=prometheus").status, 200);
}

TEST_F(WebServerTest, EveryOtherPathIsNotFound) {
  for (const char* path : {"/metrics/", "/metricsx", "/page.js", "/../metrics", "*"}) {
    EXPECT_EQ(Get(address(), path).status, 404) << path;
  }
}

TEST_F(WebServerTest, MetricsCanOnlyBeRead) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    const HttpAnswer answer =
        Ask(address(), absl::StrCat(method, " /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_TRUE(absl::StrContains(answer.head, "Allow: GET")) << answer.head;
  }
}

TEST_F(WebServerTest, WhatIsNoHttpIsRefused) {
  for (const std::string& request : {std::string("hello\r\n\r\n"), std::string(100, '\0'),
                                     std::string("GET /metrics HTTP/9.9\r\n\r\n"),
                                     std::string("\x16\x03\x01\x02 TLS asks\r\n\r\n")}) {
    EXPECT_EQ(Ask(address(), request).status, 400) << request;
  }
  EXPECT_EQ(Get(address()).status, 200);
}

TEST_F(WebServerTest, RequestWithoutEndIsRefusedAtABound) {
  const std::string endless =
      "GET /metrics HTTP/1.1\r\nX: " + std::string(limits::kMetricsRequestBytes, 'x');
  EXPECT_EQ(Ask(address(), endless).status, 400);
  EXPECT_EQ(Get(address()).status, 200);
}

TEST_F(WebServerTest, ClientThatSendsNothingKeepsNoOtherFromItsAnswer) {
  const auto silent = Silent(limits::kMetricsConnections - 1);
  const auto asked = Clock::now();
  EXPECT_EQ(Get(address()).status, 200);
  EXPECT_LT(Clock::now() - asked, kAtOnce);
}

TEST_F(WebServerTest, ClientThatStopsInMidRequestIsDropped) {
  const FileDescriptor half = ConnectTo(address());
  ASSERT_GT(send(half.get(), "GET /met", 8, MSG_NOSIGNAL), 0);
  pollfd wait{half.get(), POLLIN, 0};
  const auto limit =
      std::chrono::duration_cast<std::chrono::milliseconds>(2 * limits::kMetricsPatience);
  EXPECT_EQ(poll(&wait, 1, static_cast<int>(limit.count())), 1)
      << "the connection stays open for too long";
}

TEST_F(WebServerTest, MoreSilentClientsThanAreServedAtATimeCostAScrapeOnlyTheirPatience) {
  const auto silent = Silent(2 * limits::kMetricsConnections);
  const auto asked = Clock::now();
  EXPECT_EQ(Get(address()).status, 200);
  EXPECT_LT(Clock::now() - asked, 2 * limits::kMetricsPatience + kAtOnce);
}

TEST_F(WebServerTest, ManyScrapesAtATimeAreAllAnswered) {
  constexpr int kClients = 8;
  constexpr int kScrapes = 50;
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      for (int scrape = 0; scrape < kScrapes; ++scrape) {
        if (Get(address()).status == 200) ++answered;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, kClients * kScrapes);
}

TEST_F(WebServerTest, WantOfDescriptorsIsOutlived) {
  const auto silent = Silent(1);
  ASSERT_TRUE(silent.front().valid());
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const FileDescriptor waits = ConnectTo(address());
  // No descriptor is left for the client that has just connected.
  const rlimit none{static_cast<rlim_t>(waits.get()) + 1, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(Get(address()).status, 200);
}

TEST_F(WebServerTest, EndingItDoesNotWaitForClients) {
  const auto silent = Silent(limits::kMetricsConnections + 1);
  const auto ends = Clock::now();
  server_.reset();
  EXPECT_LT(Clock::now() - ends, kAtOnce);
}

TEST_F(WebServerTest, TakenPortIsRefusedWithTheCure) {
  const auto second = WebServer::Start(address(), pages_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(second.status().message(), "choose another --metrics-address"))
      << second.status();
}

TEST(MetricsAddress, WhatIsNoHostAndPortIsRefusedWithTheForm) {
  Metrics metrics;
  const StatusBoard board(metrics);
  const Pages pages(board, "", "1");
  for (const char* address : {"", "65536", "localhost", "localhost:", "localhost:http",
                              "localhost:65536", "localhost:-1", "::1:9464", "http://x:1/"}) {
    const auto server = WebServer::Start(address, pages);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_TRUE(absl::StrContains(server.status().message(), "127.0.0.1:9464")) << server.status();
  }
}

TEST(MetricsAddress, AddressOfAnotherMachineIsRefusedWithTheCure) {
  Metrics metrics;
  const StatusBoard board(metrics);
  const Pages pages(board, "", "1");
  // Addresses and names that are reserved for documentation.
  for (const char* address : {"192.0.2.1:9464", "[2001:db8::1]:9464", "nowhere.invalid:9464"}) {
    const auto server = WebServer::Start(address, pages);
    EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition) << address;
    EXPECT_TRUE(absl::StrContains(server.status().message(), "--metrics-address"))
        << server.status();
  }
}

TEST(MetricsAddress, NamesAddressesAndNoneAreListenedAt) {
  Metrics metrics;
  const StatusBoard board(metrics);
  const Pages pages(board, "", "1");
  for (const char* address : {"localhost:0", "127.0.0.1:0", "0.0.0.0:0", ":0", "0"}) {
    const auto server = WebServer::Start(address, pages);
    ASSERT_TRUE(server.ok()) << server.status();
    const std::string port = (*server)->address().substr((*server)->address().rfind(':'));
    const std::string host =
        address == std::string("localhost:0") && absl::StartsWith((*server)->address(), "[::1]")
            ? "[::1]"
            : "127.0.0.1";
    EXPECT_EQ(Get(host + port).status, 200) << address;
    const bool all = address == std::string("0.0.0.0:0") || address == std::string(":0");
    EXPECT_EQ((*server)->loopback(), !all) << address;
  }
}

}  // namespace
}  // namespace tributary::tests
