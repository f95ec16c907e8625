#include "tests/postgresql/sync_scene.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/process/database.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

// Whether the backend's commit waits for a synchronous standby.
bool IsWaiting(int backend) {
  return Server().Ask(absl::StrCat(
             "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = ",
             backend)) == "1";
}

}  // namespace

SyncScene::SyncScene() {
  connector_.options().staging_dir = dir_ / "staging";
  connector_.options().sqlite_root = dir_.path();
  connector_.options().flags = {"--checkpoint-interval", "0.2"};
  const absl::Status started = connector_.Start();
  EXPECT_TRUE(started.ok()) << started;
  Configure(ConfigurationOf(database_.name()));
}

SyncScene::~SyncScene() {
  if (standby_lost_) RegainStandby();
  connector_.Stop();
  // A slot that is in use cannot be dropped; it is free when its process has ended.
  Server().Ask(
      "SELECT count(pg_terminate_backend(active_pid)) FROM pg_replication_slots WHERE active");
  for (int tries = 0; tries < 100; ++tries) {
    const auto dropped = Server().Execute(
        absl::StrCat("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                     "WHERE database = '",
                     database_.name(), "'"));
    if (dropped.ok()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ADD_FAILURE() << "a replication slot could not be dropped";
}

void SyncScene::Configure(const Configuration& configuration) {
  std::ofstream(dir_ / "config.json") << nlohmann::json(configuration).dump();
}

tests::SyncRunOptions SyncScene::SyncOptions(std::vector<std::string> flags) const {
  return {.address = connector_.address(),
          .config = dir_ / "config.json",
          .state = dir_ / "state.json",
          .warehouse = dir_ / "warehouse.db",
          .flags = std::move(flags)};
}

tests::SyncOutcome SyncScene::Sync(std::vector<std::string> flags, bool skip_setup) {
  tests::SyncRunOptions options = SyncOptions(std::move(flags));
  options.skip_setup = skip_setup;
  return tests::RunSync(options);
}

tests::SyncOutcome SyncScene::GoodSync(std::vector<std::string> flags) {
  tests::SyncOutcome outcome = Sync(std::move(flags));
  EXPECT_TRUE(outcome.ok()) << outcome.text << connector_.Output();
  return outcome;
}

void SyncScene::ExpectEqual(const std::string& table, const std::vector<std::string>& columns) {
  std::vector<std::string> texts;
  for (const std::string& column : columns) {
    texts.push_back(absl::StrCat("coalesce(CAST(", column, " AS text), '-')"));
  }
  const std::string line = absl::StrJoin(texts, " || '|' || ");
  // A partitioned table has no rows of its own; for other tables, ONLY leaves out rows of child
  // tables.
  const bool partitioned =
      Server().Ask(
          absl::StrCat("SELECT relkind FROM pg_class WHERE oid = 'public.", table, "'::regclass"),
          database_.name()) == "p";
  const std::string source = Server().Ask(
      absl::StrCat("SELECT coalesce(string_agg(line, E'\\n'), '') FROM (SELECT ", line,
                   " AS line FROM ", partitioned ? "" : "ONLY ", "public.", table, ") lines"),
      database_.name());
  tests::Database warehouse(dir_ / "warehouse.db");
  const std::string destination = warehouse.Text(
      absl::StrCat("SELECT coalesce(group_concat(", line, ", char(10)), '') FROM \"public.", table,
                   "\" WHERE NOT _fivetran_deleted"));
  const auto sorted = [](const std::string& text) {
    std::vector<std::string> lines = absl::StrSplit(text, '\n');
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  const std::vector<std::string> wanted = sorted(source);
  const std::vector<std::string> found = sorted(destination);
  if (wanted == found) return;
  std::vector<std::string> lost;
  std::vector<std::string> extra;
  std::set_difference(wanted.begin(), wanted.end(), found.begin(), found.end(),
                      std::back_inserter(lost));
  std::set_difference(found.begin(), found.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(extra));
  ADD_FAILURE() << table << ": " << lost.size() << " rows of the source are missing, for example "
                << (lost.empty() ? "" : lost.front().substr(0, 100)) << "; " << extra.size()
                << " rows are not in the source, for example "
                << (extra.empty() ? "" : extra.front().substr(0, 100));
}

void SyncScene::LoseStandby() {
  standby_lost_ = true;
  database_.Run(
      absl::StrCat("ALTER DATABASE ", database_.name(), " SET synchronous_commit = local"));
  EXPECT_TRUE(Server().Set({{"synchronous_standby_names", "nobody"}}).ok());
  EXPECT_TRUE(Server().Reload().ok());
  // The server's processes reload the setting at different times, so the first commits may not wait
  // yet.
  const bool waits = tests::Eventually([this] {
    const auto session = Server().Connect(database_.name());
    if (!session.ok() || !(*session)->Execute("SET synchronous_commit = on").ok()) return false;
    PGconn* const connection = (*session)->connection();
    PQsendQuery(connection, "SELECT pg_logical_emit_message(true, 'test', 'waits')");
    const bool settled = tests::Eventually([&] {
      return PQconsumeInput(connection) == 0 || PQisBusy(connection) == 0 ||
             IsWaiting((*session)->backend());
    });
    if (!settled || PQisBusy(connection) == 0) return false;
    Server().Ask(absl::StrCat("SELECT pg_terminate_backend(", (*session)->backend(), ")"));
    return true;
  });
  EXPECT_TRUE(waits) << "no commit waits for the standby";
}

void SyncScene::RegainStandby() {
  standby_lost_ = false;
  EXPECT_TRUE(Server().Set({{"synchronous_standby_names", ""}}).ok());
  EXPECT_TRUE(Server().Reload().ok());
}

bool SyncScene::WaitsForStandby(const tests::PostgresSession& session) {
  return tests::Eventually([&session] { return IsWaiting(session.backend()); });
}

}  // namespace tributary::postgresql_test
