// What an operator sees in the log of the real connector: the time, the connection, the process and
// the table, how a sync ended, and all messages to its user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::MatchesRegex;

std::string Field(const json& line, const char* key) { return line.value(key, ""); }

class OperatorLog : public Faults {
 protected:
  // Makes a source with one small table, runs `sql` in it, and starts the connector.
  void BeginSmall(const std::string& sql = "", std::vector<std::string> flags = {}) {
    scene_ = std::make_unique<Scene>(std::move(flags));
    Database database(scene_->source());
    AddPlainTables(database, 1, 10, 100);
    if (!sql.empty()) database.RunAtOnce(sql);
    const absl::Status started = scene_->connector().Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  Scene& small() { return *scene_; }

  // The only line with this message.
  json Only(const std::string& message, std::size_t from = 0) {
    const std::vector<json> lines = small().connector().Logged(message, from);
    EXPECT_EQ(lines.size(), 1u) << message << "\n" << small().connector().Output();
    return lines.empty() ? json::object() : lines.front();
  }

 private:
  std::unique_ptr<Scene> scene_;
};

TEST_F(OperatorLog, EachLineSaysWhenAndWhoAndOneOfEachSyncWhatItsConnectionIs) {
  ASSERT_NO_FATAL_FAILURE(BeginSmall());
  ASSERT_TRUE(small().RunSync().ok());
  const std::size_t second = small().connector().LogSize();
  ASSERT_TRUE(small().RunSync().ok());
  ASSERT_EQ(small().connector().Stop()->exit_code, 0);

  std::string before;
  for (const json& line : small().connector().Log()) {
    EXPECT_THAT(Field(line, "time"),
                MatchesRegex("20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9][.]"
                             "[0-9][0-9][0-9]Z"))
        << line;
    EXPECT_GE(Field(line, "time"), before);
    before = Field(line, "time");
    EXPECT_EQ(Field(line, "role"), "supervisor") << line;
    EXPECT_EQ(Field(line, "message-origin"), "sdk_connector") << line;
  }
  std::string connection;
  for (const std::size_t from : {std::size_t{0}, second}) {
    std::size_t told = 0;
    for (const json& line : small().connector().Log(from)) {
      if (from == 0 && small().connector().Log()[second] == line) break;
      if (!line.contains("source")) continue;
      ++told;
      EXPECT_EQ(Field(line, "message"), "sync starts");
      EXPECT_EQ(Field(line, "source"), "sqlite");
      EXPECT_EQ(Field(line, "database"), "source.db") << "the file's name without its folder";
      if (connection.empty()) connection = Field(line, "connection");
      EXPECT_EQ(Field(line, "connection"), connection);
      EXPECT_EQ(connection.size(), 32u);
    }
    EXPECT_EQ(told, 1u) << small().connector().Output();
  }
  for (const char* const message : {"plan made", "sync ends"}) {
    for (const json& line : small().connector().Logged(message)) {
      EXPECT_EQ(Field(line, "connection"), connection) << line;
    }
  }
}

TEST_F(OperatorLog, EndOfASyncAlwaysHasAnOutcomeAndIsAWarningUnlessAllIsWell) {
  const auto end = [this](std::size_t from) {
    EXPECT_TRUE(small().connector().WaitForLog("sync ends", from).has_value());
    return Only("sync ends", from);
  };
  ASSERT_NO_FATAL_FAILURE(BeginSmall());
  ASSERT_TRUE(small().RunSync().ok());
  const json ok = end(0);
  EXPECT_EQ(Field(ok, "outcome"), "ok");
  EXPECT_EQ(Field(ok, "level"), "INFO");
  EXPECT_EQ(Field(ok, "rows"), "10");

  std::size_t from = small().connector().LogSize();
  Database(small().source()).Run("DROP TABLE t1");
  std::filesystem::remove(small().source());
  SyncRunOptions options = small().Sync();
  options.skip_setup = true;
  const SyncOutcome task = RunSync(options);
  EXPECT_THAT(task.task(), HasSubstr("there is no such file"));
  const json with_task = end(from);
  EXPECT_EQ(Field(with_task, "outcome"), "task");
  EXPECT_EQ(Field(with_task, "level"), "WARNING");
  const json shown = Only("there is no such file", from);
  EXPECT_EQ(Field(shown, "shown_as"), "task");
  EXPECT_EQ(Field(shown, "level"), "WARNING");
  EXPECT_EQ(Field(shown, "connection"), Field(with_task, "connection"));
}

TEST_F(OperatorLog, SyncThatItsClientLeavesOrThatIsDrainedOrFailsSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  const auto left = HeldSync(0);
  left->Kill();
  const auto cancelled = connector().WaitForLog("sync ends");
  ASSERT_TRUE(cancelled.has_value());
  EXPECT_EQ(Field(*cancelled, "outcome"), "cancelled");
  EXPECT_EQ(Field(*cancelled, "level"), "INFO");

  // A database that another program keeps locked is tried for some time; then the sync fails with
  // an error that asks the client to try again.
  std::size_t from = connector().LogSize();
  {
    Database database(scene().source());
    database.Run("BEGIN EXCLUSIVE");
    SyncRunOptions options = scene().Sync();
    options.skip_setup = true;
    // So that the tester does not call Schema before.
    options.warehouse = "";
    EXPECT_EQ(RunSync(options).grpc_code(), "UNAVAILABLE");
    database.Run("ROLLBACK");
  }
  const auto failed = connector().WaitForLog("sync ends", from);
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(Field(*failed, "outcome"), "failed");
  EXPECT_EQ(Field(*failed, "level"), "WARNING");
  EXPECT_THAT(Field(*failed, "error"), HasSubstr("lock"));

  from = connector().LogSize();
  SyncRun drained(scene().Sync({"--read-delay-ms", "1"}));
  ASSERT_TRUE(connector().WaitForLog("plan made", from).has_value());
  connector().Signal(SIGTERM);
  drained.Wait();
  ASSERT_TRUE(connector().Wait().has_value());
  const auto end = connector().WaitForLog("sync ends", from);
  ASSERT_TRUE(end.has_value()) << connector().Output();
  EXPECT_EQ(Field(*end, "outcome"), "drained");
  EXPECT_EQ(Field(*end, "level"), "INFO");
}

TEST_F(OperatorLog, WarningsStandThereWithTheirTableAndWithoutTheValuesThatTheyQuote) {
  ASSERT_NO_FATAL_FAILURE(
      BeginSmall("CREATE TABLE barred(id INTEGER PRIMARY KEY, path TEXT);"
                 "INSERT INTO barred VALUES(1, 'Hypatia');"
                 "ALTER TABLE barred ADD COLUMN value AS (json_extract('{}', path));"
                 "CREATE TABLE odd(id INTEGER PRIMARY KEY, text TEXT);"
                 "INSERT INTO odd VALUES(1, x'00FF')"));
  SyncRunOptions options = small().Sync();
  options.skip_setup = true;
  EXPECT_TRUE(RunSync(options).ok());
  std::set<std::string> tables;
  for (const json& line : small().connector().Log()) {
    if (Field(line, "shown_as") != "warning") continue;
    EXPECT_EQ(Field(line, "level"), "WARNING") << line;
    EXPECT_NE(Field(line, "connection"), "") << line;
    EXPECT_TRUE(absl::StartsWith(Field(line, "message"), Field(line, "table"))) << line;
    tables.insert(Field(line, "table"));
  }
  EXPECT_EQ(tables, (std::set<std::string>{"main.barred", "main.odd"}));
  Only("main.barred: put aside in this sync");
  EXPECT_FALSE(absl::StrContains(small().connector().Output(), "Hypatia"));
}

TEST_F(OperatorLog, SetupTestsAndSchemaCallsThatFailStandThere) {
  ASSERT_NO_FATAL_FAILURE(BeginSmall());
  WriteSqliteConfig(small().config(), small().dir() / "elsewhere.db");
  small().RunSync();
  const json test = Only("there is no such file");
  EXPECT_EQ(Field(test, "shown_as"), "setup test");
  EXPECT_EQ(Field(test, "test"), "connect");
  EXPECT_EQ(Field(test, "level"), "WARNING");
  EXPECT_EQ(Field(test, "source"), "sqlite");
  EXPECT_EQ(Field(test, "database"), "elsewhere.db");
  EXPECT_EQ(Field(test, "connection").size(), 32u);
}

TEST_F(OperatorLog, WorkerThatEndsIsNamed) {
  ASSERT_NO_FATAL_FAILURE(Begin());
  SyncRun run(scene().Sync());
  ASSERT_TRUE(Eventually([this] {
    const pid_t worker = connector().WorkerOn("main.t1");
    return worker > 0 && kill(worker, SIGKILL) == 0;
  }));
  EXPECT_TRUE(run.Wait().ok());
  const auto replaced = connector().Logged("is replaced");
  ASSERT_EQ(replaced.size(), 1u) << connector().Output();
  const json& line = replaced.front();
  EXPECT_TRUE(Field(line, "worker") == "1" || Field(line, "worker") == "2") << line;
  EXPECT_EQ(Field(line, "ended"), "killed by signal 9");
  EXPECT_EQ(Field(line, "connection").size(), 32u);
}

}  // namespace
}  // namespace tributary::tests
