// A supervisor that runs for a long time: its memory does not grow with the number of connections
// that it has served, whatever each of them needed.
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/connector_sdk.grpc.pb.h"
#include "tests/process/connector.h"
#include "tests/process/database.h"
#include "tests/process/temp_dir.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;

// The supervisor's memory in deploy/README.md, without the rings.
constexpr std::uint64_t kPromisedBytes = 100 << 20;
// How much more memory it may use after all connections than after the first ones.
constexpr std::uint64_t kMostGrowthBytes = 8 << 20;
constexpr int kFirstConnections = 60;
constexpr int kConnections = 240;
constexpr int kAtATime = 4;
// Their sizes are between 0.5 and 8 MB.
constexpr int kDatabases = 8;
constexpr int kRowsOfSmallest = 250;

class ManyConnections : public ::testing::Test {
 protected:
  ManyConnections()
      : connector_({.sqlite_root = dir_.path(),
                    .staging_dir = dir_ / "staging",
                    .flags = {"--workers", "1"}}) {
    for (int i = 0; i < kDatabases; ++i) {
      Database database(dir_ / absl::StrCat(i, ".db"));
      database.RunAtOnce(absl::StrCat(
          "CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT);",
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
          (i + 1) * kRowsOfSmallest, ") INSERT INTO t SELECT i, hex(randomblob(1000)) FROM n"));
    }
  }

  // One complete sync of a new connection: the same file by another path.
  bool Sync(sdk::SourceConnector::Stub& stub, int number) {
    sdk::UpdateRequest request;
    std::string path;
    for (int i = 0; i < number / kDatabases; ++i) path += "./";
    absl::StrAppend(&path, number % kDatabases, ".db");
    (*request.mutable_configuration())["source"] = "sqlite";
    (*request.mutable_configuration())["database_path"] = path;
    grpc::ClientContext context;
    auto reader = stub.Update(&context, request);
    sdk::UpdateResponse response;
    while (reader->Read(&response)) {
    }
    return reader->Finish().ok();
  }

  // Syncs the connections from `from` to `to`, several at the same time.
  void SyncAll(int from, int to) {
    const auto channel =
        grpc::CreateChannel(connector_.address(), grpc::InsecureChannelCredentials());
    const auto stub = sdk::SourceConnector::NewStub(channel);
    std::atomic<int> next = from;
    std::atomic<int> failed = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < kAtATime; ++i) {
      clients.emplace_back([&] {
        for (int number = next++; number < to; number = next++) {
          if (!Sync(*stub, number)) ++failed;
        }
      });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(failed, 0) << connector_.Output();
  }

  std::uint64_t Resident() const { return MemoryOf(connector_.pid()).resident(); }

  const TempDir dir_;
  Connector connector_;
};

TEST_F(ManyConnections, LeaveNoMoreMemoryBehindThanAFew) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizers have their own heap";
#endif
  const absl::Status started = connector_.Start();
  ASSERT_TRUE(started.ok()) << started;
  const std::uint64_t idle = Resident();
  SyncAll(0, kFirstConnections);
  // A sync frees its memory after its client has received the end.
  EXPECT_TRUE(
      Eventually([this] { return Resident() <= kPromisedBytes; }, std::chrono::seconds(10)));
  const std::uint64_t after_few = Resident();
  SyncAll(kFirstConnections, kConnections);
  EXPECT_TRUE(Eventually([&] { return Resident() <= after_few + kMostGrowthBytes; },
                         std::chrono::seconds(10)));
  const std::uint64_t after_all = Resident();
  EXPECT_LE(after_all, kPromisedBytes);
  testing::Test::RecordProperty(
      "figures", absl::StrCat(idle >> 10, " KiB before the first, ", after_few >> 10, " KiB after ",
                              kFirstConnections, " connections, ", after_all >> 10, " KiB after ",
                              kConnections));
}

}  // namespace
}  // namespace tributary::tests
