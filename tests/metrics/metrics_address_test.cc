// --metrics-address on the real connector: where it listens, and that clients of it disturb
// nothing.
#include <chrono>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/metrics/metered_scene.h"

namespace tributary::tests {
namespace {

class MetricsAddressFlag : public MeteredScene {};

TEST_F(MetricsAddressFlag, ClientOfTheMetricsThatSendsNothingHoldsUpNeitherScrapeNorSync) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  const FileDescriptor silent = ConnectTo(address());
  ASSERT_TRUE(silent.valid());
  const auto asked = std::chrono::steady_clock::now();
  Scraped();
  EXPECT_LT(std::chrono::steady_clock::now() - asked, limits::kMetricsPatience);
  ExpectGoodSyncAndEqual();
}

TEST_F(MetricsAddressFlag, NothingIsServedUnlessAskedFor) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  EXPECT_TRUE(connector().Logged("metrics can be scraped").empty());
  for (const auto& thread :
       std::filesystem::directory_iterator(absl::StrCat("/proc/", connector().pid(), "/task"))) {
    std::string name;
    std::ifstream(thread.path() / "comm") >> name;
    EXPECT_NE(name, "web");
  }
}

TEST_F(MetricsAddressFlag, AddressMayStandInTheEnvironment) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  connector().Stop();
  connector().options().environment["TRIBUTARY_METRICS_ADDRESS"] = "127.0.0.1:0";
  ASSERT_NO_FATAL_FAILURE(StartConnector());
  EXPECT_EQ(Get(address()).status, 200);
}

TEST_F(MetricsAddressFlag, AddressThatIsTakenOrNoneIsAClearErrorAtStart) {
  ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  for (const std::string& bad : {address(), std::string("192.0.2.1:1"), std::string("localhost")}) {
    Connector second({.sqlite_root = scene().dir().path(),
                      .staging_dir = scene().dir() / "staging2",
                      .flags = {"--metrics-address", bad}});
    EXPECT_FALSE(second.Start().ok());
    EXPECT_EQ(second.Wait()->ToString(), "exited with 1");
    const auto said = second.Logged("serve metrics: ");
    ASSERT_EQ(said.size(), 1u) << second.Output();
    EXPECT_EQ(said.front().value("level", ""), "SEVERE");
    EXPECT_TRUE(absl::StrContains(said.front().value("message", ""), "--metrics-address"))
        << second.Output();
  }
  EXPECT_EQ(Get(address()).status, 200);
}

}  // namespace
}  // namespace tributary::tests
