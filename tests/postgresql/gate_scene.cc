#include "tests/postgresql/gate_scene.h"

#include <signal.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/metrics/scrape.h"
#include "tests/process/database.h"
#include "tests/process/processes.h"

namespace tributary::postgresql_test {
namespace {

using tests::Eventually;
using tests::PostgresSession;

// The number of blocks in which MakeTableOfSeveralSlices deletes all rows.
constexpr int kFreedBlocks = 3;
// A condition on pg_stat_activity AS a: the session of a slice is running its check of the table,
// or that check was its last statement.
constexpr char kLooks[] =
    "a.application_name = 'tributary' AND a.datname = current_database() "
    "AND a.query LIKE 'BEGIN ISOLATION LEVEL REPEATABLE READ%'";

bool IsStopped(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  const std::string status{std::istreambuf_iterator<char>(file), {}};
  return status.find("State:\tT") != std::string::npos;
}

}  // namespace

GateScene::GateScene() {
  connector_.Stop();
  connector_.options().flags = {"--checkpoint-interval", "0.2",         "--workers",       "1",
                                "--metrics-address",     "127.0.0.1:0", "--table-metrics", "1"};
  const absl::Status started = connector_.Start();
  EXPECT_TRUE(started.ok()) << started;
  database_.Run(absl::StrCat("ALTER DATABASE ", database_.name(), " SET log_statement = 'all'"));
  logged_before_ = Server().log().size();
}

void GateScene::MakeSlot() {
  database_.Run("CREATE TABLE earlier (id int PRIMARY KEY)");
  GoodSync();
}

void GateScene::MakeTableOfSeveralSlices() {
  database_.Run(
      "CREATE TABLE t (id int PRIMARY KEY, v int, pad text, big text) "
      "WITH (autovacuum_enabled = false); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;"
      "INSERT INTO t SELECT i, 0, repeat('p', 200), "
      "CASE WHEN i = 3000 THEN NULL ELSE repeat(md5(i::text), 200) END "
      "FROM generate_series(1, 4000) i; "
      "DELETE FROM t WHERE (ctid::text::point)[0] < " +
      std::to_string(kFreedBlocks));
  database_.Run("VACUUM t");
}

// --- an application's sessions -----------------------------------------------

std::unique_ptr<PostgresSession> GateScene::Connected() {
  auto session = Server().Connect(database_.name());
  EXPECT_TRUE(session.ok()) << session.status();
  return session.ok() ? *std::move(session) : nullptr;
}

std::unique_ptr<PostgresSession> GateScene::Within(const std::string& sql) {
  auto session = Connected();
  Execute(*session, absl::StrCat("BEGIN;", sql));
  return session;
}

void GateScene::Execute(PostgresSession& session, const std::string& sql) {
  const auto done = session.Execute(sql);
  EXPECT_TRUE(done.ok()) << done.status() << "\n" << sql;
}

void GateScene::Send(PostgresSession& session, const std::string& sql) {
  EXPECT_EQ(PQsendQuery(session.connection(), sql.c_str()), 1);
}

std::uint64_t GateScene::Commit(const std::string& sql) {
  database_.Run(sql);
  const std::string end =
      Server().Ask("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn", database_.name());
  database_.Run("SELECT pg_logical_emit_message(true, 'test', 'after')");
  std::uint64_t position = 0;
  EXPECT_TRUE(absl::SimpleAtoi(end, &position)) << end;
  return position;
}

// --- waiting -----------------------------------------------------------------

bool GateScene::Becomes(const std::string& condition) {
  return Eventually(
      [&] { return Server().Ask(absl::StrCat("SELECT ", condition), database_.name()) == "t"; });
}

bool GateScene::WaitsForALock(const PostgresSession& session) {
  return Becomes(absl::StrCat(
      "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid = ", session.backend(), ")"));
}

// A slice waits for the lock before its check of the table, or, if the rule is broken, after it.
// The query that cuts the table into slices may also wait for the lock at first.
bool GateScene::SliceWaitsForALock() {
  return Becomes(absl::StrCat(
      "EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE (", kLooks,
      " OR a.query LIKE 'COPY%') AND NOT l.granted AND l.relation = 't'::regclass)"));
}

std::size_t GateScene::Looks() const {
  const std::string log = Server().log();
  const std::string look = "quote_ident('public') || '.' || quote_ident('t')";
  std::size_t looks = 0;
  for (std::size_t at = log.find(look, logged_before_); at != std::string::npos;
       at = log.find(look, at + 1)) {
    ++looks;
  }
  return looks;
}

bool GateScene::LooksAgain() {
  return Eventually([this] { return !run_->running() || Looks() > 1; });
}

double GateScene::Metric(const std::string& name) {
  if (metrics_.empty()) {
    const auto line = connector_.WaitForLog("metrics can be scraped");
    metrics_ = line.has_value() ? line->value("address", "") : "";
  }
  const tests::Samples samples(tests::Get(metrics_).body);
  return name.find('{') == std::string::npos ? samples.Sum(name) : samples[name];
}

nlohmann::json GateScene::SavedState() {
  std::ifstream file(dir_ / "state.json");
  auto state = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  return state.is_object() ? state : nlohmann::json::object();
}

std::uint64_t GateScene::SavedPosition() {
  const nlohmann::json state = SavedState();
  std::uint64_t position = 0;
  if (!state.contains("log_position")) return 0;
  return absl::SimpleAtoi(state["log_position"].value("commit", ""), &position) ? position : 0;
}

bool GateScene::SavedWithinTransaction() {
  const nlohmann::json state = SavedState();
  return state.contains("log_position") && state["log_position"].contains("final");
}

nlohmann::json GateScene::SavedTable(const std::string& name) {
  return SavedState().value(nlohmann::json::json_pointer("/tables/public/" + name),
                            nlohmann::json::object());
}

int GateScene::BlockOf(int id) {
  int block = -1;
  const std::string text = Server().Ask(
      absl::StrCat("SELECT (ctid::text::point)[0]::int FROM t WHERE id = ", id), database_.name());
  EXPECT_TRUE(absl::SimpleAtoi(text, &block)) << text;
  return block;
}

// --- order -------------------------------------------------------------------

void GateScene::BeginWithLock(const std::string& sql) {
  const auto older = Within("SELECT pg_current_xact_id()");
  run_ = std::make_unique<tests::SyncRun>(SyncOptions());
  // By rule 4, slices of t wait for the transaction `older`.
  EXPECT_TRUE(Eventually([this] { return Looks() > 0; }));
  locker_ = Within(sql);
  Execute(*older, "ROLLBACK");
  EXPECT_TRUE(SliceWaitsForALock());
}

void GateScene::StopASliceAfterItsSnapshot() {
  stopped_ = connector_.WorkerOn("public.t");
  ASSERT_NE(stopped_, 0);
  ASSERT_EQ(::kill(stopped_, SIGSTOP), 0);
  EXPECT_TRUE(Eventually([this] { return IsStopped(stopped_); }));
  EndLock();
  EXPECT_TRUE(Becomes(absl::StrCat("EXISTS (SELECT FROM pg_stat_activity a WHERE ", kLooks,
                                   " AND a.state = 'idle in transaction')")));
}

void GateScene::Continue() { ASSERT_EQ(::kill(stopped_, SIGCONT), 0); }

void GateScene::ExpectGood() {
  const tests::SyncOutcome outcome = run_->Wait();
  EXPECT_TRUE(outcome.ok()) << outcome.text << connector_.Output();
}

void GateScene::BeginWithBetweenSlices(const std::string& sql) {
  BeginWithLock("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
  StopASliceAfterItsSnapshot();
  first_looks_ = Looks();
  // The first slice already has its lock; the second slice waits for this statement.
  between_ = Connected();
  Send(*between_, sql);
  EXPECT_TRUE(WaitsForALock(*between_));
  Continue();
  while (PGresult* const result = PQgetResult(between_->connection())) {
    EXPECT_EQ(PQresultStatus(result), PGRES_COMMAND_OK) << PQresultErrorMessage(result);
    PQclear(result);
  }
}

void GateScene::SyncWithBetweenSlices(const std::string& sql) {
  BeginWithBetweenSlices(sql);
  ExpectGood();
  EXPECT_GT(Looks(), first_looks_) << "the table has only one slice";
}

std::string GateScene::Destination(const std::string& condition) {
  return tests::Database(dir_ / "warehouse.db")
      .Text("SELECT count(*) FROM \"public.t\" WHERE NOT _fivetran_deleted AND " + condition);
}

void GateScene::MakeTypeThatHolds() {
  database_.Run(
      "CREATE TYPE slow AS ENUM ('a', 'b');"
      "CREATE FUNCTION to_json(slow) RETURNS json LANGUAGE sql AS "
      "'SELECT pg_catalog.pg_advisory_xact_lock_shared(CASE $1::text WHEN ''a'' THEN 1 ELSE 2 "
      "END); SELECT ''1''::pg_catalog.json';"
      "CREATE CAST (slow AS json) WITH FUNCTION to_json(slow)");
}

std::string GateScene::MovesRow(int id) {
  return absl::StrCat(
      "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; "
      "UPDATE t SET v = 1, pad = repeat('q', 400) WHERE id = ",
      id);
}

void GateScene::ExpectRowThatMovesToArrive(int id) {
  MakeSlot();
  MakeTableOfSeveralSlices();
  EXPECT_GE(BlockOf(id), kFreedBlocks);
  SyncWithBetweenSlices(absl::StrCat(MovesRow(id), "; COMMIT"));
  EXPECT_LT(BlockOf(id), kFreedBlocks);
  ExpectEqual("t", {"id", "v", "pad", "big"});
}

}  // namespace tributary::postgresql_test
