// A connector whose metrics are scraped while its client syncs.
#ifndef TRIBUTARY_TESTS_METRICS_METERED_SCENE_H_
#define TRIBUTARY_TESTS_METRICS_METERED_SCENE_H_

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"
#include "tests/metrics/scrape.h"

namespace tributary::tests {

class MeteredScene : public Faults {
 protected:
  void BeginWithMetrics() { Begin({"--metrics-address", "127.0.0.1:0"}); }
  std::string address() {
    const auto told = connector().WaitForLog("metrics can be scraped");
    return told.has_value() ? told->value("address", "") : "";
  }
  Samples Scraped() {
    const HttpAnswer answer = Get(address());
    EXPECT_EQ(answer.status, 200);
    return Samples(answer.body);
  }
  double Now(const std::string& name) { return Scraped()[name]; }
  bool Becomes(const std::string& name, double value) {
    return Eventually([&] { return Now(name) == value; });
  }
  // A sample of the only running sync.
  std::string OfSync(const std::string& metric, const std::string& more = "") {
    const auto starts = connector().Logged("sync starts");
    const std::string id = starts.empty() ? "" : starts.back().value("connection", "");
    return absl::StrCat(metric, "{connection=\"", id, "\"", more, "}");
  }
  std::string Outcome(const std::string& outcome) {
    return absl::StrCat("tributary_syncs_ended_total{outcome=\"", outcome, "\"}");
  }
  std::string WorkerEnds(const std::string& reason) {
    return absl::StrCat("tributary_worker_ends_total{reason=\"", reason, "\"}");
  }
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_METRICS_METERED_SCENE_H_
