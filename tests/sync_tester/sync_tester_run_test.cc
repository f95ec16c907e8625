// Complete runs with a connector in this process: the calls, the order of commit and state, stops,
// ends and the report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/sync_tester/fake_connector.h"
#include "tests/sync_tester/sqlite_file.h"
#include "tests/sync_tester/state_file.h"
#include "tests/sync_tester/sync_run.h"

namespace tributary::tester {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RunTest : public ::testing::Test {
 protected:
  RunTest() : folder_(::testing::TempDir() + "/sync_tester_run_test/") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    options_.address = connector_.address();
    options_.state_file = folder_ + "state.json";
    options_.warehouse_file = folder_ + "warehouse.db";
    connector_.form.add_tests()->set_name("connect");
    connector_.form.add_tests()->set_name("read");
    *connector_.schema.mutable_with_schema() =
        MainSchema({MakeTable("people", {{"id!", v2::LONG}, {"name", v2::STRING}})});
    connector_.messages = {
        CheckpointMessage(R"({"n":1})"), Batch({MakeRecord(v2::TRUNCATE, "people", {}), Person(1)}),
        Batch({Person(2), Person(3)}),   CheckpointMessage(R"({"n":2})"),
        WarningMessage("odd"),           Batch({Person(4)}),
        CheckpointMessage(R"({"n":3})")};
  }

  static v2::Record Person(std::int64_t id) {
    return MakeRecord(v2::UPSERT, "people", {{"id", Long(id)}, {"name", Text("n")}});
  }

  Tally Run() { return RunSync(options_, ProgressStyle::kNone, out_); }

  Tally Drain() {
    options_.drain = true;
    options_.warehouse_file.clear();
    return Run();
  }

  std::string State() { return ReadState(options_.state_file)->value_or("none"); }

  std::int64_t Rows() {
    absl::StatusOr<SqliteFile> file =
        SqliteFile::Open(folder_ + "warehouse.db", SqliteFile::Mode::kReadOnly);
    absl::StatusOr<Statement> count =
        file->Prepare("SELECT count(*) FROM \"main.people\" WHERE _fivetran_deleted = 0");
    return count.ok() && *count->Step() ? count->Integer(0) : -1;
  }

  void WriteFile(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + name, std::ios::binary) << text;
  }

  const std::string folder_;
  FakeConnector connector_;
  SyncOptions options_;
  std::ostringstream out_;
};

TEST_F(RunTest, WholeSyncIsWrittenAndItsLastStateKept) {
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kFine) << PlainReport(tally);
  EXPECT_EQ(tally.records, 5u);
  EXPECT_EQ(tally.upserts, 4u);
  EXPECT_EQ(tally.truncates, 1u);
  EXPECT_EQ(tally.messages, 7u);
  EXPECT_EQ(tally.checkpoints, 3u);
  EXPECT_THAT(tally.warnings, ElementsAre("odd"));
  EXPECT_TRUE(tally.first_record.has_value());
  EXPECT_EQ(Rows(), 4);
  EXPECT_EQ(State(), R"({"n":3})");
  EXPECT_THAT(connector_.tests_run(), ElementsAre("connect", "read"));
  EXPECT_THAT(out_.str(), HasSubstr("setup test read: passed"));
}

TEST_F(RunTest, ConfigurationSelectionAndStateReachTheConnector) {
  WriteFile("config.json", R"({"database_path": "x.db"})");
  WriteFile("selection.json", R"({"withSchema": {"includeNewSchemas": true}})");
  options_.config_file = folder_ + "config.json";
  options_.selection_file = folder_ + "selection.json";
  EXPECT_EQ(Run().verdict, Verdict::kFine);
  EXPECT_EQ(Run().verdict, Verdict::kFine);
  const std::vector<v2::UpdateRequest> updates = connector_.updates();
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_EQ(updates[0].configuration().at("database_path"), "x.db");
  EXPECT_TRUE(updates[0].selection().with_schema().include_new_schemas());
  EXPECT_FALSE(updates[0].has_state_json());
  EXPECT_EQ(updates[1].state_json(), R"({"n":3})");
}

TEST_F(RunTest, EmptyStateFileIsSentEmptyAndAsksForTruncates) {
  WriteFile("state.json", "");
  connector_.messages = {CheckpointMessage(R"({"n":1})"), Batch({Person(1)}),
                         CheckpointMessage(R"({"n":2})")};
  const Tally tally = Run();
  EXPECT_TRUE(connector_.updates()[0].has_state_json());
  EXPECT_EQ(tally.verdict, Verdict::kBreach);
  EXPECT_THAT(tally.breach, HasSubstr("begins each table with TRUNCATE"));
}

TEST_F(RunTest, FailedSetupTestEndsTheRunBeforeASync) {
  connector_.failing_tests = {{"connect", "no such file"}};
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kConnectorError);
  EXPECT_THAT(tally.error, HasSubstr("setup test connect failed: no such file"));
  EXPECT_TRUE(connector_.updates().empty());
  EXPECT_THAT(connector_.tests_run(), ElementsAre("connect"));
}

TEST_F(RunTest, SkippedSetupTakesTableShapesFromTheWarehouse) {
  EXPECT_EQ(Run().verdict, Verdict::kFine);
  options_.skip_setup = true;
  connector_.schema.Clear();
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kFine) << PlainReport(tally);
  EXPECT_EQ(connector_.tests_run().size(), 2u);
}

TEST_F(RunTest, SkippedSetupAsksForTheSchemaWhereTheWarehouseIsNew) {
  options_.skip_setup = true;
  EXPECT_EQ(Run().verdict, Verdict::kFine);
  EXPECT_TRUE(connector_.tests_run().empty());
}

TEST_F(RunTest, BreachEndsTheRunAndNamesTheMessage) {
  connector_.messages.insert(connector_.messages.begin() + 4,
                             Batch({MakeRecord(v2::UPSERT, "people", {{"id", Long(1)}})}));
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kBreach);
  EXPECT_EQ(tally.breach, "message 5: UPSERT of table main.people lacks selected column name");
  EXPECT_EQ(State(), R"({"n":2})");
}

TEST_F(RunTest, StreamThatEndsWithoutACheckpointIsABreach) {
  connector_.messages.pop_back();
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kBreach);
  EXPECT_EQ(Rows(), 4);
  EXPECT_EQ(State(), R"({"n":2})");
}

TEST_F(RunTest, TaskIsReportedAsTheConnectorsError) {
  connector_.messages = {CheckpointMessage(R"({"n":1})"), TaskMessage("renew the login")};
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kConnectorError);
  EXPECT_EQ(tally.task, "renew the login");
  EXPECT_EQ(tally.grpc_code, "OK");
}

TEST_F(RunTest, ErrorKeepsTheTailUnlessItIsToBeDiscarded) {
  connector_.messages.pop_back();
  connector_.end = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the source is away");
  const Tally kept = Run();
  EXPECT_EQ(kept.verdict, Verdict::kConnectorError);
  EXPECT_EQ(kept.grpc_code, "UNAVAILABLE");
  EXPECT_EQ(kept.grpc_message, "the source is away");
  EXPECT_EQ(Rows(), 4);
  EXPECT_EQ(State(), R"({"n":2})");

  std::filesystem::remove(options_.state_file);
  std::filesystem::remove(options_.warehouse_file);
  options_.discard_tail = true;
  EXPECT_EQ(Run().verdict, Verdict::kConnectorError);
  EXPECT_EQ(Rows(), 3);
  EXPECT_EQ(State(), R"({"n":2})");
}

TEST_F(RunTest, StopAfterACheckpointEndsThereWithItsState) {
  options_.stop_after_checkpoints = 2;
  connector_.never_ends = true;
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kFine);
  EXPECT_TRUE(tally.stopped_on_purpose);
  EXPECT_EQ(tally.grpc_code, "CANCELLED");
  EXPECT_EQ(State(), R"({"n":2})");
  EXPECT_EQ(Rows(), 3);
}

TEST_F(RunTest, StopAfterRecordsEndsInMidTable) {
  options_.stop_after_records = 2;
  options_.discard_tail = true;
  connector_.never_ends = true;
  const Tally tally = Run();
  EXPECT_TRUE(tally.stopped_on_purpose);
  EXPECT_EQ(tally.records, 2u);
  EXPECT_EQ(State(), R"({"n":1})");
  EXPECT_EQ(Rows(), -1);
}

TEST_F(RunTest, OlderStateIsKeptWhereItIsAskedFor) {
  options_.save_checkpoint = 2;
  EXPECT_EQ(Run().verdict, Verdict::kFine);
  EXPECT_EQ(State(), R"({"n":2})");
  EXPECT_EQ(Rows(), 4);
}

TEST_F(RunTest, DeadlineEndsASyncThatDoesNotEnd) {
  connector_.never_ends = true;
  options_.deadline_s = 1;
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kConnectorError);
  EXPECT_EQ(tally.grpc_code, "DEADLINE_EXCEEDED");
  EXPECT_EQ(State(), R"({"n":3})");
}

TEST_F(RunTest, DrainCountsWithoutAWarehouseAndKeepsTheState) {
  const Tally tally = Drain();
  EXPECT_EQ(tally.verdict, Verdict::kFine) << PlainReport(tally);
  EXPECT_EQ(tally.records, 5u);
  EXPECT_EQ(tally.messages, 7u);
  EXPECT_EQ(tally.checkpoints, 3u);
  EXPECT_THAT(tally.warnings, ElementsAre("odd"));
  std::size_t bytes = 0;
  for (const v2::UpdateResponse& message : connector_.messages) bytes += message.ByteSizeLong();
  EXPECT_EQ(tally.bytes, bytes);
  EXPECT_EQ(State(), R"({"n":3})");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "warehouse.db"));
}

TEST_F(RunTest, MessageOfManySlicesIsCountedWhole) {
  const std::string long_text(3 << 20, 'x');
  connector_.messages = {
      Batch({MakeRecord(v2::UPSERT, "people", {{"name", Text(long_text)}}), Person(1), Person(2)}),
      CheckpointMessage(R"({"n":1})")};
  EXPECT_EQ(Drain().records, 3u);
}

TEST_F(RunTest, NothingThatListensIsTheConnectorsError) {
  options_.connect_wait_s = 0;
  options_.address = "unix:" + folder_ + "nobody.sock";
  const Tally tally = Run();
  EXPECT_EQ(tally.verdict, Verdict::kConnectorError);
  EXPECT_THAT(tally.error, HasSubstr("is the connector running"));
}

TEST_F(RunTest, UnusableInputsAreUsageFaults) {
  WriteFile("config.json", R"({"port": 5})");
  options_.config_file = folder_ + "config.json";
  EXPECT_EQ(Run().verdict, Verdict::kUsage);
  options_.config_file.clear();
  options_.warehouse_file = folder_ + "no/such/folder/w.db";
  EXPECT_EQ(Run().verdict, Verdict::kUsage);
}

TEST_F(RunTest, JsonReportIsOneLineThatCanBeRead) {
  connector_.messages.insert(connector_.messages.begin() + 1, WarningMessage("line\nbreak \xff"));
  const std::string line = JsonReport(Run());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const nlohmann::json report = nlohmann::json::parse(line);
  EXPECT_EQ(report["exit_code"], 2);
  connector_.messages.erase(connector_.messages.begin() + 1);
  const nlohmann::json fine = nlohmann::json::parse(JsonReport(Run()));
  EXPECT_EQ(fine["exit_code"], 0);
  EXPECT_EQ(fine["tables"]["main.people"]["upserts"], 4);
  EXPECT_EQ(fine["grpc"]["code"], "OK");
  EXPECT_EQ(fine["records"], 5);
}

TEST(StateFileTest, StateIsReplacedWholeAndLeavesNothingBeside) {
  const std::string path = ::testing::TempDir() + "/state_file_test.json";
  std::filesystem::remove(path);
  EXPECT_EQ(*ReadState(path), std::nullopt);
  ASSERT_TRUE(WriteState(path, "{\"a\":\"long one\"}").ok());
  ASSERT_TRUE(WriteState(path, "{}").ok());
  EXPECT_EQ(*ReadState(path), "{}");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_FALSE(WriteState("/nowhere/at/all", "{}").ok());
}

TEST(StateFileTest, WhatIsNoOrdinaryFileIsNotReplaced) {
  const std::string folder = ::testing::TempDir() + "/state_file_test_folder";
  std::filesystem::create_directories(folder);
  EXPECT_EQ(WriteState(folder, "{}").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_directory(folder));
}

TEST(StateFileTest, AbsentEmptyAndEmptyObjectMeanNoState) {
  EXPECT_TRUE(MeansNoState(std::nullopt));
  EXPECT_TRUE(MeansNoState(""));
  EXPECT_TRUE(MeansNoState(" {\n} "));
  EXPECT_FALSE(MeansNoState(R"({"n":1})"));
}

TEST(ProgressTest, LivePictureIsRedrawnInPlace) {
  std::ostringstream out;
  Progress progress(out, ProgressStyle::kLive);
  Tally tally;
  tally.tables_selected = 2;
  tally.elapsed = absl::Seconds(1);
  tally.records = 1234567;
  progress.Tick(tally);
  EXPECT_THAT(out.str(), HasSubstr("1,234,567"));
  EXPECT_THAT(out.str(), HasSubstr("last checkpoint none yet"));
  EXPECT_THAT(out.str(), ::testing::Not(HasSubstr("\x1b[4A")));
  tally.elapsed = absl::Seconds(1) + absl::Milliseconds(10);
  const std::size_t before = out.str().size();
  progress.Tick(tally);
  EXPECT_EQ(out.str().size(), before);
  tally.elapsed = absl::Seconds(2);
  tally.last_checkpoint = absl::Milliseconds(500);
  progress.Tick(tally);
  EXPECT_THAT(out.str(), HasSubstr("\x1b[4A"));
  EXPECT_THAT(out.str(), HasSubstr("last checkpoint 1.5 s ago"));
  progress.Clear();
  EXPECT_TRUE(out.str().ends_with("\x1b[4A\r\x1b[J"));
}

TEST(ProgressTest, PlainOutputIsOneLineEveryFewSeconds) {
  std::ostringstream out;
  Progress progress(out, ProgressStyle::kLines);
  Tally tally;
  for (int second = 1; second <= 11; ++second) {
    tally.elapsed = absl::Seconds(second);
    progress.Tick(tally);
  }
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ProgressTest, TableIsDoneOnceManyMessagesHaveComeWithoutIt) {
  TableShape shape;
  shape.name = "t";
  Row row;
  row.table = &shape;
  Tally tally;
  tally.messages = 1;
  tally.CountRow(row);
  EXPECT_EQ(tally.TablesSeen(), 1u);
  EXPECT_EQ(tally.TablesQuiet(), 0u);
  tally.messages = 1 + kQuietMessages;
  EXPECT_EQ(tally.TablesQuiet(), 0u);
  tally.messages = 2 + kQuietMessages;
  EXPECT_EQ(tally.TablesQuiet(), 1u);
}

}  // namespace
}  // namespace tributary::tester
