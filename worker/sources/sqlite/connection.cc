#include "worker/sources/sqlite/connection.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/limits.h"
#include "worker/sources/sqlite/amalgamation/page_access.h"
#include "worker/sources/sqlite/result_code.h"
#include "worker/wait.h"

namespace tributary::sqlite {
namespace {

using std::chrono::milliseconds;

// Writers that commit faster than a transaction can be named are rare; this many attempts take
// milliseconds.
constexpr int kNamingAttempts = 1000;
constexpr int kStepsBetweenBeats = 100'000;
// Results of TryBegin in addition to SQLite's codes, which are not negative.
constexpr int kOverwritten = -1;
// SQLite would parse a changed schema within a step, where Prepare can do nothing about
// what it cannot parse; so the database is opened again.
constexpr int kOtherSchema = -2;
// The part of the header that SQLite compares before it trusts pages of an earlier transaction.
constexpr std::ptrdiff_t kComparedFrom = 24;
constexpr std::ptrdiff_t kComparedTo = 40;
// A log file changed this recently may change again under the same timestamp.
constexpr std::chrono::seconds kTimestampDoubt(1);

// The path as a URI that says the file cannot change.
std::string ImmutableUri(const std::string& path) {
  return absl::StrCat(
      "file:", absl::StrReplaceAll(path, {{"%", "%25"}, {"?", "%3f"}, {"#", "%23"}}),
      "?immutable=1");
}

int CompareBytes(void*, int left_bytes, const void* left, int right_bytes, const void* right) {
  const std::string_view one(static_cast<const char*>(left), static_cast<std::size_t>(left_bytes));
  const std::string_view two(static_cast<const char*>(right),
                             static_cast<std::size_t>(right_bytes));
  return one.compare(two);
}

int Step(const Statement& statement) {
  const int code = sqlite3_step(statement.get());
  sqlite3_reset(statement.get());
  return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

}  // namespace

std::string Quoted(const std::string& name) {
  return absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\"");
}

std::string ColumnText(sqlite3_stmt* statement, int column) {
  const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

Connection::Connection(DatabaseFile file, Pulse& pulse, milliseconds patience)
    : file_(std::move(file)), pulse_(pulse), patience_(patience) {}

Connection::~Connection() { Close(); }

void Connection::Close() {
  begin_.reset();
  commit_.reset();
  first_read_.reset();
  schema_read_.reset();
  sqlite3_close_v2(std::exchange(db_, nullptr));
  kept_since_ = FileFacts();
}

absl::Status Connection::Open() {
  ++openings_;
  schema_has_gaps_ = false;
  facts_ = FactsOf(file_.path);
  const std::string name = file_.immutable ? ImmutableUri(file_.path) : file_.path;
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                    SQLITE_OPEN_EXRESCODE | (file_.immutable ? SQLITE_OPEN_URI : 0);
  const int code = sqlite3_open_v2(name.c_str(), &db_, flags, nullptr);
  absl::Status status =
      code == SQLITE_OK ? Limit() : BeginError(code, file_.named, ErrorText(code));
  if (!status.ok()) Close();
  return status;
}

absl::Status Connection::Limit() {
  for (const auto& [option, value] : std::initializer_list<std::pair<int, int>>{
           {SQLITE_DBCONFIG_DEFENSIVE, 1},
           // Otherwise a generated column or an index with JSON functions, which SQLite 3.40 does
           // not call innocuous, would make the whole catalog unreadable.
           {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1},
           {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
           {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
           {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
           // A missing column must be an error, not a text constant with its name.
           {SQLITE_DBCONFIG_DQS_DML, 0},
           {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}}) {
    sqlite3_db_config(db_, option, value, nullptr);
  }
  sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, static_cast<int>(limits::kSqliteMaxValueBytes));
  // A table whose order only its application knows can still be read as a whole.
  sqlite3_collation_needed(db_, nullptr, [](void*, sqlite3* db, int, const char* name) {
    sqlite3_create_collation_v2(db, name, SQLITE_UTF8, nullptr, &CompareBytes, nullptr);
  });
  sqlite3_progress_handler(
      db_, kStepsBetweenBeats,
      [](void* pulse) {
        static_cast<Pulse*>(pulse)->Beat();
        return 0;
      },
      &pulse_);
  // Sorting and temporary tables stay in memory: no file can be made in the sandbox. None of these
  // reads the catalog.
  const char* const pragmas =
      "PRAGMA temp_store=memory; PRAGMA query_only=1; PRAGMA cell_size_check=1";
  int code = sqlite3_exec(db_, pragmas, nullptr, nullptr, nullptr);
  // Needs no catalog, so an unchanged file is recognised without parsing 10,000 tables.
  for (const auto& [sql, statement] : std::initializer_list<std::pair<const char*, Statement*>>{
           {"BEGIN", &begin_},
           {"COMMIT", &commit_},
           {"PRAGMA main.application_id", &first_read_},
           {"PRAGMA main.schema_version", &schema_read_}}) {
    if (code != SQLITE_OK) break;
    sqlite3_stmt* prepared = nullptr;
    code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    statement->reset(prepared);
  }
  return code == SQLITE_OK ? absl::OkStatus() : BeginError(code, file_.named, ErrorText(code));
}

absl::StatusOr<std::string> Connection::Begin() {
  Patience patience(pulse_, patience_);
  for (;;) {
    int code = SQLITE_OK;
    absl::Status status;
    // SQLite never checks an immutable file again.
    if (db_ != nullptr && file_.immutable && !(FactsOf(file_.path) == facts_)) Close();
    if (db_ == nullptr) {
      status = Open();
      code = absl::IsUnavailable(status) ? SQLITE_CANTOPEN : SQLITE_OK;
    }
    if (status.ok()) {
      code = TryBegin();
      if (code == SQLITE_OK) break;
      if (code == kOtherSchema) {
        Rollback();
        Close();
        continue;
      }
      status = code == kOverwritten ? Overwritten() : Unreadable(code);
      Rollback();
      if (code == kOverwritten) Close();
    }
    // The wait is shorter than for a lock if only the application can solve the problem.
    const double share = IsForOthersToMend(code) ? 0.2 : 1.0;
    const bool passing = code == kOverwritten || IsPassing(code);
    if (!passing || !patience.Wait(share)) return status;
  }
  absl::Status status = file_.immutable ? CheckUnchanged() : CheckInPlace();
  // SQLite opens such a file, and later reports no useful error for its schema. If there is a log,
  // it has the number of pages rather than the header.
  if (status.ok()) status = HeaderError(header_, header_.stated_bytes(), file_.named);
  if (!status.ok()) {
    Rollback();
    return status;
  }
  return version_;
}

absl::Status Connection::Unreadable(int code) const {
  if (PrimaryCode(code) == SQLITE_CORRUPT || PrimaryCode(code) == SQLITE_NOTADB) {
    const std::optional<FileHeader> header = ReadFileHeader(db_);
    absl::Status told = header.has_value()
                            ? HeaderError(*header, FactsOf(file_.path).bytes, file_.named)
                            : absl::OkStatus();
    if (!told.ok()) return told;
  }
  return BeginError(code, file_.named, ErrorText(code));
}

int Connection::TryBegin() {
  for (int attempt = 0;; ++attempt) {
    const FileFacts found = FactsOf(file_.path);
    const FileHeader last = header_;
    const int last_schema = schema_;
    int code = Step(begin_);
    // Before the first transaction has mapped the index there is nothing to compare with; the next
    // attempt can compare.
    std::optional<WalPosition> before;
    if (WalPosition read; code == SQLITE_OK && header_.wal() && !file_.immutable &&
                          ReadWalPosition(db_, read) == WalIndex::kRead) {
      before = read;
    }
    if (code == SQLITE_OK) code = FirstRead();
    if (code != SQLITE_OK) return code;
    if (KeepsOldPages(last)) return kOverwritten;
    if (kept_since_ != FileFacts() && last_schema != schema_) return kOtherSchema;
    const bool moved = !file_.immutable && !header_.wal() && !(facts_ == found);
    kept_since_ = moved ? found : facts_;
    if (!moved && NameVersion(before)) return SQLITE_OK;
    if (attempt == kNamingAttempts) {
      version_ = UnknownVersion();
      return SQLITE_OK;
    }
    Rollback();
  }
}

int Connection::FirstRead() {
  const int code = sqlite3_step(first_read_.get());
  if (code == SQLITE_ROW) {
    application_id_ = static_cast<std::uint32_t>(sqlite3_column_int(first_read_.get(), 0));
  }
  sqlite3_reset(first_read_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) return code;
  if (sqlite3_step(schema_read_.get()) == SQLITE_ROW) {
    schema_ = sqlite3_column_int(schema_read_.get(), 0);
  }
  sqlite3_reset(schema_read_.get());
  const std::optional<FileHeader> header = ReadFileHeader(db_);
  if (!header.has_value()) return SQLITE_IOERR_READ;
  header_ = *header;
  // Until the first checkpoint only the log has it.
  if (FileHeader in_log; header_.wal() && header_.bytes[FileHeader::kTextEncodingAt] == 0 &&
                         tributary_copy_page(db_, 1, in_log.bytes.data(),
                                             static_cast<int>(in_log.bytes.size())) == SQLITE_OK) {
    header_.bytes[FileHeader::kTextEncodingAt] = in_log.bytes[FileHeader::kTextEncodingAt];
  }
  if (!file_.immutable) facts_ = FactsOf(file_.path);
  return SQLITE_OK;
}

bool Connection::KeepsOldPages(const FileHeader& last) const {
  // In WAL mode the log shows changes.
  if (file_.immutable || header_.wal() || kept_since_ == FileFacts() || kept_since_ == facts_) {
    return false;
  }
  // CheckInPlace detects another file at the path.
  if (kept_since_.device != facts_.device || kept_since_.inode != facts_.inode) return false;
  // SQLite compares these bytes and nothing else: a file that was copied over this one
  // may have the same.
  return std::equal(header_.bytes.begin() + kComparedFrom, header_.bytes.begin() + kComparedTo,
                    last.bytes.begin() + kComparedFrom);
}

bool Connection::NameVersion(const std::optional<WalPosition>& before) {
  if (!header_.wal() || file_.immutable) {
    version_ = RollbackVersion(header_, facts_);
    return true;
  }
  WalPosition after;
  switch (ReadWalPosition(db_, after)) {
    case WalIndex::kBeingWritten:
      return false;
    case WalIndex::kRead:
      version_ = WalVersion(after, header_, facts_);
      return before.has_value() && *before == after;
    case WalIndex::kUnshared:
      break;
  }
  const FileFacts log = FactsOf(file_.path + "-wal");
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  const bool doubtful = now - std::chrono::seconds(log.modified_seconds) < kTimestampDoubt;
  version_ = doubtful ? UnknownVersion() : UnsharedWalVersion(header_, facts_, log);
  return true;
}

absl::Status Connection::CheckInPlace() const {
  int moved = 0;
  if (file_.immutable) return absl::OkStatus();
  if (sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK ||
      moved == 0) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(
      "read database \"", file_.named,
      "\": the file was moved, removed or replaced by another; the next sync reads the file that "
      "is there then"));
}

absl::Status Connection::Overwritten() const {
  return absl::UnavailableError(
      absl::StrCat("open database \"", file_.named,
                   "\": another file is being copied over it; sync again when that is done"));
}

void Connection::Rollback() {
  if (db_ != nullptr && sqlite3_get_autocommit(db_) == 0) {
    sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

absl::Status Connection::CheckUnchanged() const {
  // A new writer moves parts of its log into the file, and the file's time may show this only
  // later.
  if (FactsOf(file_.path) == facts_ && FactsOf(file_.path + "-wal").bytes == 0 &&
      FactsOf(file_.path + "-journal").bytes == 0) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("read database \"", file_.named,
                   "\": it changed on a file system that is read-only here; stop its writer "
                   "while syncing, or let tributary's user write to the folder"));
}

absl::Status Connection::End() {
  if (Step(commit_) != SQLITE_OK) Rollback();
  return file_.immutable ? CheckUnchanged() : absl::OkStatus();
}

int Connection::LastCode() const { return PrimaryCode(sqlite3_extended_errcode(db_)); }

absl::StatusOr<Statement> Connection::Prepare(const std::string& sql, absl::string_view subject,
                                              absl::string_view column) {
  sqlite3_stmt* prepared = nullptr;
  int code = SQLITE_OK;
  for (int attempt = 0; attempt < 2; ++attempt) {
    code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), 0, &prepared, nullptr);
    if (schema_has_gaps_ || !IsMalformedSchema(code, ErrorText(code))) break;
    // From now on SQLite ignores objects that it cannot parse, and a damaged page of the catalog; a
    // schema without these is still read exactly. Still nothing can be written: this connection is
    // defensive and read-only.
    sqlite3_db_config(db_, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, nullptr);
    schema_has_gaps_ = true;
  }
  Statement statement(prepared);
  if (code == SQLITE_OK) return statement;
  // Preparing reads the catalog and no rows, so its error text holds no value.
  const bool damaged = PrimaryCode(code) == SQLITE_CORRUPT || PrimaryCode(code) == SQLITE_NOTADB;
  return ReadError(code, file_.named, ErrorText(code), damaged ? "read catalog of" : "read table",
                   damaged ? "" : subject, damaged ? "" : column);
}

absl::Status Connection::Error(int code, absl::string_view operation, absl::string_view subject,
                               absl::string_view column) const {
  return ReadError(code, file_.named, WithoutValues(code, ErrorText(code)), operation, subject,
                   column);
}

std::string Connection::ErrorText(int code) const {
  return db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code);
}

}  // namespace tributary::sqlite
