// The sample database has the properties that the demo promises.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sync_tester/demo/changes.h"
#include "tests/sync_tester/demo/shapes.h"
#include "tests/sync_tester/demo/source_database.h"
#include "tests/sync_tester/sqlite_file.h"
#include "tests/sync_tester/state_file.h"

namespace tributary::demo {
namespace {

std::int64_t Number(const std::string& path, const std::string& sql) {
  auto file = tester::SqliteFile::Open(path, tester::SqliteFile::Mode::kReadOnly);
  auto row = file->Prepare(sql);
  EXPECT_TRUE(row.ok()) << row.status();
  return row.ok() && *row->Step() ? row->Integer(0) : -1;
}

TEST(DemoSourceTest, SampleHasManyTablesAndTheRowsAskedFor) {
  const std::string path = ::testing::TempDir() + "/demo_source_test.db";
  const auto size = MakeSample(path, 20000, 1);
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_GE(size->tables, 120u);
  EXPECT_GE(size->rows, 20000u);
  EXPECT_LT(size->rows, 20000u + size->tables);
  EXPECT_EQ(Number(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"),
            static_cast<std::int64_t>(size->tables));
  EXPECT_EQ(Number(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"), 2);
  EXPECT_EQ(Number(path, "SELECT count(*) FROM nothing_here"), 0);
  EXPECT_GT(Number(path, "SELECT count(*) FROM pragma_table_info('fact_6')"), 190);
}

TEST(DemoSourceTest, SameSeedMakesTheSameFile) {
  const std::string one = ::testing::TempDir() + "/demo_seed_1.db";
  const std::string two = ::testing::TempDir() + "/demo_seed_2.db";
  const std::string three = ::testing::TempDir() + "/demo_seed_3.db";
  ASSERT_TRUE(MakeSample(one, 5000, 7).ok());
  ASSERT_TRUE(MakeSample(two, 5000, 7).ok());
  ASSERT_TRUE(MakeSample(three, 5000, 8).ok());
  const std::string content = *tester::ReadWholeFile(one);
  EXPECT_TRUE(content == *tester::ReadWholeFile(two));
  EXPECT_FALSE(content == *tester::ReadWholeFile(three));
}

TEST(DemoSourceTest, ChangeTouchesRowsColumnsAndTablesMoreThanOnce) {
  const std::string path = ::testing::TempDir() + "/demo_change_test.db";
  ASSERT_TRUE(MakeSample(path, 20000, 1).ok());
  const std::int64_t last = Number(path, "SELECT max(id) FROM event_click");
  for (int round = 1; round <= 2; ++round) {
    const auto notes = ChangeSample(path, 1);
    ASSERT_TRUE(notes.ok()) << notes.status();
    EXPECT_EQ(notes->size(), 4u);
    EXPECT_EQ(Number(path, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'campaign_%'"),
              round);
    EXPECT_EQ(Number(path,
                     "SELECT count(*) FROM pragma_table_info('crm_account') "
                     "WHERE name LIKE 'loyalty_level_%'"),
              round);
  }
  EXPECT_EQ(Number(path, "SELECT max(id) FROM event_click"), last + 1000);
  EXPECT_LT(Number(path, "SELECT count(*) FROM event_click"), last + 1000);
  EXPECT_EQ(Number(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'ads_stage'"), 0);
}

}  // namespace
}  // namespace tributary::demo
