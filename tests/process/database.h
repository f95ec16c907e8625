// A SQLite database that a test makes and changes. Where a statement fails the
// test's process ends with its text: a test whose source is not what it says it
// is has nothing to prove.
#ifndef TRIBUTARY_TESTS_PROCESS_DATABASE_H_
#define TRIBUTARY_TESTS_PROCESS_DATABASE_H_

#include <sqlite3.h>

#include <cstdint>
#include <string>

namespace tributary::tests {

class Database {
 public:
  // Made where it is missing. Nothing waits for the disk.
  explicit Database(const std::string& path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // One or more statements, in one transaction each unless they say otherwise.
  // Waits for locks.
  void Run(const std::string& sql);
  // All of it in one transaction.
  void RunAtOnce(const std::string& sql);
  // The first column of the first row; 0 where there is none.
  std::int64_t Number(const std::string& sql);
  std::string Text(const std::string& sql);

  sqlite3* get() { return database_; }

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace tributary::tests

#endif  // TRIBUTARY_TESTS_PROCESS_DATABASE_H_
