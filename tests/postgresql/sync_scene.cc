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

// A row for a failure's message, without the middle of a long one.
std::string Ends(const std::string& row) {
  constexpr std::size_t kEnd = 50;
  if (row.size() <= 2 * kEnd) return row;
  return absl::StrCat(row.substr(0, kEnd), "...", row.substr(row.size() - kEnd));
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

void SyncScene::BeginOrders() {
  database_.Run(
      "CREATE TABLE orders (id int PRIMARY KEY, note text, big text);"
      "ALTER TABLE orders ALTER big SET STORAGE EXTERNAL;"
      "INSERT INTO orders SELECT i, 'n', repeat(md5(i::text), 100) FROM generate_series(1, 100) i");
  GoodSync();
}

void SyncScene::ExpectEqual(const std::string& table, const std::vector<std::string>& columns) {
  tests::Database warehouse(dir_ / "warehouse.db");
  const std::string destination_table = absl::StrCat("public.", table);
  std::vector<std::string> in_source;
  std::vector<std::string> in_destination;
  for (const std::string& column : columns) {
    in_source.push_back(absl::StrCat("coalesce(CAST(", column, " AS text), '-')"));
    // A column is added with its first value.
    const bool has =
        warehouse.Number(absl::StrCat("SELECT count(*) FROM pragma_table_info('", destination_table,
                                      "') WHERE name = '", column, "'")) > 0;
    in_destination.push_back(has ? in_source.back() : "'-'");
  }
  const auto line_of = [](const std::vector<std::string>& texts) {
    return absl::StrJoin(texts, " || '|' || ");
  };
  // Not the rows of child tables, except partitions.
  const std::string source = Server().Ask(
      absl::StrCat("SELECT coalesce(string_agg(line, E'\\n'), '') FROM (SELECT ",
                   line_of(in_source), " AS line FROM public.", table,
                   " t WHERE tableoid = 'public.", table,
                   "'::regclass OR (SELECT relispartition FROM pg_class WHERE oid = t.tableoid)) "
                   "lines"),
      database_.name());
  const std::string destination = warehouse.Text(absl::StrCat(
      "SELECT coalesce(group_concat(", line_of(in_destination), ", char(10)), '') FROM \"",
      destination_table, "\" WHERE NOT _fivetran_deleted"));
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
                << (lost.empty() ? "" : Ends(lost.front())) << "; " << extra.size()
                << " rows are not in the source, for example "
                << (extra.empty() ? "" : Ends(extra.front()));
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
