#include "supervisor/sync/remarks.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

// The sentence after the number, singular and plural.
struct Words {
  const char* one;
  const char* several;
};

// Empty: there is no such remark.
std::optional<Words> WordsOf(ColumnRemark::What what) {
  switch (what) {
    case ColumnRemark::LEFT_OUT:
      return Words{"row was left out: it is larger than the 128 MiB that a message may have",
                   "rows were left out: they are larger than the 128 MiB that a message may have"};
    case ColumnRemark::REPAIRED_UTF8:
      return Words{"value held invalid UTF-8 and was sent with U+FFFD in its place",
                   "values held invalid UTF-8 and were sent with U+FFFD in its place"};
    case ColumnRemark::BLOB_AS_TEXT:
      return Words{"value was a blob and was sent as text like x'0AFF'",
                   "values were blobs and were sent as text like x'0AFF'"};
    case ColumnRemark::KEY_AS_LITERAL:
      return Words{
          "key value is sent as an SQL literal, like CAST(x'4DFC' AS TEXT) for text that is not "
          "UTF-8, so that no two keys become one",
          "key values are sent as SQL literals, like CAST(x'4DFC' AS TEXT) for text that is not "
          "UTF-8, so that no two keys become one"};
    case ColumnRemark::NOT_A_NUMBER:
      return Words{"value was NaN, which a DECIMAL cannot hold, and was sent as null",
                   "values were NaN, which a DECIMAL cannot hold, and were sent as null"};
    case ColumnRemark::INFINITE:
      return Words{"value was infinite, which its type cannot hold, and was sent as null",
                   "values were infinite, which their type cannot hold, and were sent as null"};
    case ColumnRemark::OUT_OF_RANGE:
      return Words{"value is outside the years 1 to 9999 and was sent as null",
                   "values are outside the years 1 to 9999 and were sent as null"};
    case ColumnRemark::NO_KEY:
      return Words{
          "row was left out: this column of its key is NaN, infinite or outside the years 1 to "
          "9999, which its type cannot hold, and with null instead two rows could become one",
          "rows were left out: this column of their key is NaN, infinite or outside the years 1 "
          "to 9999, which its type cannot hold, and with null instead two rows could become one"};
    case ColumnRemark::HELD_UP_COMMITS: {
      static constexpr char kWords[] =
          "s is the longest time that no application could commit while the table was read in one "
          "piece, because the source changes too often for several; switch a SQLite database to "
          "WAL (PRAGMA journal_mode=WAL), where readers block no one";
      return Words{kWords, kWords};
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

bool Remarks::IsPlausible(const ColumnRemarks& remarks, const TableToCopy& table) {
  if (remarks.size() > limits::kMaxRemarksInMark) return false;
  return std::all_of(remarks.begin(), remarks.end(), [&table](const ColumnRemark& remark) {
    return WordsOf(remark.what()).has_value() &&
           (!remark.has_column() ||
            remark.column() < static_cast<std::uint32_t>(table.columns.size()));
  });
}

void Remarks::Add(std::size_t table, const ColumnRemarks& remarks) {
  for (const ColumnRemark& remark : remarks) {
    const std::uint64_t column = remark.has_column() ? std::uint64_t{remark.column()} + 1 : 0;
    untold_[{table, column, remark.what()}] += remark.values();
  }
}

void Remarks::Forget(std::size_t table) {
  std::erase_if(untold_, [table](const auto& one) { return one.first.table == table; });
}

std::vector<Remarks::Text> Remarks::Take(const Scheduler& scheduler) {
  std::vector<Text> texts;
  for (const auto& [about, values] : std::exchange(untold_, {})) {
    const TableToCopy& table = scheduler.table(about.table);
    std::string name = NameOf(table);
    if (about.column > 0) {
      absl::StrAppend(&name, ".", table.columns.Get(static_cast<int>(about.column) - 1).name());
    }
    const Words words = *WordsOf(about.what);
    texts.push_back({about.table, absl::StrCat(name, ": ", values, " ",
                                               values == 1 ? words.one : words.several)});
  }
  return texts;
}

}  // namespace tributary
