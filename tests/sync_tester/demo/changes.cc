#include "tests/sync_tester/demo/changes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/sync_tester/demo/source_database.h"
#include "tests/sync_tester/sqlite_file.h"

namespace tributary::demo {

namespace {

// One row in this many is deleted, and one in that many is updated.
constexpr int kDeletedOneIn = 200;
constexpr int kUpdatedOneIn = 50;
constexpr std::uint64_t kInsertedRows = 500;

class Changer {
 public:
  Changer(tester::SqliteFile& file, std::uint64_t seed) : file_(file), seed_(seed) {}

  absl::Status Run() {
    if (absl::Status done = ChangeRows(); !done.ok()) return done;
    return ChangeTables();
  }

  std::vector<std::string> notes;

 private:
  absl::Status ChangeRows();
  absl::Status ChangeTables();
  absl::StatusOr<std::int64_t> Number(const std::string& sql);
  absl::StatusOr<bool> HasTable(const std::string& name);
  absl::Status Apply(const std::string& sql, std::int64_t& count);

  tester::SqliteFile& file_;
  const std::uint64_t seed_;
};

absl::StatusOr<std::int64_t> Changer::Number(const std::string& sql) {
  absl::StatusOr<tester::Statement> statement = file_.Prepare(sql);
  if (!statement.ok()) return statement.status();
  absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  return *row ? statement->Integer(0) : 0;
}

// An earlier change may have dropped it.
absl::StatusOr<bool> Changer::HasTable(const std::string& name) {
  absl::StatusOr<tester::Statement> statement =
      file_.Prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1");
  if (!statement.ok()) return statement.status();
  statement->Bind(1, name);
  return statement->Step();
}

absl::Status Changer::Apply(const std::string& sql, std::int64_t& count) {
  absl::Status done = file_.Execute(sql);
  if (done.ok()) count += sqlite3_changes(file_.get());
  return done;
}

// Only in tables whose first column is the row number.
absl::Status Changer::ChangeRows() {
  std::int64_t updated = 0;
  std::int64_t deleted = 0;
  std::uint64_t inserted = 0;
  const auto offset = static_cast<int>(seed_ % kUpdatedOneIn);
  for (const SampleTable& table : SampleTables()) {
    const bool numbered = table.columns[0].declaration == "INTEGER PRIMARY KEY";
    if (!numbered || table.share == 0 || table.columns.size() < 3) continue;
    absl::StatusOr<bool> there = HasTable(table.name);
    if (!there.ok()) return there.status();
    if (!*there) continue;
    const std::string name = tester::Quoted(table.name);
    const std::string changed = tester::Quoted(table.columns[2].name);
    const std::string other = tester::Quoted(table.columns[1].name);
    // The third column gets the value of a neighbouring row.
    if (absl::Status done =
            Apply(absl::StrCat("UPDATE ", name, " SET ", changed, " = coalesce((SELECT n.", changed,
                               " FROM ", name, " AS n WHERE n.id = ", name, ".id + 1), ", changed,
                               ") WHERE id % ", kUpdatedOneIn, " = ", offset, " AND ", other,
                               " IS NOT NULL"),
                  updated);
        !done.ok()) {
      return done;
    }
    if (absl::Status done = Apply(
            absl::StrCat("DELETE FROM ", name, " WHERE id % ", kDeletedOneIn, " = ", offset + 1),
            deleted);
        !done.ok()) {
      return done;
    }
    absl::StatusOr<std::int64_t> last = Number(absl::StrCat("SELECT max(id) FROM ", name));
    if (!last.ok()) return last.status();
    if (absl::Status done = AddRows(file_, table, *last + 1, kInsertedRows, seed_); !done.ok()) {
      return done;
    }
    inserted += kInsertedRows;
  }
  notes.push_back(
      absl::StrCat(inserted, " rows inserted, ", updated, " updated, ", deleted, " deleted"));
  return absl::OkStatus();
}

absl::Status Changer::ChangeTables() {
  absl::StatusOr<std::int64_t> known = Number(
      "SELECT count(*) FROM pragma_table_info('crm_account') WHERE name LIKE 'loyalty_level%'");
  if (!known.ok()) return known.status();
  const std::string column = absl::StrCat("loyalty_level_", *known + 1);
  const std::string table = absl::StrCat("campaign_", *known + 1);
  const SampleTable added{table,
                          {{"id", "INTEGER PRIMARY KEY", Content::kRowNumber, false},
                           {"title", "TEXT", Content::kName, false},
                           {"starts", "DATE", Content::kDate, true},
                           {"budget", "DECIMAL(12,2)", Content::kMoney, true}},
                          "",
                          false,
                          0};
  if (absl::Status done = file_.Execute(
          absl::StrCat("ALTER TABLE crm_account ADD COLUMN ", column,
                       " INTEGER; UPDATE crm_account SET ", column, " = id % 5 WHERE id % 3 = 0; ",
                       "DROP TABLE IF EXISTS ads_stage; ", Declaration(added)));
      !done.ok()) {
    return done;
  }
  notes.push_back(absl::StrCat("column ", column, " added to crm_account"));
  notes.push_back(absl::StrCat("table ", table, " added with ", kInsertedRows, " rows"));
  notes.emplace_back("table ads_stage dropped");
  return AddRows(file_, added, 1, kInsertedRows, seed_);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ChangeSample(const std::string& path, std::uint64_t seed) {
  absl::StatusOr<tester::SqliteFile> file =
      tester::SqliteFile::Open(path, tester::SqliteFile::Mode::kCreate);
  if (!file.ok()) return file.status();
  if (absl::Status begun = file->Execute("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
      !begun.ok()) {
    return begun;
  }
  Changer changer(*file, seed);
  if (absl::Status done = changer.Run(); !done.ok()) return done;
  if (absl::Status ended = file->Execute("COMMIT"); !ended.ok()) return ended;
  return changer.notes;
}

}  // namespace tributary::demo
