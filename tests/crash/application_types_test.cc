// Tables as applications declare and fill them: each row is sent once, in types that hold the
// values, and one Warning for each table says what its columns hold.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/crash/fault_scene.h"

namespace tributary::tests {
namespace {

constexpr int kRowsOfTable = 3000;
// The size of each row's padding, so that each table has several slices.
constexpr int kPadBytes = 12'000;

struct Application {
  const char* table;
  // The columns after the key, and their values in row i.
  const char* columns;
  const char* values;
  // The text of its Warning; empty: there is none.
  const char* warning;
};

const std::vector<Application>& Applications() {
  static const std::vector<Application> applications = {
      {"gorm", "created datetime, price decimal(10,2), active numeric",
       "'2024-01-01 10:00:00.5+00:00', i * 0.1, i % 2",
       "created as UTC_DATETIME (times with a zone), price as DECIMAL (numbers with more digits)."},
      {"sequelize", "created DATETIME, day DATE, active TINYINT(1)",
       "'2024-01-01 10:00:00.000 +00:00', '2024-01-01', 1",
       "created as UTC_DATETIME (times with a zone)."},
      {"prisma", "created DATETIME, document JSONB", "1704103200000 + i, '{\"i\":' || i || '}'",
       "created as LONG (numbers)."},
      {"geopackage", "geom POINT, changed DATETIME", "x'4750', '2024-01-01T10:00:00.000Z'",
       "changed as UTC_DATETIME (times with a zone)."},
      {"coredata", "zdate TIMESTAMP", "694224000 + i * 0.5", "zdate as DOUBLE (numbers)."},
      {"django", "at datetime, flag bool, amount decimal", "'2024-01-01 10:00:00.5', 1, i * 0.25",
       ""},
      {"rails", "flag boolean, at datetime(6)", "iif(i % 2, 't', 'f'), '2024-01-01'", ""},
      {"room", "flag INTEGER, ratio REAL, at INTEGER", "1, 0.5, 1704103200000", ""},
      {"legacy", "ended DATETIME", "iif(i % 2, '', '2024-01-01 10:00:00')",
       "ended as STRING (empty texts)."},
  };
  return applications;
}

class ApplicationTypes : public Faults {
 protected:
  void BeginApplications() {
    ASSERT_NO_FATAL_FAILURE(Begin({"--workers", "3"}));
    DropTables();
    Database database(scene().source());
    for (const Application& one : Applications()) {
      database.RunAtOnce(absl::StrCat(
          "CREATE TABLE ", one.table, "(id INTEGER PRIMARY KEY, ", one.columns,
          ", pad BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
          kRowsOfTable, ") INSERT INTO ", one.table, " SELECT i, ", one.values, ", zeroblob(",
          kPadBytes, ") FROM n"));
    }
  }
};

TEST_F(ApplicationTypes, EachRowIsSentOnceAndOneWarningSaysWhatATableHolds) {
  ASSERT_NO_FATAL_FAILURE(BeginApplications());
  const SyncOutcome first = ExpectGoodSyncAndEqual();
  std::size_t warnings = 0;
  for (const Application& one : Applications()) {
    const std::string name = absl::StrCat("main.", one.table);
    EXPECT_EQ(first.TableCount(name, "upserts"), static_cast<std::uint64_t>(kRowsOfTable)) << name;
    EXPECT_EQ(first.TableCount(name, "truncates"), 1u) << name;
    if (*one.warning == '\0') continue;
    ++warnings;
    const std::string text = absl::StrCat(name,
                                          ": columns hold values that do not fit their types, and "
                                          "are sent in other types from now on: ",
                                          one.warning);
    EXPECT_THAT(first.warnings(), ::testing::Contains(text)) << first.text;
  }
  EXPECT_EQ(first.warnings().size(), warnings) << first.text;

  const SyncOutcome second = ExpectGoodSync();
  EXPECT_EQ(second.Count("records"), 0u) << second.text;
  EXPECT_EQ(second.warnings(), std::vector<std::string>()) << second.text;

  // One value in the middle of each table does not fit the column's type until now: the rows are
  // sent again in a type that holds this value as well.
  {
    Database database(scene().source());
    for (const Application& one : Applications()) {
      const std::string columns = one.columns;
      database.Run(absl::StrCat("UPDATE ", one.table, " SET ", columns.substr(0, columns.find(' ')),
                                " = 'soon' WHERE id = ", kRowsOfTable / 3));
    }
  }
  const SyncOutcome third = ExpectGoodSyncAndEqual();
  std::size_t widened = 0;
  for (const std::string& warning : third.warnings()) {
    // Blobs in a text column are sent as texts; each checkpoint counts them.
    if (absl::StrContains(warning, "main.geopackage.geom: ")) continue;
    EXPECT_TRUE(absl::StrContains(warning, " as STRING (")) << warning;
    ++widened;
  }
  EXPECT_EQ(widened, Applications().size() - 1) << third.text;
  for (const Application& one : Applications()) {
    // It may be copied again once.
    EXPECT_LE(third.TableCount(absl::StrCat("main.", one.table), "truncates"), 2u) << third.text;
  }
  EXPECT_EQ(ExpectGoodSync().Count("records"), 0u);
}

}  // namespace
}  // namespace tributary::tests
