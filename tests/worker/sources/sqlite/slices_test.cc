// Slices and marks: each row is read exactly once, however a table is cut and wherever its reading
// was stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Serialized(const std::vector<Values>& rows) {
  std::vector<std::string> texts;
  for (const Values& row : rows) {
    std::string text;
    for (const auto& [name, value] : row)
      absl::StrAppend(&text, name, "=", value.SerializeAsString(), ";");
    texts.push_back(text);
  }
  return texts;
}

std::vector<std::int64_t> Longs(const Outcome& outcome, const std::string& column) {
  std::vector<std::int64_t> longs;
  for (const Values& row : outcome.rows) longs.push_back(row.at(column).long_());
  return longs;
}

Range MakeRange(const std::string& from, const std::string& to) {
  Range range;
  range.set_from(from);
  range.set_to(to);
  return range;
}

void ExpectTogether(const std::vector<Range>& slices, const Range& whole) {
  ASSERT_FALSE(slices.empty());
  EXPECT_EQ(slices.front().from(), whole.from());
  EXPECT_EQ(slices.back().to(), whole.to());
  for (std::size_t at = 1; at < slices.size(); ++at) {
    EXPECT_EQ(slices[at].from(), slices[at - 1].to());
    EXPECT_FALSE(slices[at].from().empty());
  }
}

struct Shape {
  const char* name;
  const char* table;
  // A SELECT that returns the values of row x.
  const char* row;
};

class ShapesTest : public ::testing::TestWithParam<Shape> {
 protected:
  // About 24 MiB, so that it is cut.
  void SetUp() override {
    Database database(folder_ / "s.db");
    database.Run(GetParam().table);
    database.Run(
        absl::StrCat("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<6000) "
                     "INSERT INTO t ",
                     GetParam().row, " FROM n"));
  }
  TempFolder folder_;
};

TEST_P(ShapesTest, SlicesGiveEachRowOnceInTheOrderOfTheBounds) {
  Reading reading(folder_.path(), "s.db");
  const CatalogTable table = reading.Table("t");
  const auto whole = Serialized(reading.ReadAll(table, {Range()}));
  EXPECT_EQ(whole.size(), 6000u);
  const std::vector<Range> slices = reading.Cut(table);
  EXPECT_GE(slices.size(), 2u) << table.estimated_bytes();
  ExpectTogether(slices, Range());
  EXPECT_EQ(Serialized(reading.ReadAll(table, slices)), whole);
}

TEST_P(ShapesTest, ReadingGoesOnFromAnyMarkWithTheRowsThatWereLeft) {
  Reading reading(folder_.path(), "s.db");
  const CatalogTable table = reading.Table("t");
  const Outcome whole = reading.Read(table);
  ASSERT_GE(whole.marks.size(), 3u);
  const auto rows = Serialized(whole.rows);
  for (std::size_t at = 0; at + 1 < whole.marks.size(); at += 7) {
    const Outcome rest = reading.Read(table, MakeRange(whole.marks[at].at, ""));
    const std::vector<std::string> left(
        rows.begin() + static_cast<std::ptrdiff_t>(whole.marks[at].rows_before), rows.end());
    EXPECT_EQ(Serialized(rest.rows), left) << "mark " << at;
    const Outcome first = reading.Read(table, MakeRange("", whole.marks[at].at));
    EXPECT_EQ(first.rows.size(), whole.marks[at].rows_before);
    EXPECT_EQ(first.marks.back().at, whole.marks[at].at);
  }
}

TEST_P(ShapesTest, WhatIsLeftOfATableCanBeCutAgain) {
  Reading reading(folder_.path(), "s.db");
  const CatalogTable table = reading.Table("t");
  const std::vector<Range> slices = reading.Cut(table);
  std::mt19937 random(7);
  const auto whole = Serialized(reading.ReadAll(table, {Range()}));
  // Resumes in the middle of a slice, after a pause that was requested before the slice began, so
  // that the reader cannot be faster; other slices were not begun.
  reading.pause_after_marks = 0;
  const Outcome paused = reading.Read(table, slices[0]);
  ASSERT_EQ(paused.end.outcome(), AssignmentEnd::PAUSED);
  reading.pause_after_marks = -1;
  const std::string stopped = paused.marks.back().at;
  EXPECT_EQ(paused.marks.back().rows_before, paused.rows.size());
  std::vector<Range> left{MakeRange(stopped, slices[0].to())};
  left.insert(left.end(), slices.begin() + 1, slices.end());
  auto rows = Serialized(paused.rows);
  const auto rest = Serialized(reading.ReadAll(table, reading.Cut(table, left)));
  rows.insert(rows.end(), rest.begin(), rest.end());
  EXPECT_EQ(rows, whole);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ShapesTest,
    ::testing::Values(
        Shape{"Rowid", "CREATE TABLE t(a INTEGER, p TEXT)", "SELECT x, hex(randomblob(2000))"},
        Shape{"SparseRowid", "CREATE TABLE t(id INTEGER PRIMARY KEY, p BLOB)",
              "SELECT CASE WHEN x % 2 THEN x ELSE x * 1000000000000 END, randomblob(4000)"},
        Shape{"NegativeRowid", "CREATE TABLE t(id INTEGER PRIMARY KEY, p BLOB)",
              "SELECT -x * 5, randomblob(4000)"},
        Shape{"CoveringIndex",
              "CREATE TABLE t(a INT, p BLOB); CREATE INDEX i ON t(p, a); CREATE INDEX j ON t(a)",
              "SELECT 6000 - x, randomblob(3000)"},
        Shape{"TextKey", "CREATE TABLE t(k TEXT PRIMARY KEY, p TEXT) WITHOUT ROWID",
              "SELECT hex(randomblob(8)), hex(randomblob(400)) || printf('%3000d', x)"},
        Shape{"CompositeKey",
              "CREATE TABLE t(p BLOB, a INT, b TEXT, PRIMARY KEY(a, b)) WITHOUT ROWID",
              "SELECT zeroblob(3000), x % 3, 'k' || x"},
        Shape{"DescendingKey", "CREATE TABLE t(a INT PRIMARY KEY DESC, p BLOB) WITHOUT ROWID",
              "SELECT x, zeroblob(3000)"},
        Shape{"MixedKey",
              "CREATE TABLE t(a INT, b TEXT, c REAL, p BLOB, PRIMARY KEY(a, b DESC, c)) "
              "WITHOUT ROWID",
              "SELECT x % 2, 'k' || (x % 5), x / 7.0, zeroblob(3000)"},
        Shape{"CollatedKey",
              "CREATE TABLE t(k TEXT COLLATE NOCASE PRIMARY KEY, p BLOB) WITHOUT ROWID",
              "SELECT CASE x % 2 WHEN 0 THEN 'K' ELSE 'k' END || x, zeroblob(3000)"},
        Shape{"OtherCollationInKey",
              "CREATE TABLE t(k TEXT, n INT, p BLOB, PRIMARY KEY(k COLLATE NOCASE, n)) "
              "WITHOUT ROWID",
              "SELECT CASE x % 2 WHEN 0 THEN 'K' ELSE 'k' END || (x % 9), x, zeroblob(3000)"},
        Shape{"BlobAndOddTextKey",
              "CREATE TABLE t(k, n INT, p BLOB, PRIMARY KEY(k, n)) WITHOUT ROWID",
              "SELECT CASE x % 6 WHEN 0 THEN x'00ff' WHEN 1 THEN CAST(x'610062' AS TEXT) "
              "WHEN 2 THEN CAST(x'ff' AS TEXT) WHEN 3 THEN 1.5 WHEN 4 THEN -9e999 ELSE x END, x, "
              "zeroblob(3000)"}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(SliceTest, RandomTablesCutAtRandomBoundsGiveEachRowOnce) {
  for (std::uint32_t seed = 1; seed <= 15; ++seed) {
    std::mt19937_64 random(seed);
    TempFolder folder;
    Database database(folder / "r.db");
    const int columns = 1 + static_cast<int>(random() % 5);
    std::string sql = "CREATE TABLE t(id INTEGER PRIMARY KEY";
    for (int column = 0; column < columns; ++column) absl::StrAppend(&sql, ", c", column);
    database.Run(sql + "); BEGIN");
    const int rows = static_cast<int>(random() % 400);
    for (int row = 0; row < rows; ++row) {
      const auto id = static_cast<std::int64_t>(random()) >> (random() % 60);
      sql = absl::StrCat("INSERT OR IGNORE INTO t VALUES(", id);
      for (int column = 0; column < columns; ++column) {
        absl::StrAppend(&sql, ", randomblob(", random() % 9000, ")");
      }
      database.Run(id == INT64_MIN ? "SELECT 1" : sql + ")");
    }
    database.Run("COMMIT");
    Reading reading(folder.path(), "r.db");
    const CatalogTable table = reading.Table("t");
    const Outcome whole = reading.Read(table);
    EXPECT_EQ(std::to_string(whole.rows.size()), database.Ask("SELECT count(*) FROM t"));
    std::vector<std::string> bounds{""};
    std::vector<std::int64_t> cuts;
    for (int cut = 0; cut < 6; ++cut) {
      cuts.push_back(static_cast<std::int64_t>(random()) >> (random() % 60));
    }
    std::sort(cuts.begin(), cuts.end());
    for (const std::int64_t cut : cuts) bounds.push_back(absl::StrCat(cut));
    bounds.push_back("");
    std::vector<Range> ranges;
    for (std::size_t at = 1; at < bounds.size(); ++at) {
      ranges.push_back(MakeRange(bounds[at - 1], bounds[at]));
    }
    EXPECT_EQ(Serialized(reading.ReadAll(table, reading.Cut(table, ranges))),
              Serialized(whole.rows))
        << "seed " << seed;
  }
}

TEST(SliceTest, TheEndsOfTheRowidRangeAreReadAndNothingLiesBehind) {
  TempFolder folder;
  Database database(folder / "e.db");
  database.Run(
      "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(9223372036854775807), (0), "
      "(-9223372036854775807 - 1)");
  Reading reading(folder.path(), "e.db");
  const CatalogTable table = reading.Table("t");
  EXPECT_THAT(Longs(reading.Read(table), "id"), ElementsAre(INT64_MIN, 0, INT64_MAX));
  EXPECT_THAT(Longs(reading.Read(table, MakeRange("1", "9223372036854775808")), "id"),
              ElementsAre(INT64_MAX));
  EXPECT_THAT(reading.Read(table, MakeRange("9223372036854775808", "")).rows, IsEmpty());
  EXPECT_THAT(reading.Read(table, MakeRange("", "-9223372036854775808")).rows, IsEmpty());
  EXPECT_THAT(Longs(reading.Read(table, MakeRange("", "-9223372036854775807")), "id"),
              ElementsAre(INT64_MIN));
}

TEST(SliceTest, AMalformedBoundIsRefused) {
  TempFolder folder;
  Database database(folder / "e.db");
  database.Run(
      "CREATE TABLE t(id INTEGER PRIMARY KEY);"
      "CREATE TABLE k(a TEXT PRIMARY KEY) WITHOUT ROWID");
  Reading reading(folder.path(), "e.db");
  for (const char* bound : {"x", "1.5", "99999999999999999999", "[1]"}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(reading.Read(reading.Table("t"), MakeRange(bound, "")).status));
  }
  for (const char* bound :
       {"x", "1", "[1,2]", "[", "[null]", "[{\"b\":\"0\"}]", "[{\"q\":\"00\"}]", "[{\"r\":\"00\"}]",
        "[{\"r\":\"7ff8000000000000\"}]", "[99999999999999999999]"}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(reading.Read(reading.Table("k"), MakeRange("", bound)).status))
        << bound;
  }
}

TEST(SliceTest, SmallTablesAreOneSliceAndAVanishedOneSaysSoWhenRead) {
  TempFolder folder;
  Database database(folder / "e.db");
  database.Run("CREATE TABLE t(id); CREATE TABLE gone(id); CREATE TABLE empty(id)");
  Reading reading(folder.path(), "e.db");
  const CatalogTable gone = reading.Table("gone");
  EXPECT_EQ(reading.Cut(reading.Table("t")).size(), 1u);
  database.Run("DROP TABLE gone; ALTER TABLE t RENAME COLUMN id TO other");
  for (const Range& slice : reading.Cut(gone)) {
    EXPECT_TRUE(absl::IsNotFound(reading.Read(gone, slice).status));
  }
  CatalogTable renamed = reading.Table("t");
  renamed.mutable_columns()->rbegin()->set_name("id");
  EXPECT_TRUE(absl::IsNotFound(reading.Read(renamed).status));
  const Outcome empty = reading.Read(reading.Table("empty"));
  EXPECT_EQ(empty.end.outcome(), AssignmentEnd::DONE);
  ASSERT_EQ(empty.marks.size(), 1u);
  EXPECT_EQ(empty.marks[0].at, "");
}

TEST(SliceTest, AMarkComesEveryMebibyteAndOneAtTheEnd) {
  TempFolder folder;
  Database database(folder / "e.db");
  database.Run(
      "CREATE TABLE t(v BLOB);"
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<10000) "
      "INSERT INTO t SELECT zeroblob(1000) FROM n");
  Reading reading(folder.path(), "e.db");
  const Outcome outcome = reading.Read(reading.Table("t"));
  EXPECT_GE(outcome.marks.size(), 8u);
  EXPECT_EQ(outcome.marks.back().at, "");
  EXPECT_EQ(outcome.marks.back().rows_before, 10000u);
}

}  // namespace
}  // namespace tributary::sqlite_test
