#include "tests/bench/postgresql_subject.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tests/bench/process_watch.h"
#include "tests/process/processes.h"

namespace tributary::bench {
namespace {

using tests::PostgresServer;

constexpr std::uint64_t kTablesInTransaction = 500;

// Settings so that the server does nothing by itself during a measurement.
const std::map<std::string, std::string>& Settings() {
  static const std::map<std::string, std::string> settings = {
      {"wal_level", "logical"},
      {"shared_buffers", "1GB"},
      {"max_wal_size", "32GB"},
      {"checkpoint_timeout", "1h"},
      {"autovacuum", "off"},
      // One statement creates a publication with 10,000 tables.
      {"max_locks_per_transaction", "1024"},
  };
  return settings;
}

constexpr char kColumns[] =
    "(id bigint PRIMARY KEY, customer integer NOT NULL, amount numeric(12,2), "
    "weight double precision, status text, name varchar(80), email text, created timestamptz, "
    "active boolean, due date)";
constexpr char kRows[] =
    "SELECT n, n * 31 % 1000000, (n * 7919 % 1000000)::numeric / 100, 1 + n / 1024.0, "
    "CASE n % 3 WHEN 0 THEN 'shipped' ELSE 'waiting for delivery' END, "
    "'The esteemed customer with the number ' || n, 'customer' || n || '@mail.example.com', "
    "timestamptz '2022-01-01 00:00:00Z' + n * interval '1.000003 s', n % 2 = 0, "
    "CASE WHEN n % 10 <> 0 THEN date '2021-01-01' + (n % 1000)::integer END "
    "FROM generate_series(1::bigint, $0) n";

}  // namespace

PostgresqlSubject::PostgresqlSubject(const std::string& folder) : folder_(folder + "/postgresql") {
  std::filesystem::create_directories(folder_);
  auto server = PostgresServer::Make({.settings = Settings()});
  if (!server.ok()) Fail(std::string(server.status().message()));
  server_ = *std::move(server);
}

std::string PostgresqlSubject::Run(const std::string& sql) const {
  const auto rows = server_->Execute(sql);
  if (!rows.ok()) Fail(absl::StrCat(rows.status().message(), ": ", sql));
  return rows->empty() || rows->front().empty() ? "" : rows->front().front().value_or("");
}

void PostgresqlSubject::MakeOrders(std::uint64_t rows) {
  Run(absl::StrCat("CREATE TABLE orders ", kColumns));
  Run(absl::StrCat("INSERT INTO orders ", absl::Substitute(kRows, rows)));
}

void PostgresqlSubject::MakeTables(const std::string& prefix, std::uint64_t count,
                                   std::uint64_t rows) {
  Run(absl::Substitute(
      "DO $$$$ BEGIN FOR i IN 0 .. $0 LOOP "
      "EXECUTE 'CREATE TABLE $1' || i || ' $2'; "
      "EXECUTE 'INSERT INTO $1' || i || $3; "
      "IF i % $4 = 0 THEN COMMIT; END IF; END LOOP; END $$$$",
      count - 1, prefix, kColumns, absl::StrCat("$q$ ", absl::Substitute(kRows, rows), "$q$"),
      kTablesInTransaction));
}

void PostgresqlSubject::Publish() {
  Run("VACUUM (FREEZE, ANALYZE)");
  Run("CHECKPOINT");
  Run("DO $$ BEGIN EXECUTE (SELECT 'CREATE PUBLICATION tributary FOR TABLE ' || "
      "string_agg(quote_ident(relname), ', ') FROM pg_class "
      "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'); END $$");
}

void PostgresqlSubject::DropSlots() const {
  const auto gone = [this] {
    return server_->Execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
        .ok();
  };
  if (!tests::Eventually(gone)) Fail("a replication slot stays in use");
}

double PostgresqlSubject::CpuOfEndedSessions() const {
  // The server counts a session's CPU when its process has ended, which is after its row in the
  // view has disappeared.
  const auto none = [this] {
    const std::string others = server_->Ask(
        "SELECT count(*) FROM pg_stat_activity WHERE "
        "backend_type NOT IN ('client backend', 'walsender', 'parallel worker')");
    return absl::StrCat(tests::ChildrenOf(server_->pid()).size()) == others &&
           tests::ZombiesOf(server_->pid()) == 0;
  };
  if (!tests::Eventually(none)) Fail("a session of the server does not end");
  return CpuOf(server_->pid()).children;
}

std::string PostgresqlSubject::Script(const std::string& statements) const {
  const std::string file = folder_ + "/baseline.sql";
  std::ofstream(file) << statements;
  return file;
}

SyncSubject PostgresqlSubject::subject() const {
  return {.folder = folder_,
          .configuration = {{"source", "postgresql"},
                            {"host", PostgresServer::kHost},
                            {"port", absl::StrCat(server_->port())},
                            {"database", PostgresServer::kDatabase},
                            {"user", PostgresServer::kUser},
                            {"sslmode", "disable"}}};
}

}  // namespace tributary::bench
