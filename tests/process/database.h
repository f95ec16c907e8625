// A SQLite database that a test makes and changes. If a statement fails, the test's process ends
// with the statement's error, because a test with a wrong source proves nothing.
#ifndef TRIBUTARY_TESTS_PROCESS_DATABASE_H_
#define TRIBUTARY_TESTS_PROCESS_DATABASE_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>

namespace tributary::tests {

class Database {
 public:
  // Makes the file if it is missing. Writes are not synced to the disk.
  explicit Database(const std::string& path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // One or more statements, each in its own transaction unless they say otherwise. Waits for locks.
  void Run(const std::string& sql);
  // All statements in one transaction.
  void RunAtOnce(const std::string& sql);
  // The first column of the first row; 0 if there is no row.
  std::int64_t Number(const std::string& sql);
  std::string Text(const std::string& sql);

  sqlite3* get() { return database_; }

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_DATABASE_H_
