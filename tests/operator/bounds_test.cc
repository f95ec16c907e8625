// Clients of the gRPC port that misbehave: each meets a bound, and other clients are not affected.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include "common/limits.h"
#include "tests/operator/certificates.h"
#include "tests/operator/http2_client.h"
#include "tests/process/connector.h"
#include "tests/process/processes.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

class Bounds : public ::testing::Test {
 protected:
  Bounds() : connector_({.sqlite_root = dir_.path(), .staging_dir = dir_ / "staging"}) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  ~Bounds() override {
    if (HasFailure()) std::cout << connector_.Output() << std::endl;
  }
  void Start(std::vector<std::string> flags = {}) {
    connector_.options().flags = std::move(flags);
    const absl::Status started = connector_.Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  // Another client still gets an answer.
  void ExpectServes() {
    Http2Client client(connector_.port());
    client.Greet();
    client.CheckHealth(1);
    EXPECT_TRUE(client.Next(Http2Frame::kData).has_value());
  }

  TempDir dir_;
  Connector connector_;
};

TEST_F(Bounds, ClientThatSaysNothingIsDropped) {
  ASSERT_NO_FATAL_FAILURE(Start({"--client-timeout", "1"}));
  Http2Client silent(connector_.port());
  ASSERT_TRUE(silent.connected());
  EXPECT_TRUE(silent.AwaitEnd());
  ExpectServes();
}

TEST_F(Bounds, ClientThatNeverBeginsTlsIsDropped) {
  const KeyPair pair = MakeKeyPair();
  std::ofstream(dir_ / "cert.pem") << pair.certificate;
  std::ofstream(dir_ / "key.pem") << pair.key;
  ASSERT_NO_FATAL_FAILURE(Start(
      {"--client-timeout", "1", "--tls-cert", dir_ / "cert.pem", "--tls-key", dir_ / "key.pem"}));
  Http2Client silent(connector_.port());
  ASSERT_TRUE(silent.connected());
  EXPECT_TRUE(silent.AwaitEnd());
}

TEST_F(Bounds, ConnectionWithoutACallIsEndedWithAWord) {
  ASSERT_NO_FATAL_FAILURE(Start({"--client-timeout", "1"}));
  Http2Client idle(connector_.port());
  idle.Greet();
  idle.CheckHealth(1);
  ASSERT_TRUE(idle.Next(Http2Frame::kData).has_value());
  EXPECT_TRUE(idle.Next(Http2Frame::kGoAway).has_value());
  EXPECT_TRUE(idle.AwaitEnd());
  ExpectServes();
}

TEST_F(Bounds, ClientWithMoreCallsThanItMayHaveLosesItsConnection) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Http2Client greedy(connector_.port());
  greedy.Greet();
  // It has received the bound, and ignores it.
  ASSERT_TRUE(greedy.Next(Http2Frame::kSettings).has_value());
  for (std::uint32_t call = 0; call < limits::kMaxCallsOnConnection; ++call) {
    greedy.WatchHealth(2 * call + 1);
  }
  for (int answers = 0; answers < limits::kMaxCallsOnConnection; ++answers) {
    ASSERT_TRUE(greedy.Next(Http2Frame::kData).has_value()) << answers;
  }
  greedy.WatchHealth(2 * limits::kMaxCallsOnConnection + 1);
  EXPECT_TRUE(greedy.AwaitEnd());
  ExpectServes();
}

TEST_F(Bounds, MessageOverTheBoundIsRefusedAndAFarLargerOneIsNotEvenTaken) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* const call : {"Update", "Schema"}) {
    const std::string path = std::string("/fivetran_sdk.v2.SourceConnector/") + call;
    Http2Client client(connector_.port());
    client.Greet();
    ASSERT_TRUE(client.Next(Http2Frame::kSettings).has_value());
    client.Call(1, path);
    client.LargeMessage(1, static_cast<std::uint32_t>(limits::kMaxRequestBytes + 1));
    const auto refused = client.Next(Http2Frame::kHeaders);
    ASSERT_TRUE(refused.has_value()) << call;
    EXPECT_TRUE(refused->ends_stream()) << "there is an answer";

    Http2Client far(connector_.port());
    far.Greet();
    ASSERT_TRUE(far.Next(Http2Frame::kSettings).has_value());
    far.Call(1, path);
    EXPECT_FALSE(far.LargeMessage(1, std::uint32_t{2} << 30)) << call;
  }
  ExpectServes();
}

TEST_F(Bounds, HeadersOverTheBoundAreRefused) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Http2Client client(connector_.port());
  client.Greet();
  ASSERT_TRUE(client.Next(Http2Frame::kSettings).has_value());
  client.Call(1, "/grpc.health.v1.Health/Check", 4 * limits::kMaxCallHeaderBytes);
  client.Message(1, "", 0);
  for (;;) {
    const auto frame = client.Next();
    if (!frame.has_value()) break;
    if (frame->stream != 1) continue;
    ASSERT_NE(frame->type, Http2Frame::kData) << "it was answered";
    if (frame->type == Http2Frame::kResetStream || frame->ends_stream()) break;
  }
  ExpectServes();
}

TEST_F(Bounds, ClientsForWhomThereIsNoConnectionWaitUntilOneEnds) {
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<std::unique_ptr<Http2Client>> clients;
  for (std::size_t i = 0; i < limits::kMaxClientConnections; ++i) {
    clients.push_back(std::make_unique<Http2Client>(connector_.port()));
    clients.back()->Greet();
    ASSERT_TRUE(clients.back()->Next(Http2Frame::kSettings).has_value()) << i;
  }
  ASSERT_TRUE(connector_.WaitForLog("further clients have to wait").has_value());
  // The kernel has accepted its connection; the connector does not read from it.
  Http2Client waits(connector_.port());
  waits.Greet();
  waits.CheckHealth(1);
  clients.front()->CheckHealth(1);
  EXPECT_TRUE(clients.front()->Next(Http2Frame::kData).has_value())
      << "the accepted clients are still served";
  clients.pop_back();
  EXPECT_TRUE(waits.Next(Http2Frame::kData).has_value());
}

}  // namespace
}  // namespace tributary::tests
