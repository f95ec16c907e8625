// With a real Prometheus: it scrapes the connector and answers queries, and its own linter finds no
// fault.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/metrics/metered_scene.h"

namespace tributary::tests {
namespace {

class Prometheus : public MeteredScene {
 protected:
  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(Program("prometheus")))
        << "Prometheus is missing in the build folder; run: make build_tests";
    ASSERT_NO_FATAL_FAILURE(BeginWithMetrics());
  }

  static std::string Program(const std::string& name) {
    return absl::StrCat(PROMETHEUS_FOLDER, "/", name);
  }

  // On a free port, without the machine's own configuration.
  void StartPrometheus() {
    const std::string config = scene().dir() / "prometheus.yml";
    std::ofstream(config) << "global:\n"
                             "  scrape_interval: 200ms\n"
                             "scrape_configs:\n"
                             "  - job_name: tributary\n"
                             "    static_configs:\n"
                             "      - targets: ['"
                          << address() << "']\n";
    ChildOptions child;
    child.program = Program("prometheus");
    child.arguments = {"--config.file=" + config,
                       "--storage.tsdb.path=" + (scene().dir() / "prometheus"),
                       "--web.listen-address=127.0.0.1:0"};
    auto started = ChildProcess::Start(child);
    ASSERT_TRUE(started.ok()) << started.status();
    prometheus_ = *std::move(started);
    EXPECT_TRUE(Eventually([this] { return !PortOf(prometheus_->Errors()).empty(); }))
        << prometheus_->Errors();
    prometheus_address_ = absl::StrCat("127.0.0.1:", PortOf(prometheus_->Errors()));
  }

  // From the log line that names the port; empty: there is no such line yet.
  static std::string PortOf(const std::string& log) {
    const std::size_t line = log.find("msg=\"Listening on\" address=127.0.0.1:");
    const std::size_t end = line == std::string::npos ? line : log.find('\n', line);
    if (end == std::string::npos) return "";
    return log.substr(log.rfind(':', end) + 1, end - log.rfind(':', end) - 1);
  }

  // The value of the only series that the query returns; nothing: there is none, or more than one.
  std::optional<double> Query(const std::string& query) {
    const HttpAnswer answer = Get(prometheus_address_, "/api/v1/query?query=" + query);
    const auto json = nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
    if (answer.status != 200 || !json.is_object() || json.value("status", "") != "success") {
      return std::nullopt;
    }
    const auto& result = json.at("data").at("result");
    if (result.size() != 1) return std::nullopt;
    return std::stod(result.at(0).at("value").at(1).get<std::string>());
  }
  bool Becomes(const std::string& query, double value) {
    return Eventually([&] { return Query(query) == value; });
  }

  std::unique_ptr<ChildProcess> prometheus_;
  std::string prometheus_address_;
};

TEST_F(Prometheus, ScrapesTheConnectorAndAnswersWithWhatTheClientSaw) {
  ASSERT_NO_FATAL_FAILURE(StartPrometheus());
  EXPECT_TRUE(Becomes("up", 1)) << prometheus_->Errors();
  const SyncOutcome outcome = ExpectGoodSyncAndEqual();
  EXPECT_TRUE(
      Becomes("tributary_records_merged_total", static_cast<double>(outcome.Count("upserts"))));
  EXPECT_TRUE(Becomes("tributary_stream_bytes_total%7Bstage%3D%22sent%22%7D",
                      static_cast<double>(outcome.Count("bytes"))));
  EXPECT_TRUE(Becomes("tributary_syncs_ended_total%7Boutcome%3D%22ok%22%7D", 1));
  EXPECT_TRUE(Becomes("sum(tributary_sync_duration_seconds_bucket%7Ble%3D%22%2BInf%22%7D)", 1));
}

TEST_F(Prometheus, SeesTheTablesOfASyncThatRunsAndNoSeriesOfOneThatHasEnded) {
  ASSERT_NO_FATAL_FAILURE(StartPrometheus());
  const auto run = HeldSync(1);
  EXPECT_TRUE(Becomes("sum(tributary_sync_tables)", kTables)) << prometheus_->Errors();
  EXPECT_TRUE(Becomes("count(time()-tributary_sync_last_checkpoint_timestamp_seconds<3600)", 1));
  run->Continue();
  EXPECT_TRUE(run->Wait().ok());
  EXPECT_TRUE(Becomes("absent(tributary_sync_tables)", 1));
  EXPECT_TRUE(Becomes("tributary_syncs_running", 0));
}

TEST_F(Prometheus, LinterFindsNothingWrongWithAndWithoutASync) {
  const auto lint = [this] {
    const HttpAnswer scraped = Get(address());
    ASSERT_EQ(scraped.status, 200);
    const std::string file = scene().dir() / "metrics.txt";
    std::ofstream(file) << scraped.body;
    ChildOptions child;
    child.program = "/bin/sh";
    child.arguments = {
        "-c", absl::StrCat("exec '", Program("promtool"), "' check metrics < '", file, "'")};
    const auto promtool = ChildProcess::Start(child);
    ASSERT_TRUE(promtool.ok()) << promtool.status();
    const auto ending = (*promtool)->Wait();
    EXPECT_EQ(ending.value_or(Ending{}).ToString(), "exited with 0");
    EXPECT_EQ((*promtool)->Errors(), "");
    EXPECT_TRUE((*promtool)->Lines().empty());
  };
  lint();
  const auto run = HeldSync(1);
  EXPECT_TRUE(absl::StrContains(Get(address()).body, "connection="));
  lint();
}

}  // namespace
}  // namespace tributary::tests
