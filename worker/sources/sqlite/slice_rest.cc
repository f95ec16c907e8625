#include "worker/sources/sqlite/slice_rest.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "worker/sources/sqlite/failing_column.h"

namespace tributary::sqlite {
namespace {

// SQLite's limit on the columns of a result.
constexpr std::size_t kMaxResultColumns = 2000;

}  // namespace

absl::Status SliceRest::Begin(const ReadAssignment& assignment, bool backwards) {
  auto access = ParseAccess(assignment.access());
  if (!access.ok()) return access.status();
  access_ = *std::move(access);
  assignment_ = &assignment;
  backwards_ = backwards;
  range_ = assignment.range();
  skipped_ = steps_ = 0;
  return absl::OkStatus();
}

void SliceRest::Select(std::string columns, std::size_t result_columns) {
  columns_ = std::move(columns);
  result_columns_ = result_columns;
}

std::string SliceRest::Keys() const {
  if (access_.by == Access::By::kRowid) return Quoted(access_.rowid);
  return access_.by == Access::By::kKey ? KeyColumns(access_.key) : std::string();
}

std::string SliceRest::FromWhereOrder() const {
  const std::string from = absl::StrCat(" FROM main.", Quoted(assignment_->table()));
  if (access_.by == Access::By::kScan) return from;
  const std::string keys = Keys();
  if (access_.by == Access::By::kRowid) {
    // NOT INDEXED: a covering index would give another order, and then a sort.
    return absl::StrCat(from, " NOT INDEXED WHERE ", keys, ">=?1 AND ", keys, "<=?2 ORDER BY ",
                        keys, backwards_ ? " DESC" : "");
  }
  std::vector<std::string> conditions;
  if (!range_.from().empty()) conditions.push_back(KeyCondition(access_.key, true, 1));
  if (!range_.to().empty()) {
    conditions.push_back(
        KeyCondition(access_.key, false, 1 + static_cast<int>(access_.key.size())));
  }
  return absl::StrCat(from, conditions.empty() ? "" : " WHERE ", absl::StrJoin(conditions, " AND "),
                      " ORDER BY ", KeyOrder(access_.key, backwards_));
}

absl::Status SliceRest::Bind(sqlite3_stmt* statement) const {
  if (access_.by == Access::By::kRowid) {
    const auto rowids = ParseRowidRange(range_.from(), range_.to());
    if (!rowids.ok()) return rowids.status();
    sqlite3_bind_int64(statement, 1, rowids->empty ? 1 : rowids->first);
    sqlite3_bind_int64(statement, 2, rowids->empty ? 0 : rowids->last);
  }
  if (access_.by != Access::By::kKey) return absl::OkStatus();
  int parameter = 1;
  for (const std::string* bound : {&range_.from(), &range_.to()}) {
    if (!bound->empty()) {
      const auto key = ParseKeyBound(*bound, access_.key.size());
      if (!key.ok()) return key.status();
      const absl::Status status = BindKey(statement, parameter, *key);
      if (!status.ok()) return status;
    }
    parameter += static_cast<int>(access_.key.size());
  }
  return absl::OkStatus();
}

absl::Status SliceRest::ReadEncoding() {
  if (encoding_of_opening_ == connection_.openings()) return absl::OkStatus();
  const auto encoding = connection_.Prepare("PRAGMA main.encoding", "");
  if (!encoding.ok()) return encoding.status();
  if (sqlite3_step(encoding->get()) == SQLITE_ROW) {
    encoding_ = EncodingNamed(ColumnText(encoding->get(), 0));
    encoding_of_opening_ = connection_.openings();
  }
  return absl::OkStatus();
}

absl::Status SliceRest::Prepare() {
  const std::string keys = Keys();
  std::string rest = FromWhereOrder();
  if (skipped_ > 0) absl::StrAppend(&rest, " LIMIT -1 OFFSET ", skipped_);
  const std::size_t key_columns =
      access_.by == Access::By::kKey ? access_.key.size() : access_.by == Access::By::kRowid;
  const bool keys_apart = result_columns_ + key_columns > kMaxResultColumns;
  std::string result = columns_;
  if (!keys_apart && !keys.empty()) absl::StrAppend(&result, result.empty() ? "" : ",", keys);
  std::string sql = absl::StrCat("SELECT ", result.empty() ? "1" : result, rest);
  const bool again =
      statement_ != nullptr && sql == sql_ && statement_of_opening_ == connection_.openings();
  if (!again) {
    keys_.reset();
    statement_.reset();
    absl::Status status = ReadEncoding();
    if (!status.ok()) return status;
    auto statement = connection_.Prepare(sql, assignment_->table());
    if (!statement.ok()) return Explained(statement.status());
    if (keys_apart) {
      auto apart = connection_.Prepare(absl::StrCat("SELECT ", keys, rest), assignment_->table());
      if (!apart.ok()) return apart.status();
      keys_ = *std::move(apart);
    }
    statement_ = *std::move(statement);
    statement_of_opening_ = connection_.openings();
    sql_ = std::move(sql);
  }
  return BindAll();
}

absl::Status SliceRest::BindAll() const {
  absl::Status status = Bind(statement_.get());
  if (status.ok() && keys_ != nullptr) status = Bind(keys_.get());
  return status;
}

int SliceRest::Step() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW) return code;
  if (keys_ != nullptr) {
    const int keys_code = sqlite3_step(keys_.get());
    if (keys_code == SQLITE_DONE) return SQLITE_CORRUPT;
    if (keys_code != SQLITE_ROW) return keys_code;
  }
  ++steps_;
  return SQLITE_ROW;
}

sqlite3_value* SliceRest::first_key() const {
  return keys_ != nullptr
             ? sqlite3_column_value(keys_.get(), 0)
             : sqlite3_column_value(statement_.get(), static_cast<int>(result_columns_));
}

std::string SliceRest::BoundAfterRow() const {
  sqlite3_stmt* const row = keys_ != nullptr ? keys_.get() : statement_.get();
  const int first = keys_ != nullptr ? 0 : static_cast<int>(result_columns_);
  switch (access_.by) {
    case Access::By::kRowid:
      return RowidBound(rowid());
    case Access::By::kKey: {
      const Key key = ReadKey(row, first, access_.key.size(), utf16());
      return CanBeBound(key) ? KeyBound(key) : std::string();
    }
    case Access::By::kScan:
      break;
  }
  return {};
}

std::int64_t SliceRest::rowid() const { return sqlite3_value_int64(first_key()); }

absl::Status SliceRest::ContinueAfter(std::int64_t rowid) {
  Reset();
  steps_ = skipped_ = 0;
  range_.set_from(RowidBound(rowid));
  return BindAll();
}

void SliceRest::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_reset(keys_.get());
}

void SliceRest::BreakOff() {
  if (const std::uint64_t steps = std::exchange(steps_, 0); steps > 0) {
    const std::string bound = BoundAfterRow();
    skipped_ = bound.empty() ? skipped_ + steps : 0;
    if (!bound.empty()) range_.set_from(bound);
  }
  Reset();
}

absl::Status SliceRest::PassOverLargeRow() {
  Reset();
  skipped_ += std::exchange(steps_, 0) + 1;
  if (access_.by == Access::By::kScan) return absl::OkStatus();
  // Only its key can be read, and a bound is faster than skipping rows.
  const auto statement = connection_.Prepare(
      absl::StrCat(KeysSql(), " LIMIT 1 OFFSET ", skipped_ - 1), assignment_->table());
  if (!statement.ok()) return statement.status();
  const absl::Status status = Bind(statement->get());
  if (!status.ok()) return status;
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return absl::OkStatus();
  if (access_.by == Access::By::kRowid) {
    range_.set_from(RowidBound(sqlite3_column_int64(statement->get(), 0)));
  } else {
    const Key key = ReadKey(statement->get(), 0, access_.key.size(), utf16());
    if (!CanBeBound(key)) return absl::OkStatus();
    range_.set_from(KeyBound(key));
  }
  skipped_ = 0;
  return absl::OkStatus();
}

absl::Status SliceRest::Explained(absl::Status status) const {
  if (connection_.LastCode() != SQLITE_ERROR) return status;
  const RowPlace place{.rest = FromWhereOrder(),
                       .bind = [this](sqlite3_stmt* statement) { return Bind(statement); },
                       .offset = skipped_ + steps_};
  const absl::Status of_column =
      FailureOfColumn(connection_, assignment_->table(), assignment_->columns(), place);
  return of_column.ok() ? status : of_column;
}

}  // namespace tributary::sqlite
