// A SQLite connection and its statements, closed by their destructors. Errors are INTERNAL and
// contain the operation and SQLite's own text.
#ifndef TRIBUTARY_TESTS_SYNC_TESTER_SQLITE_FILE_H_
#define TRIBUTARY_TESTS_SYNC_TESTER_SQLITE_FILE_H_

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tributary::tester {

class Statement {
 public:
  Statement() = default;

  // Counted from 1. The bytes must be valid until the next Reset.
  void Bind(int at, std::int64_t value);
  void Bind(int at, std::string_view text);

  // True: there is a row.
  absl::StatusOr<bool> Step();
  // Runs a statement that returns no rows, and resets it.
  absl::Status Run();
  void Reset() { sqlite3_reset(statement_.get()); }

  std::int64_t Integer(int column) const;
  std::string Text(int column) const;

  sqlite3_stmt* get() const { return statement_.get(); }
  explicit operator bool() const { return statement_ != nullptr; }

 private:
  friend class SqliteFile;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteFile {
 public:
  enum class Mode { kReadOnly, kCreate };

  static absl::StatusOr<SqliteFile> Open(const std::string& path, Mode mode);

  absl::Status Execute(const std::string& sql);
  absl::StatusOr<Statement> Prepare(const std::string& sql) const;

  sqlite3* get() const { return file_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* file) const { sqlite3_close_v2(file); }
  };
  std::unique_ptr<sqlite3, Close> file_;
};

// The identifier in double quotes.
std::string Quoted(std::string_view name);

}  // namespace tributary::tester

#endif  // TRIBUTARY_TESTS_SYNC_TESTER_SQLITE_FILE_H_
