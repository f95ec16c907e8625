#include "tests/sync_tester/sqlite_file.h"

#include "absl/strings/str_cat.h"

namespace tributary::tester {

namespace {

// A wide table has a long list of columns; the beginning shows which statement it is.
constexpr std::size_t kShownSqlBytes = 160;

absl::Status SqliteError(sqlite3* file, const std::string& what, const std::string& subject) {
  return absl::InternalError(
      absl::StrCat(what, " ", subject.substr(0, kShownSqlBytes), ": ", sqlite3_errmsg(file)));
}

}  // namespace

void Statement::Bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), at, value);
}

void Statement::Bind(int at, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), at, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

absl::StatusOr<bool> Statement::Step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return SqliteError(sqlite3_db_handle(statement_.get()), "run", sqlite3_sql(statement_.get()));
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> stepped = Step();
  Reset();
  return stepped.status();
}

std::int64_t Statement::Integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::Text(int column) const {
  const void* text = sqlite3_column_text(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return text == nullptr ? std::string() : std::string(static_cast<const char*>(text), size);
}

absl::StatusOr<SqliteFile> SqliteFile::Open(const std::string& path, Mode mode) {
  sqlite3* raw = nullptr;
  const int flags =
      mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  SqliteFile file;
  file.file_.reset(raw);
  if (result != SQLITE_OK) return SqliteError(raw, "open", path);
  // In ms. Waits for a writer in the source or a reader of the warehouse.
  sqlite3_busy_timeout(raw, 10000);
  return file;
}

absl::Status SqliteFile::Execute(const std::string& sql) {
  if (sqlite3_exec(file_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) {
    return absl::OkStatus();
  }
  return SqliteError(file_.get(), "run", sql);
}

absl::StatusOr<Statement> SqliteFile::Prepare(const std::string& sql) const {
  Statement statement;
  sqlite3_stmt* raw = nullptr;
  const int result = sqlite3_prepare_v3(file_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  statement.statement_.reset(raw);
  if (result != SQLITE_OK) return SqliteError(file_.get(), "prepare", sql);
  return statement;
}

std::string Quoted(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

}  // namespace tributary::tester
