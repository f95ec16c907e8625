#include "tests/process/database.h"

#include <cstdlib>
#include <iostream>

namespace tributary::tests {
namespace {

constexpr int kLockPatienceMilliseconds = 60'000;

[[noreturn]] void Fail(sqlite3* database, const std::string& what) {
  std::cerr << "test database: " << what << ": " << sqlite3_errmsg(database) << std::endl;
  std::abort();
}

}  // namespace

Database::Database(const std::string& path) {
  if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) Fail(database_, "open " + path);
  sqlite3_busy_timeout(database_, kLockPatienceMilliseconds);
  Run("PRAGMA synchronous = OFF");
}

Database::~Database() { sqlite3_close(database_); }

void Database::Run(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    Fail(database_, sql);
  }
}

void Database::RunAtOnce(const std::string& sql) {
  Run("BEGIN IMMEDIATE");
  Run(sql);
  Run("COMMIT");
}

std::int64_t Database::Number(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    Fail(database_, sql);
  }
  const int stepped = sqlite3_step(statement);
  if (stepped != SQLITE_ROW && stepped != SQLITE_DONE) Fail(database_, sql);
  const std::int64_t number = stepped == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  return number;
}

std::string Database::Text(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    Fail(database_, sql);
  }
  const int stepped = sqlite3_step(statement);
  if (stepped != SQLITE_ROW && stepped != SQLITE_DONE) Fail(database_, sql);
  std::string text;
  if (stepped == SQLITE_ROW && sqlite3_column_bytes(statement, 0) > 0) {
    text.assign(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)),
                static_cast<std::size_t>(sqlite3_column_bytes(statement, 0)));
  }
  sqlite3_finalize(statement);
  return text;
}

}  // namespace tributary::tests
