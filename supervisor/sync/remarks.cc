#include "supervisor/sync/remarks.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"

namespace tributary {
namespace {

// The end of the sentence.
const char* Says(ColumnRemark::What what) {
  switch (what) {
    case ColumnRemark::LEFT_OUT:
      return "made rows larger than the 128 MiB that a message may have, which were left out";
    case ColumnRemark::REPAIRED_UTF8:
      return "held invalid UTF-8, sent with U+FFFD in its place";
    case ColumnRemark::BLOB_AS_TEXT:
      return "held blobs, sent as text like x'0AFF'";
    case ColumnRemark::NULL_IN_KEY:
      return "held NULL though it belongs to the primary key; declare it NOT NULL";
    default:
      return "";
  }
}

}  // namespace

bool Remarks::IsPlausible(const Mark& mark, const TableToCopy& table) {
  if (mark.remarks_size() > limits::kMaxRemarksInMark) return false;
  return std::all_of(mark.remarks().begin(), mark.remarks().end(),
                     [&table](const ColumnRemark& remark) {
                       return *Says(remark.what()) != '\0' &&
                              (!remark.has_column() ||
                               remark.column() < static_cast<std::uint32_t>(table.columns.size()));
                     });
}

void Remarks::Add(std::size_t table, const Mark& mark) {
  for (const ColumnRemark& remark : mark.remarks()) {
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
    texts.push_back({about.table, absl::StrCat(name, ": ", values, " ", Says(about.what))});
  }
  return texts;
}

}  // namespace tributary
