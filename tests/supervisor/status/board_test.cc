// What the board keeps about syncs, how long it keeps it, and what readers get.
#include "supervisor/status/board.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "supervisor/status/status_json.h"
#include "supervisor/status/sync_report.h"

namespace tributary::tests {
namespace {

using nlohmann::json;

constexpr char kId[] = "0123456789abcdef0123456789abcdef";

// A clock that a test advances.
class HandClock final : public Clock {
 public:
  time_point Now() const override { return time_point() + since_; }
  std::chrono::system_clock::time_point WallNow() const override {
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since_));
  }
  void Pass(duration time) { since_ += time; }

 private:
  duration since_ = std::chrono::hours(1);
};

class Board : public ::testing::Test {
 protected:
  SyncReport Report(const std::string& connection = kId) {
    return SyncReport(board_, connection, "sqlite", "shop.db", clock_);
  }
  json Status() const { return json::parse(StatusJson(board_.Look(), "1")); }
  json Tables(std::uint64_t sync, std::uint64_t since) const {
    return json::parse(TablesJson(board_.TablesOf(sync, since)));
  }

  Metrics metrics_;
  HandClock clock_;
  StatusBoard board_{metrics_, /*table_metrics=*/2, clock_};
};

std::vector<TableStatus> ManyTables(std::size_t count) {
  std::vector<TableStatus> tables;
  for (std::size_t i = 0; i < count; ++i) {
    tables.push_back(
        {.name = absl::StrCat("main.t", i), .phase = "pending", .estimated_bytes = 100});
  }
  return tables;
}

TEST_F(Board, SyncIsAmongTheRunningOnesFromItsStartToItsEndAndThenAmongTheEndedOnes) {
  EXPECT_TRUE(Status()["running"].empty());
  {
    SyncReport report = Report();
    report.ShowStep("reads tables");
    SyncFigures figures;
    figures.records = 41;
    figures.sent.bytes = 9;
    report.Show(figures);
    clock_.Pass(std::chrono::seconds(2));
    const json running = Status()["running"];
    ASSERT_EQ(running.size(), 1u);
    EXPECT_EQ(running[0]["connection"], kId);
    EXPECT_EQ(running[0]["database"], "shop.db");
    EXPECT_EQ(running[0]["step"], "reads tables");
    EXPECT_EQ(running[0]["rows"], 41);
    EXPECT_EQ(running[0]["seconds"], 2.0);
    report.End(SyncEnd::kFailed, "read main.t: no such row 'Hypatia'");
  }
  const json status = Status();
  EXPECT_TRUE(status["running"].empty());
  ASSERT_EQ(status["connections"].size(), 1u);
  const json ended = status["connections"][0]["ended"];
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]["outcome"], "failed");
  EXPECT_EQ(ended[0]["rows"], 41);
  EXPECT_EQ(ended[0]["error"], "read main.t: no such row '…'") << "quoted text may be a value";
}

TEST_F(Board, OnlyTablesThatHaveChangedAreTold) {
  SyncReport report = Report();
  report.ShowTables(ManyTables(5));
  const json all = Tables(1, 0);
  EXPECT_EQ(all["tables"].size(), 5u);
  EXPECT_EQ(all["total"], 5);
  EXPECT_TRUE(Tables(1, all["version"])["tables"].empty());
  report.ShowChanged({{3, {.name = "", .phase = "copying", .rows = 7, .slices = 2}}});
  const json changed = Tables(1, all["version"]);
  ASSERT_EQ(changed["tables"].size(), 1u);
  EXPECT_EQ(changed["tables"][0][0], 3);
  EXPECT_EQ(changed["tables"][0][1], "main.t3");
  EXPECT_EQ(changed["tables"][0][2], "copying");
  EXPECT_EQ(changed["tables"][0][3], 7);
  EXPECT_FALSE(Tables(2, 0)["found"]) << "there is no sync with this number";
}

TEST_F(Board, TablesOfALargeSyncComeInSeveralAnswers) {
  SyncReport report = Report();
  const std::size_t count = 2 * limits::kTablesInAnswer + 1;
  report.ShowTables(ManyTables(count));
  std::size_t told = 0;
  std::uint64_t since = 0;
  for (bool more = true; more;) {
    const TableChanges changes = board_.TablesOf(1, since);
    EXPECT_LE(changes.tables.size(), limits::kTablesInAnswer);
    told += changes.tables.size();
    since = changes.version;
    more = changes.more;
  }
  EXPECT_EQ(told, count);
}

TEST_F(Board, ProgressIsTheShareOfTheBytesThatAreCopied) {
  SyncReport report = Report();
  report.ShowTables(ManyTables(4));
  EXPECT_EQ(board_.Look().running[0].progress, 0);
  report.ShowChanged({{0, {.name = "", .phase = "copying", .slices_done = 1, .slices = 2}}});
  EXPECT_EQ(board_.Look().running[0].progress, 0.125);
  report.ShowChanged({{0, {.name = "", .phase = "live"}}, {1, {.name = "", .phase = "live"}}});
  EXPECT_EQ(board_.Look().running[0].progress, 0.5);
  report.ShowChanged({{2, {.name = "", .phase = "aside"}}, {3, {.name = "", .phase = "live"}}});
  EXPECT_EQ(board_.Look().running[0].progress, 1);
}

TEST_F(Board, WhatIsRememberedIsBounded) {
  for (std::size_t i = 0; i < limits::kConnectionsOnBoard + 10; ++i) {
    SyncReport(board_, absl::StrCat("connection", i), "sqlite", "x", clock_).End(SyncEnd::kOk, "");
  }
  for (std::size_t i = 0; i < limits::kEndedSyncsOfConnection + 5; ++i) {
    SyncReport report = Report();
    report.Notify(Notice::Kind::kWarning, "main.t", std::string(10 * limits::kMaxNoticeBytes, 'x'));
    report.End(SyncEnd::kOk, "");
  }
  SyncReport report = Report();
  for (std::size_t i = 0; i < limits::kNoticesOnBoard + 10; ++i) {
    report.Notify(Notice::Kind::kTask, "", "Do this.");
  }
  for (std::size_t i = 0; i < limits::kPacePoints + 10; ++i) {
    clock_.Pass(limits::kPaceEvery);
    report.Show(SyncFigures());
  }
  const Overview seen = board_.Look();
  EXPECT_EQ(seen.connections.size(), limits::kConnectionsOnBoard);
  EXPECT_EQ(seen.connections.front().connection, kId) << "the latest connection is the first one";
  EXPECT_EQ(seen.connections.front().ended.size(), limits::kEndedSyncsOfConnection);
  EXPECT_EQ(seen.notices.size(), limits::kNoticesOnBoard);
  EXPECT_EQ(seen.notices.front().text, "Do this.");
  EXPECT_EQ(seen.running.front().pace.size(), limits::kPacePoints);
}

TEST_F(Board, TextOfAWarningComesWithoutWhatItQuotesAndCut) {
  SyncReport report = Report();
  report.Notify(Notice::Kind::kWarning, "main.t", "bad path: 'Hypatia'. Mend it.");
  report.Notify(Notice::Kind::kWarning, "", std::string(10 * limits::kMaxNoticeBytes, 'x'));
  const json notices = Status()["notices"];
  EXPECT_LE(notices[0]["text"].get<std::string>().size(), limits::kMaxNoticeBytes + 3);
  EXPECT_EQ(notices[1]["text"], "bad path: '…'. Mend it.");
  EXPECT_EQ(notices[1]["table"], "main.t");
  EXPECT_EQ(notices[1]["kind"], "warning");
}

TEST_F(Board, NamesThatAreNoUtf8AreShownAllTheSame) {
  SyncReport report(board_, kId, "sqlite", "\xff.db", clock_);
  report.ShowTables({{.name = "main.\xfe<b>", .phase = "pending"}});
  EXPECT_EQ(Status()["running"][0]["database"], "\uFFFD.db");
  EXPECT_EQ(Tables(1, 0)["tables"][0][1], "main.\uFFFD<b>");
}

TEST_F(Board, OnlyTheLargestTablesAreInTheMetricsAndOnlyWhereTheyAreAskedFor) {
  SyncReport report = Report();
  std::vector<TableStatus> tables = ManyTables(4);
  tables[1].bytes = 500;
  tables[2].estimated_bytes = 400;
  report.ShowTables(tables);
  report.Show(SyncFigures());
  const std::string text = metrics_.Exposition();
  EXPECT_NE(text.find("table=\"main.t1\""), std::string::npos);
  EXPECT_NE(text.find("table=\"main.t2\""), std::string::npos);
  EXPECT_EQ(text.find("table=\"main.t0\""), std::string::npos);
  Metrics without;
  StatusBoard bare(without, 0, clock_);
  SyncReport other(bare, kId, "sqlite", "x", clock_);
  other.ShowTables(tables);
  other.Show(SyncFigures());
  EXPECT_EQ(without.Exposition().find("table="), std::string::npos);
}

TEST_F(Board, ReadersAndSyncsAtOneTimeDisturbEachOtherInNothing) {
  constexpr int kSyncs = 4;
  constexpr std::size_t kRounds = 300;
  std::atomic<int> under_way{kSyncs};
  std::vector<std::thread> threads;
  for (int i = 0; i < kSyncs; ++i) {
    threads.emplace_back([this, i, &under_way] {
      SyncReport report(board_, absl::StrCat("connection", i), "sqlite", "x", clock_);
      report.ShowTables(ManyTables(100));
      for (std::size_t round = 0; round < kRounds; ++round) {
        SyncFigures figures;
        figures.records = round;
        report.ShowChanged({{round % 100, {.name = "", .phase = "copying", .rows = round}}});
        report.ShowWorkers({{.number = 1, .doing = "reads main.t"}});
        report.Notify(Notice::Kind::kWarning, "main.t", "x");
        report.Show(figures);
      }
      report.End(SyncEnd::kOk, "");
      --under_way;
    });
  }
  while (under_way > 0) {
    const Overview seen = board_.Look();
    for (const RunningSync& sync : seen.running) {
      const TableChanges changes = board_.TablesOf(sync.number, 0);
      EXPECT_TRUE(changes.tables.empty() || changes.tables.size() == 100u);
    }
    EXPECT_FALSE(board_.Exposition().empty());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(board_.Look().running.empty());
  EXPECT_EQ(board_.Look().connections.size(), static_cast<std::size_t>(kSyncs));
}

}  // namespace
}  // namespace tributary::tests
