// Pages that a judge knows are passed, and the rows of the others are read: together they are
// always all rows that the table has now.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/worker/sources/sqlite/sample.h"

namespace tributary::sqlite_test {
namespace {

using Rows = std::multiset<std::string>;

// Has every row.
class PlainJudge : public RowJudge {
 public:
  bool Keep(const TableShape&, std::string_view entries) override {
    rows.emplace(entries);
    return true;
  }
  bool has_intents() const override { return false; }
  void TellIntents() override {}
  void BeforeMark(std::string_view) override {}
  bool marks() const override { return false; }
  bool MarkDue() const override { return false; }

  // Of the last reading.
  Rows rows;
};

// Remembers the rows of each page, and passes pages that it remembers.
class PageJudge final : public PlainJudge {
 public:
  bool Keep(const TableShape& shape, std::string_view entries) override {
    since_page_.emplace_back(entries);
    return PlainJudge::Keep(shape, entries);
  }
  bool wants_pages() const override { return true; }
  bool SkipPage(std::string_view digest) override {
    EXPECT_EQ(digest.size(), 16u);
    const auto known = pages_.find(std::string(digest));
    if (known == pages_.end()) return false;
    rows.insert(known->second.begin(), known->second.end());
    passed_rows += known->second.size();
    return true;
  }
  void EndPage(std::string_view digest) override {
    if (!digest.empty()) pages_[std::string(digest)] = since_page_;
    since_page_.clear();
  }

  // How many of `rows` were passed.
  std::size_t passed_rows = 0;

 private:
  std::vector<std::string> since_page_;
  std::map<std::string, std::vector<std::string>> pages_;
};

struct Layout {
  const char* name;
  int page_size;
  const char* journal;
  // Of the n-th row.
  const char* rowid;
  const char* value;
};

class PageWalk : public ::testing::TestWithParam<Layout> {};

TEST_P(PageWalk, PassedAndReadRowsAreAllRowsAfterAnyChange) {
  const Layout& layout = GetParam();
  const TempFolder folder;
  Database database(folder / "w.db");
  database.Run(absl::StrCat("PRAGMA page_size = ", layout.page_size,
                            "; PRAGMA journal_mode = ", layout.journal,
                            "; CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
                            "WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x+1 FROM n "
                            "WHERE x<1999) INSERT INTO t SELECT ",
                            layout.rowid, ", ", layout.value, " FROM n"));
  std::mt19937 dice(7);
  PageJudge judge;
  Reading reading(folder.path(), "w.db");
  std::size_t passed_rows = 0;
  for (int round = 0; round < 14; ++round) {
    // The slices are other ranges each time.
    const CatalogTable table = reading.Table("t");
    const std::string middle =
        database.Ask(absl::StrCat("SELECT id FROM t ORDER BY id LIMIT 1 OFFSET ", dice() % 1500));
    std::vector<Range> slices(round % 3 == 0 ? 1 : 2);
    if (slices.size() == 2) {
      slices[0].set_to(middle);
      slices[1].set_from(middle);
    }
    PlainJudge plain;
    reading.judge = &plain;
    reading.ReadAll(table, slices);
    judge.rows.clear();
    judge.passed_rows = 0;
    reading.judge = &judge;
    reading.ReadAll(table, slices);
    EXPECT_EQ(judge.rows, plain.rows) << "round " << round;
    if (round == 0) {
      EXPECT_EQ(judge.passed_rows, 0u);
    }
    passed_rows += judge.passed_rows;
    const std::string some = absl::StrCat(" WHERE id IN (SELECT id FROM t ORDER BY id LIMIT ",
                                          1 + dice() % 20, " OFFSET ", dice() % 1900, ")");
    const std::string changes[] = {
        absl::StrCat("UPDATE t SET v = v || 'x'", some),
        // In SQLite this changes an overflow page and nothing else.
        absl::StrCat("UPDATE t SET v = substr(v, 1, length(v) - 1) || ", round % 10,
                     " WHERE id = (SELECT id FROM t WHERE length(v) > 2000 LIMIT 1 OFFSET ",
                     dice() % 4, ")"),
        absl::StrCat("DELETE FROM t", some),
        absl::StrCat("INSERT OR IGNORE INTO t(id, v) SELECT id + 1, 'new' FROM t", some),
        absl::StrCat("UPDATE OR IGNORE t SET id = id - 1", some),
        "VACUUM",
        absl::StrCat("ALTER TABLE t ADD COLUMN c", round, " DEFAULT ", round),
    };
    database.Run(changes[static_cast<std::size_t>(round) % std::size(changes)]);
  }
  EXPECT_GT(passed_rows, 2000u) << "of 14 readings";
}

INSTANTIATE_TEST_SUITE_P(
    All, PageWalk,
    ::testing::Values(Layout{"Small", 512, "delete", "x", "'value ' || x"},
                      Layout{"Ordinary", 4096, "wal", "x", "'value ' || x"},
                      Layout{"Large", 65536, "delete", "x * 1000003",
                             "printf('%.*c', 100, 'v') || x"},
                      Layout{"Sparse", 512, "wal", "(x - 1000) * 9007199254740", "'value ' || x"},
                      Layout{"WithOverflow", 1024, "wal", "x",
                             "CASE x % 5 WHEN 0 THEN printf('%.*c', 3000 + x, 'v') ELSE x END"},
                      Layout{"WithLongOverflow", 512, "delete", "x",
                             "CASE x % 500 WHEN 7 THEN printf('%.*c', 300000, 'v') ELSE x END"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tributary::sqlite_test
