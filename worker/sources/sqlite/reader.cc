#include "worker/sources/sqlite/reader.h"

#include <cassert>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"

namespace tributary::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRowsBetweenLooks = 64;
// SQLite's limit on the columns of a result.
constexpr std::size_t kMaxResultColumns = 2000;
constexpr char kRowFunction[] = "tributary_row";

}  // namespace

std::string SliceReader::Query::sql() const {
  return absl::StrCat("SELECT ", columns, columns.empty() || keys.empty() ? "" : ",", keys,
                      columns.empty() && keys.empty() ? "1" : "", rest);
}

absl::Status SliceReader::Plan(const ReadAssignment& assignment) {
  auto access = ParseAccess(assignment.access());
  if (!access.ok()) return access.status();
  access_ = *std::move(access);
  row_.Begin(assignment);
  paused_ = misfit_ = false;
  steps_ = 0;
  const int most = sqlite3_limit(connection_.db(), SQLITE_LIMIT_FUNCTION_ARG, -1);
  by_function_ = access_.by != Access::By::kKey && row_.columns() > 0 &&
                 row_.columns() <= static_cast<std::size_t>(most);
  return by_function_ ? AddRowFunction() : absl::OkStatus();
}

absl::Status SliceReader::AddRowFunction() {
  if (function_of_opening_ == connection_.openings()) return absl::OkStatus();
  const int code = sqlite3_create_function_v2(connection_.db(), kRowFunction, -1,
                                              SQLITE_UTF8 | SQLITE_DIRECTONLY, this,
                                              &SliceReader::TakeRow, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return connection_.Error(code, "prepare reading of", "");
  function_of_opening_ = connection_.openings();
  return absl::OkStatus();
}

void SliceReader::TakeRow(sqlite3_context* call, int count, sqlite3_value** values) {
  auto& reader = *static_cast<SliceReader*>(sqlite3_user_data(call));
  assert(static_cast<std::size_t>(count) == reader.row_.columns());
  reader.writer_->BeginRow(*reader.shape_);
  sqlite3_result_int(call, reader.row_.WriteAll(values, *reader.writer_) ? 1 : 0);
}

SliceReader::Query SliceReader::MakeQuery(const ReadAssignment& assignment) const {
  Query query;
  std::vector<std::string> names;
  for (std::size_t at = 0; at < row_.columns(); ++at) names.push_back(Quoted(row_.name(at)));
  query.columns = absl::StrJoin(names, ",");
  if (by_function_) query.columns = absl::StrCat(kRowFunction, "(", query.columns, ")");
  query.rest = absl::StrCat(" FROM main.", Quoted(assignment.table()));
  const Range& range = assignment.range();
  switch (access_.by) {
    case Access::By::kScan:
      break;
    case Access::By::kRowid: {
      // NOT INDEXED: a covering index would give another order, and then a sort.
      query.keys = Quoted(access_.rowid);
      absl::StrAppend(&query.rest, " NOT INDEXED WHERE ", query.keys, ">=?1 AND ", query.keys,
                      "<=?2 ORDER BY ", query.keys);
      break;
    }
    case Access::By::kKey: {
      query.keys = KeyColumns(access_.key);
      std::vector<std::string> conditions;
      if (!range.from().empty()) conditions.push_back(KeyCondition(access_.key, true, 1));
      if (!range.to().empty()) {
        conditions.push_back(
            KeyCondition(access_.key, false, 1 + static_cast<int>(access_.key.size())));
      }
      absl::StrAppend(&query.rest, conditions.empty() ? "" : " WHERE ",
                      absl::StrJoin(conditions, " AND "), " ORDER BY ", KeyOrder(access_.key));
      break;
    }
  }
  return query;
}

absl::Status SliceReader::PrepareFor(const ReadAssignment& assignment) {
  const Query query = MakeQuery(assignment);
  const std::size_t key_columns =
      access_.by == Access::By::kKey ? access_.key.size() : access_.by == Access::By::kRowid;
  const bool keys_apart = row_.columns() + key_columns > kMaxResultColumns;
  std::string sql = keys_apart ? absl::StrCat("SELECT ", query.columns, query.rest) : query.sql();
  if (statement_ != nullptr && sql == sql_ && statement_of_opening_ == connection_.openings()) {
    return absl::OkStatus();
  }
  keys_.reset();
  statement_.reset();
  auto encoding = connection_.Prepare("PRAGMA main.encoding", "");
  if (!encoding.ok()) return encoding.status();
  utf8_ = sqlite3_step(encoding->get()) != SQLITE_ROW || ColumnText(encoding->get(), 0) == "UTF-8";
  row_.TakeTextAs(utf8_);
  auto statement = connection_.Prepare(sql, assignment.table());
  if (!statement.ok()) return statement.status();
  if (keys_apart) {
    auto keys = connection_.Prepare(query.keys_sql(), assignment.table());
    if (!keys.ok()) return keys.status();
    keys_ = *std::move(keys);
  }
  statement_ = *std::move(statement);
  statement_of_opening_ = connection_.openings();
  sql_ = std::move(sql);
  return absl::OkStatus();
}

absl::Status SliceReader::BindRange(sqlite3_stmt* statement, const Range& range) const {
  if (access_.by == Access::By::kRowid) {
    const auto rowids = ParseRowidRange(range.from(), range.to());
    if (!rowids.ok()) return rowids.status();
    sqlite3_bind_int64(statement, 1, rowids->empty ? 1 : rowids->first);
    sqlite3_bind_int64(statement, 2, rowids->empty ? 0 : rowids->last);
  }
  if (access_.by != Access::By::kKey) return absl::OkStatus();
  int parameter = 1;
  for (const std::string* bound : {&range.from(), &range.to()}) {
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

absl::StatusOr<AssignmentEnd> SliceReader::Read(const ReadAssignment& assignment,
                                                std::string_view version, BatchWriter& writer) {
  absl::Status status = Plan(assignment);
  if (!status.ok()) return status;
  ReadAssignment rest;
  rest.set_table(assignment.table());
  *rest.mutable_range() = assignment.range();
  const TableShape shape(assignment.schema(), assignment.table(), assignment.columns());
  shape_ = &shape;
  writer_ = &writer;
  int code = SQLITE_TOOBIG;
  while (code == SQLITE_TOOBIG) {
    status = PrepareFor(rest);
    if (status.ok()) status = BindRange(statement_.get(), rest.range());
    if (status.ok() && keys_ != nullptr) status = BindRange(keys_.get(), rest.range());
    if (!status.ok()) return status;
    code = ReadRows(version, writer);
    // The message belongs to the step; a reset keeps it.
    if (code != SQLITE_DONE && code != SQLITE_ROW && code != SQLITE_TOOBIG) {
      status = connection_.Error(code, "read table", assignment.table());
    }
    sqlite3_reset(statement_.get());
    if (keys_ != nullptr) sqlite3_reset(keys_.get());
    if (code == SQLITE_TOOBIG) status = SkipLargeRow(assignment, *rest.mutable_range());
    if (!status.ok()) return status;
  }
  AssignmentEnd end;
  end.set_outcome(misfit_   ? AssignmentEnd::WIDEN
                  : paused_ ? AssignmentEnd::PAUSED
                            : AssignmentEnd::DONE);
  end.set_rows(writer.rows());
  row_.AddMisfits(end);
  return end;
}

int SliceReader::ReadRows(std::string_view version, BatchWriter& writer) {
  steps_ = 0;
  int rows_to_look_at = limits::kRowsBehindMisfit;
  Clock::time_point look_until;
  std::uint64_t left_out = writer.oversized_rows();
  for (;;) {
    const int code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW) return misfit_ ? SQLITE_ROW : code;
    if (keys_ != nullptr) {
      const int keys_code = sqlite3_step(keys_.get());
      if (keys_code == SQLITE_DONE) return SQLITE_CORRUPT;
      if (keys_code != SQLITE_ROW) return keys_code;
    }
    ++steps_;
    if (!WriteRow(writer) && !std::exchange(misfit_, true)) {
      look_until = Clock::now() + limits::kLookBehindMisfit;
    }
    if (misfit_) {
      writer.DropRow();
      // Rows may be large, and nothing is sent that would show that this goes on.
      connection_.pulse().Beat();
      if (--rows_to_look_at == 0 || Clock::now() > look_until) return SQLITE_ROW;
      continue;
    }
    writer.EndRow();
    if (std::exchange(left_out, writer.oversized_rows()) != writer.oversized_rows()) {
      connection_.pulse().Beat();
    }
    if (!writer.MarkDue() && steps_ % kRowsBetweenLooks != 0) continue;
    connection_.pulse().Beat();
    const bool pause = writer.PauseWanted();
    if (!pause && !writer.MarkDue()) continue;
    const std::string bound = BoundBehindRow();
    if (bound.empty() || bound.size() > limits::kMaxBoundBytes) continue;
    writer.Mark(bound, version, TakeRemarks());
    if (pause) {
      paused_ = true;
      return SQLITE_ROW;
    }
  }
}

bool SliceReader::WriteRow(BatchWriter& writer) {
  // The function has written it.
  if (by_function_) return sqlite3_column_int(statement_.get(), 0) != 0;
  writer.BeginRow(*shape_);
  bool fits = true;
  for (std::size_t at = 0; at < row_.columns(); ++at) {
    auto* const value = sqlite3_column_value(statement_.get(), static_cast<int>(at));
    fits = row_.Write(at, value, writer) && fits;
  }
  return fits;
}

std::string SliceReader::BoundBehindRow() const {
  sqlite3_stmt* const row = keys_ != nullptr ? keys_.get() : statement_.get();
  const int first = keys_ != nullptr ? 0 : by_function_ ? 1 : static_cast<int>(row_.columns());
  switch (access_.by) {
    case Access::By::kRowid:
      return RowidBound(sqlite3_column_int64(row, first));
    case Access::By::kKey: {
      const Key key = ReadKey(row, first, access_.key.size(), !utf8_);
      return CanBeBound(key) ? KeyBound(key) : std::string();
    }
    case Access::By::kScan:
      break;
  }
  return {};
}

absl::Status SliceReader::SkipLargeRow(const ReadAssignment& assignment, Range& rest) {
  const absl::Status too_large = connection_.Error(SQLITE_TOOBIG, "read table", assignment.table());
  if (access_.by == Access::By::kScan) return too_large;
  ReadAssignment from;
  from.set_table(assignment.table());
  *from.mutable_range() = rest;
  auto statement = connection_.Prepare(
      absl::StrCat(MakeQuery(from).keys_sql(), " LIMIT 1 OFFSET ", steps_), assignment.table());
  if (!statement.ok()) return statement.status();
  const absl::Status status = BindRange(statement->get(), rest);
  if (!status.ok()) return status;
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return too_large;
  if (access_.by == Access::By::kRowid) {
    rest.set_from(RowidBound(sqlite3_column_int64(statement->get(), 0)));
  } else {
    const Key key = ReadKey(statement->get(), 0, access_.key.size(), !utf8_);
    if (!CanBeBound(key)) return too_large;
    rest.set_from(KeyBound(key));
  }
  writer_->LeaveOutRow();
  return absl::OkStatus();
}

}  // namespace tributary::sqlite
