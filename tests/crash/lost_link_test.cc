// Half-open connections: from some moment on, all packets between connector and client are lost,
// and neither of them gets an error.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"
#include "tests/process/network.h"

namespace tributary::tests {
namespace {

constexpr std::uint64_t kSourceBytes = 200'000'000;

class LostLink : public Faults {
 protected:
  void SetUp() override {
    auto network = Network::Make();
    if (!network.ok()) GTEST_SKIP() << network.status().message();
    network_ = *std::move(network);
  }
  // A client at the other end of the path.
  SyncRunOptions FarSync() {
    SyncRunOptions options = scene().Sync();
    options.address = absl::StrCat(network_->host(), ":", connector().port());
    options.network = network_->client_namespace();
    return options;
  }
  // Until all of the source is staged, and reading has ended.
  void ExpectTheSourceToBeReadToItsEndInLittleMemory() {
    std::uint64_t most = 0;
    EXPECT_TRUE(Eventually([&] {
      most = std::max(most, MemoryOf(connector().pid()).resident());
      return !connector().Logged("reading ends").empty();
    })) << "the source is not read while its client is unreachable";
    RecordProperty("figures",
                   absl::StrCat("a source of ", kSourceBytes >> 20,
                                " MiB; the supervisor has at most ", most >> 20, " MiB"));
    EXPECT_LT(most, kMostSupervisorBytes);
    ExpectNoWorkers();
  }

  std::unique_ptr<Network> network_;
};

TEST_F(LostLink, LinkThatComesBackGoesOnWithTheSameCallAndLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(Begin({"--client-timeout", "120"}));
  Enlarge(kSourceBytes);
  const auto run = scene().InItsMidst(FarSync(), 0);
  ASSERT_TRUE(network_->Cut());
  ExpectTheSourceToBeReadToItsEndInLittleMemory();
  ASSERT_TRUE(run->running()) << run->Wait().text;
  ASSERT_TRUE(network_->Mend());
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectEqual();
  ExpectSoundSupervisor();
}

TEST_F(LostLink, LinkThatStaysCutFreesTheConnectionAndTheNextClientIsServedFromStaging) {
  // Longer than reading the source takes.
  constexpr int kClientTimeout = kSlowness == 1 ? 9 : 60;
  ASSERT_NO_FATAL_FAILURE(Begin({"--client-timeout", absl::StrCat(kClientTimeout)}));
  Enlarge(kSourceBytes);
  const auto run = scene().InItsMidst(FarSync(), 0);
  ASSERT_TRUE(network_->Cut());
  ExpectTheSourceToBeReadToItsEndInLittleMemory();
  // The next client uses the same destination.
  run->Kill();
  run->Wait();
  const std::size_t log_size = connector().LogSize();
  SyncOutcome outcome;
  ASSERT_TRUE(Eventually([&] {
    outcome = scene().RunSync();
    return outcome.grpc_code() != "ABORTED";
  })) << "the call of a lost client still occupies its connection\n"
      << outcome.text;
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  EXPECT_GT(scene().Replayed(log_size), 0u);
  EXPECT_EQ(connector().RowsRead(log_size), 0u);
  ExpectEqual();
  ExpectSoundSupervisor();
}

// There is no data in transit, so nothing of the sync itself detects that the connection is lost.
TEST_F(LostLink, LinkThatIsCutWhileNothingMovesEndsTheWorkersInTime) {
  using std::chrono::milliseconds;
  constexpr milliseconds kClientTimeout(3000);
  ASSERT_NO_FATAL_FAILURE(Begin({"--client-timeout", "3"}));
  ExpectGoodSync();
  AddRowsToAllTables();
  Database database(scene().source());
  database.Run("BEGIN EXCLUSIVE");
  SyncRunOptions options = FarSync();
  options.skip_setup = true;
  const milliseconds promised = kClientTimeout + kWorkersOutliveClientBy;
  const milliseconds took = QuickestOf(promised, [&] {
    EXPECT_TRUE(network_->Mend());
    SyncRun run(options);
    EXPECT_TRUE(Eventually([this] { return !connector().workers().empty(); }));
    const std::size_t log_size = connector().LogSize();
    const auto cut = std::chrono::steady_clock::now();
    EXPECT_TRUE(network_->Cut());
    Eventually([this] { return connector().workers().empty(); }, kTimesPromised * promised);
    const auto passed = std::chrono::ceil<milliseconds>(std::chrono::steady_clock::now() - cut);
    // The lock did not end it: the worker would have waited longer for that.
    for (const nlohmann::json& line : connector().Logged("sync ends", log_size)) {
      EXPECT_EQ(line.value("outcome", ""), "cancelled") << connector().Output();
    }
    return passed;
  });
  std::cout << "workers were gone after " << took.count() << " ms" << std::endl;
  EXPECT_LE(took, promised);
  database.Run("COMMIT");
  ExpectGoodSyncAndEqual();
  ExpectSoundSupervisor();
}

TEST_F(LostLink, LinkThatComesAndGoesLosesNothing) {
  ASSERT_NO_FATAL_FAILURE(Begin({"--client-timeout", "120"}));
  const auto run = scene().InItsMidst(FarSync(), 0);
  for (int cut = 0; cut < 5 && run->running(); ++cut) {
    ASSERT_TRUE(network_->Cut());
    ASSERT_TRUE(network_->Mend());
  }
  const SyncOutcome outcome = run->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text;
  ExpectEqual();
}

}  // namespace
}  // namespace tributary::tests
