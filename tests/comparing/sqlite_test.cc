// SQLite files whose tables change at random and are compared; see comparison_life.h.
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/comparing/comparison_life.h"
#include "tests/comparing/sqlite_tables.h"
#include "tests/crash/scene.h"

namespace tributary::tests {
namespace {

class SqliteSource final : public ComparedSource {
 public:
  explicit SqliteSource(const Scene& scene) : scene_(scene), database_(scene.source()) {
    // So that small tables have many pages.
    Run({"PRAGMA page_size = 512"});
  }

  const Dialect& dialect() const override { return SqliteDialect(); }
  const std::vector<RandomTable>& tables() const override { return SqliteTables(); }
  std::string schema() const override { return "main"; }
  void Run(const std::vector<std::string>& statements) override {
    for (const std::string& statement : statements) {
      const int done = sqlite3_exec(database_.get(), statement.c_str(), nullptr, nullptr, nullptr);
      // The journal mode cannot be changed while another connection reads.
      EXPECT_TRUE(done == SQLITE_OK || done == SQLITE_BUSY || done == SQLITE_LOCKED)
          << sqlite3_errmsg(database_.get()) << ": " << statement;
    }
  }
  absl::Status Compare(const std::string& warehouse) override {
    return CompareWarehouse(warehouse, scene_.source());
  }

 private:
  const Scene& scene_;
  Database database_;
};

TEST(SqliteComparisonLife, WhateverChangesOrEndsOnlyChangesAreSentAndTheDestinationEndsEqual) {
  constexpr std::uint64_t kRounds = 14;
  Scene scene;
  const absl::Status started = scene.connector().Start();
  ASSERT_TRUE(started.ok()) << started;
  SqliteSource source(scene);
  ComparisonLife(source, scene.connector(), scene.dir()).Live(kRounds);
}

// In place, so that the same pages come back. The state with which the change was sent is lost.
TEST(SqliteComparisonLife, RowsThatChangeAndChangeBackAreSentAgain) {
  Scene scene;
  const absl::Status started = scene.connector().Start();
  ASSERT_TRUE(started.ok()) << started;
  SqliteSource source(scene);
  // The pages of one table share a digest, those of the other one are too many.
  for (const char* const table : {"small", "large"}) {
    source.Run(
        {absl::StrCat("CREATE TABLE ", table, "(id INTEGER PRIMARY KEY, v TEXT)"),
         absl::StrCat("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n ", "WHERE x < ",
                      table == std::string("small") ? 100 : 20'000, ") INSERT INTO ", table,
                      " SELECT x, printf('%.*c', 100, 'a') FROM n")});
  }
  const auto sync = [&](std::uint64_t upserts) {
    const SyncOutcome outcome = scene.RunSync();
    ASSERT_TRUE(outcome.ok()) << outcome.text;
    EXPECT_EQ(outcome.Count("upserts"), upserts);
    const absl::Status equal = scene.Compare();
    EXPECT_TRUE(equal.ok()) << equal;
  };
  const auto change = [&](const std::string& letter) {
    for (const char* const table : {"small", "large"}) {
      source.Run({absl::StrCat("UPDATE ", table, " SET v = printf('%.*c', 100, '", letter,
                               "') WHERE id = 50")});
    }
  };
  sync(20'100);
  std::filesystem::copy_file(scene.state(), scene.dir() / "older.json");
  change("b");
  sync(2);
  std::filesystem::rename(scene.dir() / "older.json", scene.state());
  change("a");
  sync(2);
  sync(0);
}

}  // namespace
}  // namespace tributary::tests
