// The catalog of a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/worker/sources/postgresql/reading.h"
#include "worker/sources/postgresql/session.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::Execute;
using postgresql_test::NewDatabase;
using postgresql_test::Reading;
using postgresql_test::Server;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

// The notes and remarks of the catalog as a sync that selects all tables says them.
std::vector<std::string> TextsOf(const Catalog& catalog) {
  std::vector<std::string> texts(catalog.remarks().begin(), catalog.remarks().end());
  for (int note = 0; note < catalog.notes_size(); ++note) {
    std::vector<std::string> names;
    for (const CatalogTable& table : catalog.tables()) {
      if (table.note() == static_cast<std::uint32_t>(note) + 1) names.push_back(table.table());
    }
    if (!names.empty()) {
      texts.push_back(absl::StrCat(catalog.notes(note), absl::StrJoin(names, ", ")));
    }
  }
  return texts;
}

// "id*" is a column of the key.
std::vector<std::string> ColumnsOf(const CatalogTable& table) {
  std::vector<std::string> columns;
  for (const auto& column : table.columns()) {
    columns.push_back(column.name() + (column.primary_key() ? "*" : ""));
  }
  return columns;
}

TEST(PostgresqlCatalog, HasEveryKindOfTableWithItsKeyAndWayOfReading) {
  const NewDatabase database(
      "CREATE SCHEMA other;"
      "CREATE TABLE ordinary (id integer PRIMARY KEY, \"odd \"\" name\" text);"
      "CREATE TABLE other.composed (a integer, b text, c integer, PRIMARY KEY (c, a));"
      "CREATE TABLE keyless (id integer);"
      "CREATE TABLE by_index (id integer PRIMARY KEY, code text NOT NULL);"
      "CREATE UNIQUE INDEX by_code ON by_index (code);"
      "ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_code;"
      "CREATE TABLE root (id integer PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (10);"
      "CREATE UNLOGGED TABLE unlogged (id integer PRIMARY KEY);"
      "CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child () INHERITS (parent);"
      "CREATE MATERIALIZED VIEW filled AS SELECT 1 AS id;"
      "CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS id WITH NO DATA;"
      "CREATE VIEW just_a_view AS SELECT 1 AS id;"
      "CREATE TABLE no_columns ();"
      "CREATE TABLE dropped (id integer PRIMARY KEY, gone integer, stays integer);"
      "ALTER TABLE dropped DROP COLUMN gone;"
      "CREATE TABLE deferred (id integer PRIMARY KEY DEFERRABLE);"
      "CREATE TABLE computed (a integer, id integer GENERATED ALWAYS AS (a * 2) STORED PRIMARY "
      "KEY);"
      "CREATE TABLE unsendable (id integer PRIMARY KEY, a aclitem[]);"
      "CREATE TYPE pair AS (a integer, b aclitem); CREATE DOMAIN pairs AS pair[];"
      "CREATE TABLE unsendable_within (id integer PRIMARY KEY, a pairs);"
      "CREATE TABLE sent_as_text (id integer PRIMARY KEY, a aclitem);"
      "CREATE TABLE covering (id integer, a integer GENERATED ALWAYS AS (id * 2) STORED, "
      "PRIMARY KEY (id) INCLUDE (a))");
  Reading reading(database.name());
  const Catalog catalog = reading.Describe();
  std::map<std::string, std::string> found;
  for (const CatalogTable& table : catalog.tables()) {
    found[absl::StrCat(table.schema(), ".", table.table())] =
        absl::StrCat(table.access().substr(0, table.access().find(' ')), ": ",
                     absl::StrJoin(ColumnsOf(table), ", "));
  }
  const std::map<std::string, std::string> expected = {
      {"public.ordinary", "blocks: id*, odd \" name"},
      {"other.composed", "blocks: a*, b, c*"},
      {"public.keyless", "whole: id"},
      {"public.by_index", "blocks: id, code*"},
      {"public.root", "leaves: id*"},
      {"public.unlogged", "keys: id*"},
      {"public.parent", "blocks: id*"},
      {"public.child", "whole: id"},
      {"public.filled", "unlockable: id"},
      {"public.dropped", "blocks: id*, stays"},
      {"public.deferred", "keys: id*"},
      {"public.computed", "keys: a, id*"},
      {"public.unsendable", "keys: id*, a"},
      {"public.unsendable_within", "keys: id*, a"},
      {"public.sent_as_text", "blocks: id*, a"},
      {"public.covering", "blocks: id*, a"},
  };
  EXPECT_EQ(found, expected);
  EXPECT_THAT(
      TextsOf(catalog),
      UnorderedElementsAre(
          HasSubstr("REFRESH MATERIALIZED VIEW \"public\".\"unfilled\""),
          HasSubstr("\"public\".\"no_columns\""),
          AllOf(HasSubstr("deferrable"), EndsWith("for deferred")),
          AllOf(HasSubstr("generated"), EndsWith("for computed")),
          AllOf(HasSubstr("SET LOGGED"), EndsWith("for unlogged")),
          AllOf(HasSubstr("out of publication"), EndsWith(": unsendable, unsendable_within")),
          AllOf(HasSubstr("equal rows of them are one row"), HasSubstr("ADD PRIMARY KEY"),
                HasSubstr("keyless"), HasSubstr("child"), Not(HasSubstr("no_columns"))),
          AllOf(HasSubstr("equal rows of them are one row"), HasSubstr("filled"),
                Not(HasSubstr("ADD PRIMARY KEY")))));
  EXPECT_THAT(catalog.identity(), HasSubstr("postgresql:"));
  EXPECT_EQ(catalog.identity(), reading.Describe().identity());
}

TEST(PostgresqlCatalog, OfTablesThatAreComparedTheKeyDecidesHow) {
  const NewDatabase database(
      "CREATE TABLE composed (a integer, b text, c integer, PRIMARY KEY (c, a));"
      "CREATE TABLE keyless (id integer);"
      "CREATE TABLE by_index (a integer, b text NOT NULL, c date NOT NULL);"
      "CREATE UNIQUE INDEX nullable ON by_index (a); CREATE UNIQUE INDEX part ON by_index (b) "
      "WHERE a = 1; CREATE UNIQUE INDEX computed ON by_index (lower(b));"
      "CREATE UNIQUE INDEX good ON by_index (c, b) INCLUDE (a);"
      "CREATE TABLE root (id integer PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE odd (id integer[] PRIMARY KEY)");
  Configuration configuration = postgresql_test::ConfigurationOf(database.name());
  configuration["update_method"] = "compare";
  Reading reading(configuration);
  std::map<std::string, std::string> found;
  const Catalog catalog = reading.Describe();
  for (const CatalogTable& table : catalog.tables()) {
    EXPECT_FALSE(table.has_log());
    EXPECT_EQ(table.order().empty(), table.comparison() != CatalogTable::RANGES);
    std::vector<std::string> words = absl::StrSplit(table.access(), ' ');
    words[1] = CatalogTable::Comparison_Name(table.comparison());
    if (words.size() > 3) words.pop_back();
    found[table.table()] =
        absl::StrCat(absl::StrJoin(words, " "), ": ", absl::StrJoin(ColumnsOf(table), ", "));
  }
  const std::map<std::string, std::string> expected = {
      {"composed", "keys RANGES 3,1: a*, b, c*"},
      {"keyless", "whole WHOLE: id"},
      {"by_index", "keys RANGES 3,2: a, b*, c*"},
      {"root", "partition-keys RANGES 1: id*"},
      {"odd", "whole SET: id*"},
  };
  EXPECT_EQ(found, expected);
  EXPECT_THAT(TextsOf(catalog), testing::ElementsAre(HasSubstr("keyless")));
}

TEST(PostgresqlCatalog, WaitsForNoLock) {
  const NewDatabase database("CREATE TABLE t (id integer PRIMARY KEY)");
  const auto locker = Server().Connect(database.name());
  ASSERT_TRUE((*locker)->Execute("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE").ok());
  Reading reading(database.name());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(reading.Describe().tables_size(), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  // Tables are then cut into slices by estimates.
  EXPECT_EQ(reading.Cut(reading.Table("t")).size(), 1u);
}

TEST(PostgresqlCatalog, ASessionThatEndsInItsMidstIsReplaced) {
  const NewDatabase database("CREATE TABLE t (id integer PRIMARY KEY)");
  const auto locker = Server().Connect(database.name());
  ASSERT_TRUE(
      (*locker)
          ->Execute("BEGIN; LOCK TABLE pg_catalog.pg_publication_rel IN ACCESS EXCLUSIVE MODE")
          .ok());
  Reading reading(database.name());
  int ended = 0;
  std::thread ends([&] {
    // The third call is answered.
    for (int tries = 0; ended < 2 && tries < 2000; ++tries) {
      if (Server().Ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                       "application_name = 'tributary' AND wait_event_type = 'Lock'") != "0") {
        ++ended;
      }
    }
    EXPECT_TRUE((*locker)->Execute("ROLLBACK").ok());
  });
  const Catalog catalog = reading.Describe();
  ends.join();
  EXPECT_EQ(catalog.tables_size(), 1);
}

}  // namespace
}  // namespace tributary::postgresql
