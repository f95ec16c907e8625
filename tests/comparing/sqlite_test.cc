// SQLite files whose tables change at random and are compared; see comparison_life.h.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/comparing/comparison_life.h"
#include "tests/comparing/sqlite_tables.h"
#include "tests/crash/scene.h"

namespace tributary::tests {
namespace {

class SqliteSource final : public ComparedSource {
 public:
  explicit SqliteSource(const Scene& scene) : scene_(scene), database_(scene.source()) {}

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

}  // namespace
}  // namespace tributary::tests
