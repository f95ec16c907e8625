#include "worker/sources/sqlite/look_ahead.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "worker/sources/sqlite/access.h"
#include "worker/sources/sqlite/slice_rest.h"

namespace tributary::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kRowsBetweenLooks = 16;

// A blob fits the same types whatever its bytes are; this avoids loading them.
std::string WithoutBytes(const std::string& column) {
  const std::string name = Quoted(column);
  return absl::StrCat("CASE typeof(", name, ") WHEN 'blob' THEN x'' ELSE ", name, " END");
}

class Look {
 public:
  // `table` names the table and its columns; its range is the range to check.
  Look(Connection& connection, ReadAssignment table, TypeSearch& types)
      : connection_(connection), table_(std::move(table)), types_(types), rest_(connection) {}

  // False: there is nothing to check.
  bool Begin() {
    if (!rest_.Begin(table_).ok()) return false;
    std::vector<std::string> shown;
    for (std::size_t at = 0; at < types_.columns(); ++at) {
      // The rowid is an integer.
      const bool is_rowid = access().by == Access::By::kRowid &&
                            types_.name(at) == access().rowid &&
                            types_.types(at).front() == fivetran_sdk::v2::DataType::LONG;
      if (!types_.MayWiden(at) || is_rowid) continue;
      columns_.push_back(at);
      shown.push_back(WithoutBytes(types_.name(at)));
    }
    rest_.Select(absl::StrJoin(shown, ","), columns_.size());
    return !columns_.empty();
  }
  const Access& access() const { return rest_.access(); }

  // Checks a few rows from `from` on, or before the table's end. True: there are no other rows.
  bool AtSome(const std::string& from, bool backwards) {
    table_.mutable_range()->set_from(from);
    if (!rest_.Begin(table_, backwards).ok() || !Prepare()) return false;
    int rows = 0;
    while (rows < limits::kSampleRowsAtPlace && text_bytes_ < limits::kSampleTextBytes &&
           rest_.Step() == SQLITE_ROW) {
      ShowRow();
      ++rows;
    }
    rest_.Reset();
    connection_.pulse().Beat();
    return rows < limits::kSampleRowsAtPlace && text_bytes_ < limits::kSampleTextBytes;
  }

  // Checks the remaining rows, within a transaction, until `over` returns true. False: none is
  // left, or no more can be read.
  bool AtRest(const std::function<bool()>& over) {
    if (!Prepare()) return false;
    for (;;) {
      const int code = rest_.Step();
      if (code == SQLITE_TOOBIG) {
        if (!rest_.PassOverLargeRow().ok() || !Prepare()) return false;
        continue;
      }
      if (code != SQLITE_ROW) {
        rest_.Reset();
        return false;
      }
      ShowRow();
      if (rest_.steps() % kRowsBetweenLooks != 0) continue;
      connection_.pulse().Beat();
      if (!over()) continue;
      rest_.BreakOff();
      return true;
    }
  }

 private:
  bool Prepare() {
    if (!rest_.Prepare().ok()) return false;
    types_.TakeTextAs(rest_.encoding());
    return true;
  }

  void ShowRow() {
    for (std::size_t at = 0; at < columns_.size(); ++at) {
      sqlite3_value* const value = sqlite3_column_value(rest_.row(), static_cast<int>(at));
      if (sqlite3_value_type(value) == SQLITE_TEXT) {
        // If asked only for the length, SQLite would convert the value to UTF-8 in place.
        sqlite3_value_blob(value);
        text_bytes_ += static_cast<std::size_t>(sqlite3_value_bytes(value));
      }
      types_.See(columns_[at], value);
    }
  }

  Connection& connection_;
  ReadAssignment table_;
  TypeSearch& types_;
  SliceRest rest_;
  // The checked ones among types_.
  std::vector<std::size_t> columns_;
  std::size_t text_bytes_ = 0;
};

}  // namespace

void LookAtSample(Connection& connection, const CutAssignment::Table& table, Slices::Table& cut,
                  Clock::time_point until) {
  TypeSearch types;
  types.Begin(table.columns());
  ReadAssignment of_table;
  of_table.set_schema(table.schema());
  of_table.set_table(table.table());
  of_table.set_access(table.access());
  *of_table.mutable_columns() = table.columns();
  Look look(connection, std::move(of_table), types);
  if (!look.Begin()) return;
  const auto slices = static_cast<std::size_t>(cut.slices_size());
  const std::size_t places = std::min(slices, limits::kSamplePlaces);
  bool at_end = false;
  for (std::size_t place = 0; place < places && Clock::now() < until; ++place) {
    at_end = look.AtSome(cut.slices(static_cast<int>(place * slices / places)).from(),
                         /*backwards=*/false);
  }
  if (look.access().by != Access::By::kScan && !at_end && Clock::now() < until) {
    look.AtSome("", /*backwards=*/true);
  }
  types.AddTo(*cut.mutable_widen());
}

void LookThrough(Connection& connection, const ReadAssignment& assignment, TypeSearch& types,
                 const std::function<bool()>& stop) {
  ReadAssignment whole = assignment;
  whole.clear_range();
  Look look(connection, std::move(whole), types);
  if (!look.Begin()) return;
  const Clock::time_point end = Clock::now() + limits::kLookThrough;
  for (bool more = true; more && Clock::now() < end && !stop();) {
    if (!connection.Begin().ok()) return;
    TransactionScope transaction(connection);
    const Clock::time_point until = std::min(end, Clock::now() + limits::kSqliteTurn);
    more = look.AtRest([&] { return Clock::now() >= until || stop(); });
    if (!transaction.End().ok()) return;
  }
}

}  // namespace tributary::sqlite
