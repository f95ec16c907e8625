// PostgreSQL databases whose tables change at random and are compared; see comparison_life.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/comparing/comparison_life.h"
#include "tests/comparing/postgresql_tables.h"
#include "tests/postgresql/compare_scene.h"

namespace tributary::tests {
namespace {

using postgresql_test::CompareScene;
using Row = std::vector<std::string>;

// The catalog lists each partition as a table, but `tables` does not.
class PostgresqlSource final : public ComparedSource {
 public:
  explicit PostgresqlSource(std::unique_ptr<PostgresSession> session)
      : session_(std::move(session)) {
    const bool has_citext = session_->Execute("CREATE EXTENSION citext").ok();
    tables_ = PostgresqlTables(has_citext);
    Run({kPostgresqlTypes});
  }

  const Dialect& dialect() const override { return postgresql_dialect_; }
  const std::vector<RandomTable>& tables() const override { return tables_; }
  std::string schema() const override { return "public"; }
  void Run(const std::vector<std::string>& statements) override {
    for (const std::string& statement : statements) {
      const auto done = session_->Execute(statement);
      EXPECT_TRUE(done.ok() || absl::StrContains(done.status().message(), "23505"))
          << done.status() << ": " << statement;
    }
  }
  absl::Status Compare(const std::string& warehouse) override;

 private:
  // The source's rows, as the warehouse stores them.
  std::vector<Row> Rows(const RandomTable& table);

  const Dialect& postgresql_dialect_ = PostgresqlDialect();
  std::unique_ptr<PostgresSession> session_;
  std::vector<RandomTable> tables_;
};

std::vector<Row> PostgresqlSource::Rows(const RandomTable& table) {
  Row columns;
  std::vector<bool> real;
  for (const KeyColumn& column : table.key) {
    columns.push_back(absl::StrReplaceAll(column.shown, {{"$", column.name}}));
    real.push_back(absl::StartsWith(column.declared, "real") ||
                   absl::StartsWith(column.declared, "double"));
  }
  columns.insert(columns.end(), {"v", "n"});
  const auto read = session_->Execute(
      absl::StrCat("SELECT ", absl::StrJoin(columns, ", "), " FROM ", table.name));
  EXPECT_TRUE(read.ok()) << read.status();
  std::vector<Row> rows;
  if (!read.ok()) return rows;
  for (const auto& values : *read) {
    Row& row = rows.emplace_back();
    for (std::size_t at = 0; at < values.size(); ++at) {
      const std::string value = values[at].value_or("NULL");
      const bool is_real = at < real.size() && real[at];
      row.push_back(is_real ? RealText(std::strtod(value.c_str(), nullptr)) : value);
    }
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

absl::Status PostgresqlSource::Compare(const std::string& warehouse) {
  const WarehouseTables stored = ReadWarehouse(warehouse);
  for (const RandomTable& table : tables_) {
    std::vector<Row> wanted = Rows(table);
    std::vector<Row> found;
    const auto there = stored.find(absl::StrCat("public.", table.name));
    if (there == stored.end()) {
      return absl::NotFoundError(absl::StrCat("the warehouse has no table ", table.name));
    }
    for (const auto& [key, row] : there->second.rows) found.push_back(row);
    std::sort(found.begin(), found.end());
    // Equal rows of a table without a key are one row in the destination.
    if (table.name == "keyless")
      wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    if (wanted == found) continue;
    std::string text = absl::StrCat(table.name, " differs:");
    const auto list = [&text](const char* what, const std::vector<Row>& in,
                              const std::vector<Row>& not_in) {
      std::vector<Row> rows;
      std::set_difference(in.begin(), in.end(), not_in.begin(), not_in.end(),
                          std::back_inserter(rows));
      absl::StrAppend(&text, " ", rows.size(), " rows are ", what);
      for (std::size_t at = 0; at < std::min<std::size_t>(rows.size(), 3); ++at) {
        absl::StrAppend(&text, "; ", absl::StrJoin(rows[at], "|"));
      }
    };
    list("missing", wanted, found);
    list("too many", found, wanted);
    return absl::DataLossError(text);
  }
  return absl::OkStatus();
}

class PostgresqlComparisonLife : public CompareScene {};

TEST_F(PostgresqlComparisonLife,
       WhateverChangesOrEndsOnlyChangesAreSentAndTheDestinationEndsEqual) {
  constexpr std::uint64_t kRounds = 10;
  auto session = postgresql_test::Server().Connect(database_.name());
  ASSERT_TRUE(session.ok()) << session.status();
  PostgresqlSource source(*std::move(session));
  ComparisonLife(source, connector_, dir_).Live(kRounds);
}

}  // namespace
}  // namespace tributary::tests
