// The promises of the design that can be checked with stream and state alone, each by its number
// and name, on the real connector and message by message. tests/PROMISES.md says where the other
// promises are tested.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/crash/scene.h"
#include "tests/metrics/scrape.h"
#include "tests/process/hanging_disk.h"
#include "tests/process/time_promise.h"
#include "tests/promises/destination.h"
#include "tests/promises/recording.h"
#include "tests/sync_tester/catalog.h"
#include "tests/sync_tester/connector_client.h"
#include "tests/sync_tester/setup_calls.h"
#include "tests/sync_tester/stream_contract.h"
#include "tests/sync_tester/tally.h"

namespace tributary::tests {
namespace {

namespace sdk = fivetran_sdk::v2;

class Promises : public ::testing::Test {
 protected:
  // About 18 MB each, which is two slices.
  static constexpr int kTables = 3;
  static constexpr int kRows = 20'000;
  static constexpr int kRowBytes = 900;

  Promises() {
    Database database(scene_.source());
    AddPlainTables(database, kTables, kRows, kRowBytes);
    database.Run("CREATE TABLE hollow(id INTEGER PRIMARY KEY, text TEXT)");
  }
  ~Promises() override {
    if (HasFailure()) std::cout << scene_.connector().Output() << std::endl;
  }
  void SetUp() override { Start(); }

  void Start() {
    const absl::Status started = scene_.connector().Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  // The staged data is lost, as with a pod's disk.
  void StartWithNothingStaged() {
    if (scene_.connector().running()) scene_.connector().Stop();
    std::filesystem::remove_all(scene_.staging());
    Start();
  }
  void StartWithWorkers(const std::string& workers) {
    scene_.connector().options().flags = {
        "--workers", workers, "--checkpoint-interval", "0.01", "--metrics-address", "127.0.0.1:0"};
    StartWithNothingStaged();
  }
  double Metric(const std::string& name) {
    const auto told = scene_.connector().WaitForLog("metrics can be scraped");
    return told.has_value() ? Samples(Get(told->value("address", "")).body)[name] : -1;
  }
  RecordOptions From(std::string state) {
    return {.address = scene_.connector().address(),
            .source = scene_.source(),
            .state = std::move(state)};
  }
  Recording RecordWhole(const RecordOptions& options) {
    Recording recording = Record(options);
    EXPECT_TRUE(recording.status.ok()) << recording.status.error_message();
    return recording;
  }
  // A first sync whose client cancels when one table is partly copied; it is repeated if no
  // checkpoint has such a moment.
  Recording LeftInMidTable() {
    for (int attempt = 0; attempt < 20; ++attempt) {
      bool found = false;
      RecordOptions options = From("");
      options.at_checkpoint = [&found](const std::string& state) {
        for (const auto& [table, claim] : ClaimsOf(state)) found = found || !claim.done.empty();
        return !found;
      };
      Recording recording = Record(options);
      if (found) return recording;
      EXPECT_TRUE(recording.status.ok()) << recording.status.error_message();
      StartWithNothingStaged();
    }
    ADD_FAILURE() << "no checkpoint says that a table is partly copied";
    return {};
  }
  // Checks it at each checkpoint.
  void ExpectNoClaimTooMuch(const Recording& recording, Destination& destination) {
    std::size_t checkpoints = 0;
    for (const Message& message : recording.messages) {
      destination.Apply(message.says);
      if (!message.says.has_checkpoint()) continue;
      ++checkpoints;
      const absl::Status all = destination.HasAllThat(
          message.says.checkpoint().state_json(), {{"t1", kRows}, {"t2", kRows}, {"t3", kRows}});
      ASSERT_TRUE(all.ok()) << "checkpoint " << checkpoints << ": " << all;
    }
    RecordProperty("figures", absl::StrCat(checkpoints, " checkpoints hold what they claim"));
    EXPECT_GT(checkpoints, 1u);
  }
  void ExpectAllThere(const Destination& destination) {
    for (int table = 1; table <= kTables; ++table) {
      EXPECT_EQ(destination.rows(absl::StrCat("t", table)).size(), std::size_t{kRows}) << table;
    }
  }

  Scene scene_{{"--checkpoint-interval", "0.01"}};
};

std::ptrdiff_t UpsertsIn(const std::vector<sdk::RecordType>& operations) {
  return std::count(operations.begin(), operations.end(), sdk::UPSERT);
}

std::ptrdiff_t TruncatesIn(const std::vector<sdk::RecordType>& operations) {
  return std::count(operations.begin(), operations.end(), sdk::TRUNCATE);
}

void ExpectOneTruncateAndFirst(const Recording& recording, const std::string& table) {
  const std::vector<sdk::RecordType> operations = recording.OperationsOn(table);
  ASSERT_FALSE(operations.empty()) << table;
  EXPECT_EQ(operations.front(), sdk::TRUNCATE) << table;
  EXPECT_EQ(TruncatesIn(operations), 1) << table;
}

// The disk hangs after some checkpoints; then the supervisor is killed, and what it has not staged
// is lost. Everything that the client got until then must be in staging. If the system does not
// allow threads to be traced, the supervisor is killed while its disk works.
TEST_F(Promises, P1CheckpointCoversOnlyBatchesBeforeItAndAllOfThemAreStagedAndSent) {
  constexpr int kHangsAt = 3;
  std::unique_ptr<HangingDisk> disk;
  absl::Status hangs;
  std::string early;
  int seen = 0;
  RecordOptions options = From("");
  options.at_checkpoint = [&](const std::string& state) {
    if (++seen == 2) early = state;
    if (seen != kHangsAt) return true;
    auto made = HangingDisk::Make(scene_.connector().pid(), "stager", scene_.staging());
    hangs = made.status();
    if (made.ok()) {
      disk = *std::move(made);
    } else {
      scene_.connector().Signal(SIGKILL);
    }
    return true;
  };
  options.patience = kSlowness * std::chrono::seconds(3);
  const Recording cut = Record(options);
  ASSERT_GE(seen, kHangsAt);
  ASSERT_TRUE(hangs.ok() || absl::IsPermissionDenied(hangs)) << hangs;
  if (disk != nullptr) {
    scene_.connector().Signal(SIGKILL);
    disk.reset();
    EXPECT_FALSE(cut.messages.back().says.has_checkpoint())
        << "everything that was sent was staged";
  }
  scene_.connector().Wait();
  Destination destination;
  ASSERT_NO_FATAL_FAILURE(ExpectNoClaimTooMuch(cut, destination));
  const std::vector<std::string> covered = cut.BatchesBetween(early, cut.last_state());
  ASSERT_GT(covered.size(), 0u);

  ASSERT_NO_FATAL_FAILURE(Start());
  const Recording next = RecordWhole(From(early));
  EXPECT_GE(scene_.Replayed(), covered.size());
  const std::vector<std::string> again = next.BatchesBetween("", "");
  ASSERT_GE(again.size(), covered.size());
  for (std::size_t batch = 0; batch < covered.size(); ++batch) {
    ASSERT_EQ(again[batch], covered[batch]) << "batch " << batch << " of " << covered.size();
  }
}

TEST_F(Promises, P2CursorNeverMovesPastDataThatHasNotBeenSent) {
  Destination destination;
  const Recording left = LeftInMidTable();
  ASSERT_NO_FATAL_FAILURE(ExpectNoClaimTooMuch(left, destination));
  // Some rows come from staging, the others from the source.
  const Recording rest = RecordWhole(From(left.last_state()));
  ASSERT_NO_FATAL_FAILURE(ExpectNoClaimTooMuch(rest, destination));
  ExpectAllThere(destination);
  // Tables that are read again because they have changed in the source.
  Database(scene_.source()).Run("UPDATE t1 SET number = 0; UPDATE t2 SET number = 0");
  ASSERT_NO_FATAL_FAILURE(ExpectNoClaimTooMuch(RecordWhole(From(rest.last_state())), destination));
  ExpectAllThere(destination);
}

TEST_F(Promises, P4MissingEmptyOrLostProgressMeansNotDoneYet) {
  const std::string state = RecordWhole(From("")).last_state();
  const auto without = [&](const std::function<void(nlohmann::json&)>& lose) {
    auto json = nlohmann::json::parse(state);
    lose(json);
    return json.dump();
  };
  const auto set_copying = [](nlohmann::json& json) {
    nlohmann::json& entry = json["tables"]["main"]["t2"];
    entry.erase("live");
    entry["copying"] = "copy";
  };
  const std::map<std::string, std::string> states = {
      {"its entry is missing", without([](auto& json) { json["tables"]["main"].erase("t2"); })},
      {"its ranges are missing", without(set_copying)},
      {"its list of ranges is empty", without([&](auto& json) {
         set_copying(json);
         json["tables"]["main"]["t2"]["done"] = nlohmann::json::array();
       })},
      {"its content is missing",
       without([](auto& json) { json["tables"]["main"]["t2"].erase("content"); })},
      {"there are no tables", without([](auto& json) { json["tables"]["main"].clear(); })},
      {"there are no schemas", without([](auto& json) { json["tables"].clear(); })},
      {"there is no state", ""},
      {"the state is empty", "{}"},
  };
  for (const auto& [what, less] : states) {
    StartWithNothingStaged();
    EXPECT_EQ(UpsertsIn(RecordWhole(From(less)).OperationsOn("t2")), kRows) << what;
  }
}

TEST_F(Promises, P5TableFromNothingGetsTruncateBeforeItsFirstRecordAndAResumedCopyDoesNot) {
  const std::vector<std::string> tables = {"t1", "t2", "t3", "hollow"};
  const Recording whole = RecordWhole(From(""));
  for (const std::string& table : tables) ExpectOneTruncateAndFirst(whole, table);
  StartWithNothingStaged();
  const Recording left = LeftInMidTable();
  // From the source, since a replay repeats what was sent.
  StartWithNothingStaged();
  auto claims = ClaimsOf(left.last_state());
  const Recording rest = RecordWhole(From(left.last_state()));
  for (const std::string& table : tables) {
    if (claims[table].live || !claims[table].done.empty()) {
      EXPECT_EQ(TruncatesIn(rest.OperationsOn(table)), 0) << table;
    } else {
      ExpectOneTruncateAndFirst(rest, table);
    }
  }
  // A table that is added later and has no rows.
  Database(scene_.source()).Run("CREATE TABLE late(id INTEGER PRIMARY KEY, text TEXT)");
  ExpectOneTruncateAndFirst(RecordWhole(From(rest.last_state())), "late");
}

TEST_F(Promises, P6UpsertCarriesEverySelectedColumn) {
  Database database(scene_.source());
  database.Run(
      "CREATE TABLE sparse(id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c REAL, d BLOB, e);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
      "INSERT INTO sparse SELECT i, iif(i % 2, 'a', NULL), iif(i % 3, i, NULL),"
      " iif(i % 5, 1.5, NULL), iif(i % 7, x'00', NULL), NULL FROM n");
  sdk::Selection selection;
  sdk::SchemaSelection& schema = *selection.mutable_with_schema()->add_schemas();
  schema.set_included(true);
  schema.set_schema_name("main");
  schema.set_include_new_tables(true);
  sdk::TableSelection& table = *schema.add_tables();
  table.set_included(true);
  table.set_table_name("sparse");
  table.set_include_new_columns(true);
  (*table.mutable_columns())["c"] = false;
  const auto expect_columns = [](const Destination& destination,
                                 const std::vector<std::string>& wanted) {
    EXPECT_EQ(destination.rows("sparse").size(), 5000u);
    for (const auto& [key, values] : destination.rows("sparse")) {
      std::vector<std::string> columns;
      for (const auto& [name, value] : values) {
        columns.push_back(name);
        ASSERT_FALSE(value.empty()) << name << " of " << key << " is neither a value nor null";
      }
      ASSERT_EQ(columns, wanted) << key;
    }
  };
  RecordOptions options = From("");
  options.selection = selection;
  const Recording first = RecordWhole(options);
  Destination destination;
  destination.Apply(first);
  expect_columns(destination, {"a", "b", "d", "e", "id"});
  database.Run("ALTER TABLE sparse ADD COLUMN f TEXT; UPDATE sparse SET a = NULL WHERE id % 2");
  options.state = first.last_state();
  destination.Apply(RecordWhole(options));
  expect_columns(destination, {"a", "b", "d", "e", "f", "id"});
}

TEST_F(Promises, P7RowEncodesToTheSameValuesWhicheverWayItCame) {
  StartWithWorkers("1");
  Destination copied;
  copied.Apply(RecordWhole(From("")));
  ExpectAllThere(copied);
  std::map<std::string, Destination> ways;

  StartWithWorkers("3");
  std::string first_state;
  RecordOptions options = From("");
  options.at_checkpoint = [&first_state](const std::string& state) {
    if (first_state.empty()) first_state = state;
    return true;
  };
  ways["in slices, by three workers"].Apply(RecordWhole(options));
  ASSERT_NO_FATAL_FAILURE(scene_.connector().Stop());
  ASSERT_NO_FATAL_FAILURE(Start());
  ways["replayed from staging"].Apply(RecordWhole(From(first_state)));
  EXPECT_GT(scene_.Replayed(), 0u);

  StartWithWorkers("2");
  const Recording left = LeftInMidTable();
  StartWithNothingStaged();
  ways["resumed in mid-table"].Apply(left);
  ways["resumed in mid-table"].Apply(RecordWhole(From(left.last_state())));

  StartWithNothingStaged();
  RecordOptions slow = From("");
  slow.stands_still = std::chrono::seconds(5);
  const Recording read_back = RecordWhole(slow);
  EXPECT_GT(Metric("tributary_messages_read_back_total"), 0);
  ways["read back for a slow client"].Apply(read_back);

  // All rows are changed and changed back, so that comparisons send each of them twice.
  Destination& compared = ways["compared with what was sent"];
  Recording before = read_back;
  for (const char* change : {"number + 1", "number - 1"}) {
    Database source(scene_.source());
    for (int table = 1; table <= kTables; ++table) {
      source.Run(absl::StrCat("UPDATE t", table, " SET number = ", change));
    }
    before = RecordWhole(From(before.last_state()));
    compared.Apply(before);
  }

  for (const auto& [way, destination] : ways) {
    for (int table = 1; table <= kTables; ++table) {
      const std::string name = absl::StrCat("t", table);
      EXPECT_EQ(destination.rows(name).size(), std::size_t{kRows}) << way << ", " << name;
      EXPECT_TRUE(destination.rows(name) == copied.rows(name)) << way << ", " << name;
    }
  }
}

// By table: the number of key columns in its records, and whether its columns were sent before
// them.
struct Arrived {
  std::vector<std::string> key;
  std::set<std::string> rows;
};

std::map<std::string, Arrived> ArrivedIn(const Recording& recording) {
  std::map<std::string, Arrived> tables;
  for (const Message& message : recording.messages) {
    for (const sdk::Schema& schema : message.says.schema_change().with_schema().schemas()) {
      for (const sdk::Table& table : schema.tables()) {
        Arrived& arrived = tables[table.name()];
        arrived.key.clear();
        for (const sdk::Column& column : table.columns()) {
          if (column.primary_key()) arrived.key.push_back(column.name());
        }
      }
    }
    for (const sdk::Record& record : message.says.records().records()) {
      Arrived& arrived = tables[record.table_name()];
      if (record.type() == sdk::TRUNCATE) arrived.rows.clear();
      if (record.type() != sdk::UPSERT) continue;
      std::string key;
      for (const std::string& column : arrived.key) {
        const auto value = record.data().find(column);
        if (value == record.data().end()) continue;
        const std::string bytes = value->second.SerializeAsString();
        absl::StrAppend(&key, bytes.size(), ":", bytes);
      }
      arrived.rows.insert(key);
    }
  }
  return tables;
}

TEST_F(Promises, P13RowsThatAreTwoInTheSourceAreTwoInTheDestination) {
  Database database(scene_.source());
  database.Run(
      "CREATE TABLE plain(a); INSERT INTO plain VALUES(1), (1), (1);"
      "CREATE TABLE nulls(a TEXT PRIMARY KEY, b);"
      "INSERT INTO nulls VALUES(NULL, 1), (NULL, 1), ('x', 1);"
      "CREATE TABLE names(name TEXT PRIMARY KEY, v INT); INSERT INTO names VALUES"
      " (CAST(x'4DFC6C6C6572' AS TEXT), 1), (CAST(x'4DF66C6C6572' AS TEXT), 2),"
      " ('CAST(x''4DFC6C6C6572'' AS TEXT)', 3);"
      "CREATE TABLE pairs(a TEXT, b TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID;"
      "INSERT INTO pairs VALUES('x', CAST(x'FC' AS TEXT)), ('x', CAST(x'F6' AS TEXT)),"
      " (CAST(x'FC' AS TEXT), 'x'), (CAST(x'F6' AS TEXT), 'x');"
      "CREATE TABLE mixed(k BLOB PRIMARY KEY);"
      "INSERT INTO mixed VALUES(x'31'), ('x''31'''), (1), ('1'), (1.5), ('1.5'), ('''1''');"
      "CREATE TABLE untyped(k PRIMARY KEY); INSERT INTO untyped VALUES(1), ('1'), (x'31');"
      "CREATE TABLE widened(k INT PRIMARY KEY); INSERT INTO widened VALUES(1), ('one'), (x'31');"
      "CREATE TABLE moments(k DATETIME PRIMARY KEY); INSERT INTO moments VALUES"
      " ('2024-01-31 10:00'), ('2024-01-31 10:00:00'), ('2024-01-31T10:00:00.0');");
  const Recording recording = RecordWhole(From(""));
  auto tables = ArrivedIn(recording);
  for (const char* const table :
       {"plain", "nulls", "names", "pairs", "mixed", "untyped", "widened", "moments"}) {
    EXPECT_EQ(static_cast<std::int64_t>(tables[table].rows.size()),
              database.Number(absl::StrCat("SELECT count(*) FROM ", table)))
        << table;
  }
  std::vector<std::string> warnings;
  for (const Message& message : recording.messages) {
    if (message.says.has_warning()) warnings.push_back(message.says.warning().message());
  }
  EXPECT_TRUE(AnyHolds(warnings, "main.names.name: 3 key values are sent as SQL literals"));
}

// The application changes tables after the client has asked for the schema.
TEST_F(Promises, TablesAndColumnsThatCameAfterTheSchemaAreToldBeforeTheirRecords) {
  Database database(scene_.source());
  std::string state;
  for (const char* const change :
       {"CREATE TABLE late(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO late VALUES(1, 'x');"
        "ALTER TABLE hollow ADD COLUMN c TEXT; INSERT INTO hollow VALUES(1, 'x', 'y')",
        "CREATE TABLE later(a TEXT); INSERT INTO later VALUES('x');"
        "ALTER TABLE late ADD COLUMN d INTEGER; UPDATE late SET d = 5",
        // The client only knows that this table has its old key, not the changes since.
        "DROP TABLE late; CREATE TABLE late(id INTEGER, a TEXT, d INTEGER);"
        "INSERT INTO late VALUES(1, 'x', 1), (1, 'x', 1)"}) {
    const auto channel = tester::OpenChannel(scene_.connector().address(), {});
    ASSERT_TRUE(channel.ok()) << channel.status();
    tester::Catalog catalog{tester::SelectionRules()};
    tester::Tally tally;
    std::ostringstream said;
    const std::map<std::string, std::string> configuration = {{"source", "sqlite"},
                                                              {"database_path", scene_.source()}};
    tester::SetupCalls calls(*channel, configuration, tally, said);
    ASSERT_TRUE(calls.Schema(catalog)) << said.str();
    database.Run(change);
    const Recording recording = RecordWhole(From(state));
    tester::StreamContract contract(catalog, state.empty());
    for (const Message& message : recording.messages) {
      const absl::Status checked = contract.Check(message.says, message.bytes.size());
      ASSERT_TRUE(checked.ok()) << change << ": " << checked;
    }
    state = recording.last_state();
  }
}

}  // namespace
}  // namespace tributary::tests
