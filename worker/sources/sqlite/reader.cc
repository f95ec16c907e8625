#include "worker/sources/sqlite/reader.h"

#include <cassert>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "worker/sources/sqlite/key_form.h"
#include "worker/sources/sqlite/look_ahead.h"
#include "worker/sources/sqlite/page_digests.h"
#include "worker/sources/sqlite/schema.h"

namespace tributary::sqlite {
namespace {

constexpr std::uint64_t kRowsBetweenLooks = 64;
// Rows may be slow, and reading the clock costs a tenth of a fast row.
constexpr std::uint64_t kRowsBetweenTimes = 8;
constexpr char kRowFunction[] = "tributary_row";

}  // namespace

absl::Status SliceReader::Plan(const ReadAssignment& assignment, const std::string& version) {
  absl::Status status = rest_.Begin(assignment);
  if (!status.ok()) return status;
  row_.Begin(assignment.columns());
  types_.Begin(assignment.columns());
  status = CheckTable(version);
  if (!status.ok()) return status;
  PlanColumns(assignment.table());
  const int most = sqlite3_limit(connection_.db(), SQLITE_LIMIT_FUNCTION_ARG, -1);
  by_function_ = rest_.access().by != Access::By::kKey && row_.columns() > 0 &&
                 row_.columns() <= static_cast<std::size_t>(most);
  if (!by_function_) {
    rest_.Select(Columns(), row_.columns() - (rowid_column_.has_value() ? 1 : 0));
    return absl::OkStatus();
  }
  rest_.Select(absl::StrCat(kRowFunction, "(", Columns(), ")"), 1);
  return AddRowFunction();
}

absl::Status SliceReader::CheckTable(const std::string& version) {
  if (rest_.access().version == version) return absl::OkStatus();
  std::set<std::string> key;
  for (std::size_t at = 0; at < row_.columns(); ++at) {
    if (row_.is_key(at)) key.insert(row_.name(at));
  }
  return CheckAccess(connection_, assignment_->table(), rest_.access(), key);
}

void SliceReader::PlanColumns(const std::string& table) {
  rowid_column_.reset();
  const Access& access = rest_.access();
  for (std::size_t at = 0; at < row_.columns(); ++at) {
    const std::string& name = row_.name(at);
    if (access.by == Access::By::kRowid && name == access.rowid) rowid_column_ = at;
    if (!row_.is_key(at)) continue;
    const char* declared = nullptr;
    const int code =
        sqlite3_table_column_metadata(connection_.db(), "main", table.c_str(), name.c_str(),
                                      &declared, nullptr, nullptr, nullptr, nullptr);
    row_.SetTextAffinity(at, code == SQLITE_OK && declared != nullptr && HasTextAffinity(declared));
  }
}

std::string SliceReader::Columns() const {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < row_.columns(); ++at) {
    // A table may have as many columns as a result may have, plus the rowid.
    if (by_function_ || rowid_column_ != at) names.push_back(Quoted(row_.name(at)));
  }
  return absl::StrJoin(names, ",");
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
  const bool fits = reader.row_.WriteAll(values, *reader.writer_);
  for (std::size_t at = 0; !fits && at < reader.row_.columns(); ++at) {
    reader.types_.See(at, values[at]);
  }
  sqlite3_result_int(call, fits ? 1 : 0);
}

absl::StatusOr<AssignmentEnd> SliceReader::Read(const ReadAssignment& assignment,
                                                BatchWriter& writer) {
  assignment_ = &assignment;
  writer_ = &writer;
  done_ = paused_ = misfit_ = false;
  if (!assignment.keeps_open()) kept_.reset();
  auto own = kept_ != nullptr ? std::move(kept_)
                              : std::make_unique<Turns>(connection_, assignment.in_one_piece(),
                                                        assignment.may_differ());
  Turns& turns = *own;
  const TableShape shape(assignment.schema(), assignment.table(), assignment.columns());
  shape_ = &shape;
  const auto give_up = [this, &turns] {
    if (!turns.holds_up_commits()) return;
    rest_.BreakOff();
    // The next End reports its failure.
    (void)turns.End();
  };
  writer.WhileFull(give_up);
  auto end = ReadTurns(turns);
  writer.WhileFull(nullptr);
  if (end.ok() && assignment.keeps_open() && turns.open()) kept_ = std::move(own);
  if (end.ok() && end->outcome() == AssignmentEnd::WIDEN) {
    LookThrough(connection_, assignment, types_, [&writer] { return writer.PauseWanted(); });
    types_.AddTo(*end->mutable_widen());
  }
  return end;
}

absl::StatusOr<AssignmentEnd> SliceReader::ReadTurns(Turns& turns) {
  AssignmentEnd end;
  const bool is_whole = assignment_->range().from().empty() && assignment_->range().to().empty();
  std::string version;
  std::string page_digest;
  for (bool first = true; !done_ && !paused_ && !misfit_; first = false) {
    // Now, before commits have to wait for it.
    writer_->AwaitRoom();
    const bool is_open = turns.open();
    const auto same = is_open ? absl::StatusOr<bool>(true) : turns.Begin(rest_.skips());
    if (!same.ok()) return same.status();
    if (!*same) {
      end.set_outcome(AssignmentEnd::MOVED);
      return end;
    }
    absl::Status status = first ? Plan(*assignment_, turns.version()) : CheckTable(turns.version());
    // The connection may have been opened again.
    if (status.ok() && !first && by_function_) status = AddRowFunction();
    if (status.ok() && first) OpenSlice(turns);
    if (status.ok() && first && is_whole) {
      version = turns.version();
      page_digest = PageDigestOf(pages_, assignment_->table());
    }
    if (status.ok() && turns.open()) status = ReadTurn(turns);
    if (!status.ok()) return status;
    // After the table's end there is nothing to continue.
    const bool goes_on = assignment_->keeps_open() && !assignment_->range().to().empty();
    if (goes_on && done_ && !turns.holds_up_commits()) break;
    const absl::Status ended = turns.End();
    if (!ended.ok()) return ended;
  }
  if (done_) MarkEnd(turns);
  if (done_ && turns.version() == version) end.set_page_digest(page_digest);
  end.set_outcome(misfit_   ? AssignmentEnd::WIDEN
                  : paused_ ? AssignmentEnd::PAUSED
                            : AssignmentEnd::DONE);
  end.set_rows(writer_->rows());
  return end;
}

void SliceReader::OpenSlice(const Turns& turns) {
  tributary::Opened opened;
  opened.set_content(turns.version());
  opened.set_may_differ(assignment_->may_differ() && turns.holds_up_commits());
  writer_->Open(opened);
}

absl::Status SliceReader::ReadTurn(Turns& turns) {
  for (;;) {
    absl::Status status = rest_.Prepare();
    if (!status.ok()) return status;
    row_.TakeTextAs(rest_.encoding());
    types_.TakeTextAs(rest_.encoding());
    BeginPages();
    const int code = ReadRows(turns);
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
      // The error message belongs to the step; a reset keeps it.
      status = connection_.Error(code, "read table", assignment_->table());
    }
    if (row_.null_in_key()) status = NullInKey();
    if (code == SQLITE_TOOBIG) {
      writer_->LeaveOutRow();
      status = rest_.PassOverLargeRow();
      if (!status.ok()) return status;
      continue;
    }
    if (!status.ok() && !row_.null_in_key()) status = rest_.Explained(status);
    done_ = code == SQLITE_DONE;
    if (code == SQLITE_ROW) {
      rest_.BreakOff();
    } else {
      rest_.Reset();
    }
    return status;
  }
}

absl::Status SliceReader::NullInKey() const {
  const std::string place =
      absl::StrCat("read table \"", assignment_->table(), "\": its primary key holds NULL, ");
  if (rest_.access().by != Access::By::kRowid) {
    return absl::DataLossError(
        absl::StrCat(place,
                     "which SQLite does not allow there; check the database with PRAGMA "
                     "integrity_check and restore the table from a backup"));
  }
  return absl::NotFoundError(absl::StrCat(
      place,
      "and did not when the catalog was read, so it does not identify the rows; the next "
      "sync uses the rowid as its key. If this happens again, a column that is declared "
      "NOT NULL holds NULL nevertheless: correct its rows"));
}

int SliceReader::ReadRows(Turns& turns) {
  std::uint64_t left_out = writer_->oversized_rows();
  for (std::uint64_t rows = 1;; ++rows) {
    if (walking_ && rows_left_in_page_ == 0) {
      if (!NextPage(turns)) return SQLITE_ERROR;
      if (turns.over()) return SQLITE_ROW;
    }
    // So that no step has to wait for room: a transaction cannot be ended within a step.
    writer_->AwaitRoom();
    if (!turns.open()) return SQLITE_ROW;
    const int code = rest_.Step();
    if (code != SQLITE_ROW) return code;
    misfit_ = !WriteRow();
    if (misfit_) {
      writer_->DropRow();
      return SQLITE_ROW;
    }
    writer_->EndRow();
    writer_->kept_row() ? row_.KeepRemarks() : row_.DropRemarks();
    CountRowOfPage();
    if (!turns.open()) return SQLITE_ROW;
    if (std::exchange(left_out, writer_->oversized_rows()) != writer_->oversized_rows()) {
      connection_.pulse().Beat();
    }
    // A turn of slow rows may be over before the next look at the clock.
    const bool over = rows % kRowsBetweenTimes == 0 && turns.over();
    if (!over && !writer_->MarkDue() && rows % kRowsBetweenLooks != 0) continue;
    connection_.pulse().Beat();
    paused_ = writer_->PauseWanted() && MarkRow(turns);
    if (!paused_ && writer_->MarkDue()) MarkRow(turns);
    if (paused_ || over || turns.over()) return SQLITE_ROW;
  }
}

void SliceReader::BeginPages() {
  walking_ = rest_.access().by == Access::By::kRowid && writer_->WantsPages();
  if (!walking_) return;
  // What was read of a page before does not count.
  writer_->EndPage("");
  rows_left_in_page_ = 0;
  const auto rowids = rest_.rowids();
  walking_ = rowids.ok() && walk_.Begin(*assignment_, *rowids);
}

void SliceReader::CountRowOfPage() {
  if (!walking_ || --rows_left_in_page_ > 0) return;
  walking_ = rest_.rowid() == leaf_.last_rowid;
  writer_->EndPage(walking_ ? leaf_.digest() : std::string_view());
}

bool SliceReader::NextPage(const Turns& turns) {
  std::optional<std::int64_t> skipped;
  for (std::uint64_t pages = 1;; ++pages) {
    auto leaf = walk_.Next();
    walking_ = leaf.has_value();
    if (!walking_) break;
    leaf_ = *std::move(leaf);
    rows_left_in_page_ = leaf_.rows;
    if (!leaf_.hash.has_value() || !writer_->SkipPage(leaf_.digest())) break;
    skipped = leaf_.last_rowid;
    rows_left_in_page_ = 0;
    // Pages that the disk has to read may take longer than a turn.
    if (turns.over()) break;
    if (pages % kRowsBetweenLooks == 0) connection_.pulse().Beat();
  }
  return !skipped.has_value() || rest_.ContinueAfter(*skipped).ok();
}

bool SliceReader::WriteRow() {
  // The function has already written it.
  if (by_function_) return sqlite3_column_int(rest_.row(), 0) != 0;
  writer_->BeginRow(*shape_);
  const auto value = [this](std::size_t at) {
    if (rowid_column_ == at) return rest_.first_key();
    // The result lacks the rowid, so later columns are one place earlier.
    const bool after = rowid_column_.has_value() && *rowid_column_ < at;
    return sqlite3_column_value(rest_.row(), static_cast<int>(after ? at - 1 : at));
  };
  bool fits = true;
  for (std::size_t at = 0; at < row_.columns(); ++at) {
    fits = row_.Write(at, value(at), *writer_) && fits;
  }
  for (std::size_t at = 0; !fits && at < row_.columns(); ++at) types_.See(at, value(at));
  return fits;
}

bool SliceReader::MarkRow(const Turns& turns) {
  const std::string bound = rest_.BoundAfterRow();
  if (bound.empty() || bound.size() > limits::kMaxBoundBytes) return false;
  writer_->Mark(bound, turns.version(), row_.TakeRemarks());
  return true;
}

void SliceReader::MarkEnd(const Turns& turns) {
  std::vector<ColumnRemark> remarks = row_.TakeRemarks();
  if (const std::chrono::seconds waited = turns.commits_waited(); waited.count() > 0) {
    ColumnRemark& remark = remarks.emplace_back();
    remark.set_what(ColumnRemark::HELD_UP_COMMITS);
    remark.set_values(static_cast<std::uint64_t>(waited.count()));
  }
  writer_->Mark(assignment_->range().to(), turns.version(), remarks);
}

}  // namespace tributary::sqlite
