#include "tests/crash/mixed_source.h"

#include "absl/strings/str_cat.h"

namespace tributary::tests {
namespace {

constexpr int kWideColumns = 100;

std::string Numbers(std::uint64_t first, std::uint64_t count) {
  return absl::StrCat("WITH RECURSIVE n(i) AS (SELECT ", first, " UNION ALL SELECT i + 1 FROM n",
                      " WHERE i < ", first + count - 1, ") ");
}

std::string WideColumns() {
  std::string columns;
  for (int i = 0; i < kWideColumns; ++i) {
    absl::StrAppend(&columns, ", f", i, i % 3 == 0 ? " INTEGER" : i % 3 == 1 ? " REAL" : " TEXT");
  }
  return columns;
}

std::string WideValues() {
  std::string values;
  for (int i = 0; i < kWideColumns; ++i) {
    absl::StrAppend(&values, i % 3 == 0 ? ", i * 3" : i % 3 == 1 ? ", i / 8.0" : ", 'text ' || i");
  }
  return values;
}

}  // namespace

Dice::Dice(std::uint64_t seed, std::uint64_t round, std::uint64_t attempt) {
  std::seed_seq seeds{seed & 0xffffffff, seed >> 32, round, attempt};
  engine_.seed(seeds);
}

MixedSource::MixedSource(const std::string& path, std::uint64_t large_rows, bool wal)
    : database_(path) {
  if (wal) database_.Text("PRAGMA journal_mode = WAL");
  database_.RunAtOnce(absl::StrCat(
      "CREATE TABLE large(id INTEGER PRIMARY KEY, kind TEXT, amount REAL, ref INTEGER, note TEXT);",
      Numbers(1, large_rows),
      "INSERT INTO large SELECT i, 'kind ' || (i % 17), i / 7.0, i * 7919 % 1000003,",
      " 'a note of some length on row ' || i FROM n"));
  database_.RunAtOnce(absl::StrCat("CREATE TABLE wide(id INTEGER PRIMARY KEY", WideColumns(), ");",
                                   Numbers(1, 1000), "INSERT INTO wide SELECT i", WideValues(),
                                   " FROM n"));
  database_.RunAtOnce(absl::StrCat("CREATE TABLE bodies(id INTEGER PRIMARY KEY, body BLOB);",
                                   Numbers(1, 12),
                                   "INSERT INTO bodies SELECT i, randomblob(1000000) FROM n"));
  database_.Run("CREATE TABLE nothing_here(id INTEGER PRIMARY KEY, text TEXT)");
  database_.Run("CREATE TABLE \"odd \"\"name\"\"\"(\"a b\" TEXT PRIMARY KEY, \"select\" INTEGER)");
  database_.Run("INSERT INTO \"odd \"\"name\"\"\" VALUES('x', 1), ('y', 2)");
  for (int i = 0; i < 36; ++i) {
    constexpr Shape kShapes[] = {Shape::kKeyed, Shape::kNoRowid, Shape::kTwoKeys, Shape::kNoKey};
    Create(absl::StrCat("table_", i), kShapes[i % 4], static_cast<std::uint64_t>(i * i * 2));
  }
}

void MixedSource::Create(const std::string& name, Shape shape, std::uint64_t rows) {
  const char* columns = "";
  switch (shape) {
    case Shape::kKeyed:
      columns = "(a INTEGER PRIMARY KEY, b TEXT, v INTEGER, w DECIMAL(12,2))";
      break;
    case Shape::kNoRowid:
      columns = "(a INTEGER, b TEXT NOT NULL PRIMARY KEY, v INTEGER, w DATE) WITHOUT ROWID";
      break;
    case Shape::kTwoKeys:
      columns = "(a INTEGER NOT NULL, b TEXT NOT NULL, v INTEGER, w JSON, PRIMARY KEY(b, a))";
      break;
    case Shape::kNoKey:
      columns = "(a INTEGER, b TEXT, v INTEGER, w)";
      break;
  }
  database_.Run(absl::StrCat("CREATE TABLE ", name, columns));
  tables_.push_back({name, shape});
  Insert(tables_.back(), rows);
}

// Each row has a number that no earlier row had.
void MixedSource::Insert(const Table& table, std::uint64_t rows) {
  if (rows == 0) return;
  const char* last = "";
  switch (table.shape) {
    case Shape::kKeyed:
      last = "i % 100000 / 4.0";
      break;
    case Shape::kNoRowid:
      last = "date('2020-01-01', '+' || (i % 900) || ' days')";
      break;
    case Shape::kTwoKeys:
      last = "'{\"n\":' || i || '}'";
      break;
    case Shape::kNoKey:
      last = "CASE i % 3 WHEN 0 THEN i WHEN 1 THEN 'text' ELSE x'00ff' END";
      break;
  }
  database_.RunAtOnce(
      absl::StrCat(Numbers(next_row_, rows), "INSERT INTO ", table.name,
                   "(a, b, v, w) SELECT i, 'row ' || (i * 7919 % 1000003) || ' ' ||",
                   " i, i % 1000, ", last, " FROM n"));
  next_row_ += rows;
}

void MixedSource::Touch(Dice& dice) {
  const Table& table = tables_[dice.Below(tables_.size())];
  Insert(table, 1 + dice.Below(50));
  database_.Run(
      absl::StrCat("UPDATE ", table.name, " SET v = v + 1 WHERE a % 11 = ", dice.Below(11)));
}

void MixedSource::Change(Dice& dice) {
  for (std::uint64_t left = 4 + dice.Below(6); left > 0; --left) {
    const Table& table = tables_[dice.Below(tables_.size())];
    const std::uint64_t part = dice.Below(7);
    switch (dice.Below(3)) {
      case 0:
        Insert(table, 1 + dice.Below(500));
        break;
      case 1:
        database_.Run(absl::StrCat("UPDATE ", table.name, " SET v = v + 1 WHERE a % 7 = ", part));
        break;
      default:
        database_.Run(absl::StrCat("DELETE FROM ", table.name, " WHERE a % 7 = ", part));
        break;
    }
  }
  database_.Run(
      absl::StrCat("UPDATE large SET amount = amount + 1 WHERE id % 97 = ", dice.Below(97)));
  database_.Run(absl::StrCat("DELETE FROM large WHERE id % 9973 = ", dice.Below(9973)));
  if (dice.OneIn(2)) Alter(dice);
}

void MixedSource::Alter(Dice& dice) {
  const std::size_t chosen = dice.Below(tables_.size());
  const Table table = tables_[chosen];
  const std::string column = absl::StrCat("more_", ++columns_made_);
  switch (dice.Below(5)) {
    case 0:
      database_.Run(absl::StrCat("ALTER TABLE ", table.name, " ADD COLUMN ", column, " TEXT"));
      break;
    case 1:
      database_.Run(
          absl::StrCat("ALTER TABLE ", table.name, " ADD COLUMN ", column, " INTEGER DEFAULT 5"));
      break;
    case 2:
      // Does not fit the column, which becomes a STRING.
      database_.Run(absl::StrCat("UPDATE ", table.name, " SET v = 'no number' WHERE a % 3 = 0"));
      break;
    case 3:
      Create(NewName(), static_cast<Shape>(dice.Below(4)), dice.Below(3000));
      break;
    default:
      if (tables_.size() < 20) break;
      database_.Run(absl::StrCat("DROP TABLE ", table.name));
      tables_.erase(tables_.begin() + static_cast<std::ptrdiff_t>(chosen));
      break;
  }
}

bool MixedSource::Has(const std::string& table) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database_.get(), "SELECT 1 FROM sqlite_schema WHERE name = ?1", -1, &statement,
                     nullptr);
  sqlite3_bind_text(statement, 1, table.c_str(), -1, SQLITE_TRANSIENT);
  const bool found = sqlite3_step(statement) == SQLITE_ROW;
  sqlite3_finalize(statement);
  return found;
}

std::uint64_t MixedSource::Rows() {
  std::uint64_t rows = 0;
  const auto count = [&](const std::string& table) {
    rows += static_cast<std::uint64_t>(database_.Number("SELECT count(*) FROM " + table));
  };
  for (const char* table : {"large", "wide", "bodies", "nothing_here", "\"odd \"\"name\"\"\""}) {
    count(table);
  }
  for (const Table& table : tables_) count(table.name);
  return rows;
}

}  // namespace tributary::tests
