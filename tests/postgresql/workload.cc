#include "tests/postgresql/workload.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tributary::postgresql_test {
namespace {

using Random = std::minstd_rand;

constexpr int kPlainTables = 12;
constexpr int kRows = 2'000;
constexpr int kSmallTables = 200;
constexpr int kSmallRows = 20;

int Below(Random& random, int end) {
  return static_cast<int>(random() % static_cast<unsigned>(end));
}

std::string Plain(Random& random) { return absl::StrCat("plain_", Below(random, kPlainTables)); }
std::string Small(Random& random) { return absl::StrCat("small_", Below(random, kSmallTables)); }

std::string MakeSmallTable(const std::string& name) {
  return absl::StrCat("CREATE TABLE ", name, " (id int PRIMARY KEY, v int, big text);",
                      "ALTER TABLE ", name, " ALTER big SET STORAGE EXTERNAL; INSERT INTO ", name,
                      " SELECT i, 0, repeat(md5(i::text), 90) FROM generate_series(1, ", kSmallRows,
                      ") i");
}

// One statement of a small table. It fails if it names a column that the table does not have.
std::string SmallStatement(Random& random, bool adds_columns) {
  const std::string table = Small(random);
  const int id = Below(random, 2 * kSmallRows) + 1;
  const int other = Below(random, 2 * kSmallRows) + 1;
  const int kind = Below(random, 1000);
  const std::string where = absl::StrCat(" WHERE id = ", id);
  if (kind < 300) return absl::StrCat("UPDATE ", table, " SET v = v + 1", where);
  if (kind < 360) {
    return absl::StrCat("UPDATE ", table, " SET big = repeat(md5(random()::text), 90)", where);
  }
  if (kind < 600) {
    return absl::StrCat("INSERT INTO ", table, " VALUES (", id, ", ", other,
                        ", repeat(md5(random()::text), 90)) ON CONFLICT DO NOTHING");
  }
  if (kind < 750) return absl::StrCat("DELETE FROM ", table, where);
  if (kind < 800) {
    return absl::StrCat("UPDATE ", table, " SET id = ", other, where,
                        " AND NOT EXISTS (SELECT FROM ", table, " WHERE id = ", other, ")");
  }
  if (kind < 830) return absl::StrCat("TRUNCATE ", table);
  if (kind < 860) {
    return absl::StrCat("TRUNCATE ", table, "; INSERT INTO ", table, " VALUES (", id, ", 1, 't')");
  }
  const std::string extra = absl::StrCat("extra_", other % 5);
  if (kind < 980) return absl::StrCat("UPDATE ", table, " SET ", extra, " = ", other, where);
  if (kind < 985 && adds_columns) {
    return absl::StrCat("ALTER TABLE ", table, " ADD ", extra, " int");
  }
  if (kind < 990 && adds_columns) {
    return absl::StrCat("ALTER TABLE ", table, " ADD ", extra, " int DEFAULT ", other);
  }
  if (kind < 993) return absl::StrCat("ALTER TABLE ", table, " ALTER v TYPE bigint USING 1 - v");
  if (kind < 996) return absl::StrCat("ALTER TABLE ", table, " ALTER v TYPE int USING 1 - v");
  // A client that has seen a column may rely on it, so only tables without further columns.
  return absl::StrCat("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = '",
                      table, "'::regclass AND attname LIKE 'extra%') THEN DROP TABLE ", table, ";",
                      MakeSmallTable(table), "; END IF; END $$");
}

// One statement; frequent kinds and rare kinds have different probabilities.
std::string Statement(Random& random) {
  const std::string table = Plain(random);
  const int id = Below(random, 2 * kRows) + 1;
  const int other = Below(random, 2 * kRows) + 1;
  const int kind = Below(random, 1000);
  const std::string where = absl::StrCat(" WHERE id = ", id);
  if (kind < 330) return absl::StrCat("UPDATE ", table, " SET v = v + 1", where);
  if (kind < 420) {
    return absl::StrCat("UPDATE ", table, " SET v = v + 1, pad = repeat('q', ", 100 + other % 200,
                        ")", where);
  }
  if (kind < 490) {
    return absl::StrCat("UPDATE ", table, " SET big = repeat(md5(random()::text), 90)", where);
  }
  if (kind < 600) return absl::StrCat("DELETE FROM ", table, where);
  if (kind < 720) {
    return absl::StrCat("INSERT INTO ", table, " VALUES (", id, ", ", other,
                        ", repeat('p', 200), repeat(md5(random()::text), 90)) "
                        "ON CONFLICT DO NOTHING");
  }
  if (kind < 780) {
    return absl::StrCat("UPDATE ", table, " SET id = ", other, where,
                        " AND NOT EXISTS (SELECT FROM ", table, " WHERE id = ", other, ")");
  }
  if (kind < 810) {
    return absl::StrCat("INSERT INTO parts VALUES (", id, ", ", other % 3,
                        ", 'n') "
                        "ON CONFLICT DO NOTHING");
  }
  if (kind < 840) {
    return absl::StrCat("UPDATE parts p SET k = (k + 1) % 3, v = v || 'x'", where,
                        " AND NOT EXISTS (SELECT FROM parts q WHERE q.id = p.id "
                        "AND q.k = (p.k + 1) % 3)");
  }
  if (kind < 860) return absl::StrCat("UPDATE generated SET a = a + 1", where);
  if (kind < 880) return absl::StrCat("UPDATE full_identity SET a = a + 1", where);
  if (kind < 890) {
    return absl::StrCat("UPDATE full_identity SET id = ", 2 * kRows + 1, " - id WHERE id IN (", id,
                        ", ", 2 * kRows + 1 - id, ")");
  }
  if (kind < 910) {
    return absl::StrCat("UPDATE by_index SET id = id + 1, v = v || 'x' WHERE code = 'c", id, "'");
  }
  if (kind < 925) {
    return absl::StrCat("UPDATE composed SET b = b || 'y', v = v + 1 WHERE a = ", id,
                        " AND length(b) < 20");
  }
  if (kind < 935) return absl::StrCat("INSERT INTO keyless VALUES (", id, ", 'k' || random())");
  if (kind < 945) return absl::StrCat("DELETE FROM parent", where);
  if (kind < 955) {
    return absl::StrCat("INSERT INTO child VALUES (", id, ", 'c', ", other,
                        ") ON CONFLICT DO NOTHING");
  }
  if (kind < 965) {
    return absl::StrCat("SAVEPOINT s; DELETE FROM ", table, " WHERE id < ", id,
                        "; ROLLBACK TO SAVEPOINT s");
  }
  if (kind < 970) {
    return absl::StrCat(
        "TRUNCATE ", table, "; INSERT INTO ", table,
        " SELECT i, 1, 't', repeat(md5(i::text), 90) FROM generate_series(1, 200) i");
  }
  if (kind < 972) return absl::StrCat("TRUNCATE parts_", other % 3);
  if (kind < 974) return "TRUNCATE parts";
  return absl::StrCat("DELETE FROM ", table, " WHERE id BETWEEN ", id, " AND ", id + 20);
}

std::string Transaction(Random& random, WrittenTables written) {
  std::string sql = "BEGIN";
  const int statements = Below(random, 4) == 0 ? 8 : 1 + Below(random, 3);
  for (int i = 0; i < statements; ++i) {
    absl::StrAppend(
        &sql, ";",
        written == WrittenTables::kOfManyKinds
            ? Statement(random)
            : SmallStatement(random, /*adds_columns=*/written == WrittenTables::kSmall));
  }
  return absl::StrCat(sql, Below(random, 10) == 0 ? ";ROLLBACK" : ";COMMIT");
}

}  // namespace

Workload::Workload(const NewDatabase& database, std::uint32_t seed, WrittenTables tables)
    : database_(database), seed_(seed), written_(tables) {
  written_ == WrittenTables::kOfManyKinds ? MakeTablesOfManyKinds() : MakeSmallTables();
}

void Workload::MakeSmallTables() const {
  std::string sql;
  for (int i = 0; i < kSmallTables; ++i) {
    absl::StrAppend(&sql, MakeSmallTable(absl::StrCat("small_", i)), ";");
  }
  database_.Run(sql);
}

void Workload::MakeTablesOfManyKinds() const {
  for (int i = 0; i < kPlainTables; ++i) {
    const std::string name = absl::StrCat("plain_", i);
    database_.Run(absl::StrCat(
        "CREATE TABLE ", name,
        " (id int PRIMARY KEY, v int, pad text, big text) WITH (autovacuum_enabled = false); "
        "ALTER TABLE ",
        name, " ALTER big SET STORAGE EXTERNAL; INSERT INTO ", name,
        " SELECT i, 0, repeat('p', 200), repeat(md5(i::text), 90) FROM generate_series(1, ",
        kRows * (1 + i % 3), ") i"));
  }
  database_.Run(absl::StrCat(
      "CREATE TABLE parts (id int, k int, v text, PRIMARY KEY (id, k)) PARTITION BY LIST (k);"
      "CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0);"
      "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);"
      "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);"
      "INSERT INTO parts SELECT i, i % 3, 'v' FROM generate_series(1, ",
      kRows,
      ") i;"
      "CREATE TABLE generated (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) "
      "STORED);"
      "INSERT INTO generated SELECT i, i FROM generate_series(1, ",
      kRows,
      ") i;"
      "CREATE TABLE full_identity (id int PRIMARY KEY DEFERRABLE, a int, big text);"
      "ALTER TABLE full_identity ALTER big SET STORAGE EXTERNAL, REPLICA IDENTITY FULL;"
      "INSERT INTO full_identity SELECT i, i, repeat(md5(i::text), 90) FROM generate_series(1, ",
      2 * kRows,
      ") i;"
      "CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL UNIQUE, v text);"
      "ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key;"
      "INSERT INTO by_index SELECT i * 1000, 'c' || i, 'v' FROM generate_series(1, ",
      kRows,
      ") i;"
      "CREATE TABLE composed (a int, b text, v int, PRIMARY KEY (b, a));"
      "INSERT INTO composed SELECT i, 'b' || i % 7, 0 FROM generate_series(1, ",
      kRows,
      ") i;"
      "CREATE TABLE keyless (a int, b text); INSERT INTO keyless VALUES (1, 'x'), (1, 'y');"
      "CREATE TABLE parent (id int PRIMARY KEY, v text);"
      "CREATE TABLE child (PRIMARY KEY (id), w int) INHERITS (parent);"
      "INSERT INTO parent SELECT i, 'p' FROM generate_series(1, 500) i;"
      "INSERT INTO child SELECT i, 'c', i FROM generate_series(1001, 1500) i;"
      "CREATE TABLE empty (id int PRIMARY KEY)"));
}

std::vector<WrittenTable> Workload::tables() const {
  const auto rows = Server().Execute(
      "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
      "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND "
      "NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum",
      database_.name());
  EXPECT_TRUE(rows.ok()) << rows.status();
  std::vector<WrittenTable> tables;
  for (const auto& row : rows.ok() ? *rows : tests::PostgresRows()) {
    if (tables.empty() || tables.back().name != row[0]) tables.push_back({*row[0], {}});
    tables.back().columns.push_back(*row[1]);
  }
  return tables;
}

void Workload::Start(int sessions, WrittenTables written) {
  stops_ = false;
  for (int i = 0; i < sessions; ++i) {
    threads_.emplace_back(
        [this, written, seed = seed_ + 1000 * ++starts_] { Write(seed, written); });
  }
  threads_.emplace_back([this, seed = seed_ + 1000 * ++starts_] { Vacuum(seed); });
}

void Workload::Stop() {
  stops_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Workload::Write(std::uint32_t seed, WrittenTables written) {
  Random random(seed);
  std::unique_ptr<tests::PostgresSession> session;
  while (!stops_) {
    if (session == nullptr) {
      auto connected = Server().Connect(database_.name());
      if (connected.ok()) session = *std::move(connected);
    }
    if (session != nullptr) {
      // Deadlocks and duplicate keys are expected.
      const auto done = session->Execute(Transaction(random, written));
      if (!done.ok()) static_cast<void>(session->Execute("ROLLBACK"));
      ++transactions_;
      if (PQstatus(session->connection()) != CONNECTION_OK) session.reset();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(Below(random, 4) == 0 ? 10 : 1));
  }
}

void Workload::Vacuum(std::uint32_t seed) {
  Random random(seed);
  while (!stops_) {
    static_cast<void>(Server().Execute(
        absl::StrCat("VACUUM ", Below(random, 12) == 0 ? "FULL " : "",
                     written_ == WrittenTables::kOfManyKinds ? Plain(random) : Small(random)),
        database_.name()));
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
}

}  // namespace tributary::postgresql_test
