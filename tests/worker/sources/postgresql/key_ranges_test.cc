// Tables of a real server that are read by ranges of their keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/worker/sources/postgresql/reading.h"
#include "worker/sources/postgresql/access.h"

namespace tributary::postgresql {
namespace {

using postgresql_test::Ids;
using postgresql_test::NewDatabase;
using postgresql_test::Outcome;
using postgresql_test::Reading;
using testing::ElementsAre;

Configuration Compared(const std::string& database) {
  Configuration configuration = postgresql_test::ConfigurationOf(database);
  configuration["update_method"] = "compare";
  return configuration;
}

TEST(PostgresqlKeyRanges, ALargeTableIsCutAndEachRowIsInOneSlice) {
  const NewDatabase database(
      "CREATE TABLE t (pad text, id integer, k text, PRIMARY KEY (k, id));"
      "INSERT INTO t SELECT repeat(md5(i::text), 20), i, '\\''' || chr(200 + i * 7919 % 50) FROM "
      "generate_series(1, 40000) i");
  Reading reading(Compared(database.name()));
  const CatalogTable table = reading.Table("t");
  const std::vector<Range> slices = reading.Cut(table);
  ASSERT_GE(slices.size(), 3u);
  std::multiset<std::string> ids;
  std::string at;
  for (const Range& slice : slices) {
    EXPECT_EQ(slice.from(), at);
    at = slice.to();
    const Outcome outcome = reading.Read(table, slice);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    // All slices have a similar number of rows.
    EXPECT_GT(outcome.rows.size(), 40000 / slices.size() / 3);
    const std::vector<std::string> found = Ids(outcome);
    ids.insert(found.begin(), found.end());
  }
  EXPECT_EQ(at, "");
  EXPECT_EQ(ids.size(), 40000u);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 40000u);
}

TEST(PostgresqlKeyRanges, AReadGoesOnFromAnyMark) {
  const NewDatabase database(
      "CREATE TABLE t (id integer, k timestamptz, pad text, PRIMARY KEY (k, id));"
      "INSERT INTO t SELECT i, TIMESTAMPTZ '2024-01-01' - i * INTERVAL '1.0000001 s', "
      "repeat(md5(i::text), 20) FROM generate_series(1, 6000) i");
  Reading reading(Compared(database.name()));
  const CatalogTable table = reading.Table("t");
  const Outcome all = reading.Read(table);
  ASSERT_GT(all.marks.size(), 3u);
  for (const Outcome::SeenMark& mark : all.marks) {
    if (mark.at.empty()) continue;
    Range rest;
    rest.set_from(mark.at);
    EXPECT_EQ(reading.Read(table, rest).rows.size(), 6000 - mark.rows_before) << mark.at;
    Range before;
    before.set_to(mark.at);
    EXPECT_EQ(reading.Read(table, before).rows.size(), mark.rows_before) << mark.at;
  }
}

TEST(PostgresqlKeyRanges, APauseEndsTheReadAtAMark) {
  const NewDatabase database(
      "CREATE TABLE t (id integer PRIMARY KEY, pad text);"
      "INSERT INTO t SELECT i, repeat(md5(i::text), 20) FROM generate_series(1, 8000) i");
  Reading reading(Compared(database.name()));
  const CatalogTable table = reading.Table("t");
  reading.pause_after_marks = 1;
  const Outcome part = reading.Read(table);
  EXPECT_EQ(part.end.outcome(), AssignmentEnd::PAUSED);
  ASSERT_FALSE(part.marks.empty());
  EXPECT_EQ(part.marks.back().rows_before, part.rows.size());
  reading.pause_after_marks = -1;
  Range rest;
  rest.set_from(part.marks.back().at);
  EXPECT_EQ(reading.Read(table, rest).rows.size() + part.rows.size(), 8000u);
}

TEST(PostgresqlKeyRanges, AnotherOrderThanTheCatalogsIsNotRead) {
  const NewDatabase database(
      "CREATE COLLATION ours (provider = icu, locale = 'de');"
      "CREATE TABLE t (id text COLLATE ours PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b')");
  Reading reading(Compared(database.name()));
  const CatalogTable table = reading.Table("t");
  EXPECT_TRUE(reading.Read(table).status.ok());
  database.Run("UPDATE pg_collation SET collversion = 'other' WHERE collname = 'ours'");
  const Outcome other = reading.Read(table);
  EXPECT_TRUE(absl::IsNotFound(other.status)) << other.status;
  EXPECT_TRUE(other.rows.empty());
}

TEST(PostgresqlKeyRanges, ABoundIsTheKeysTextsAndOnlyThat) {
  const std::vector<std::string> key = {"a:1", "", "7"};
  const auto parsed = ParseKeyBound(KeyBound(key).value(), 3);
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(*parsed, ElementsAre("a:1", "", "7"));
  for (const char* const bad : {"", "4711", "3:ab", ":", "-1:", "1:a1:b", "99999999999999999999:a",
                                "16402:4711", "1:a1:b1:cx"}) {
    EXPECT_FALSE(ParseKeyBound(bad, 3).ok()) << bad;
  }
}

}  // namespace
}  // namespace tributary::postgresql
