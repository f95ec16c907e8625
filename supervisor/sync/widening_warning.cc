#include "supervisor/sync/widening_warning.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/limits.h"
#include "supervisor/request/warning_list.h"

namespace tributary {
namespace {

// A description of the column's values.
absl::string_view Says(int misfit) {
  switch (misfit) {
    case Widening::FRACTION:
      return "numbers with a fraction";
    case Widening::MANY_DIGITS:
      return "numbers with more digits";
    case Widening::NOT_0_OR_1:
      return "numbers other than 0 and 1";
    case Widening::NOT_FINITE:
      return "infinite numbers";
    case Widening::NUMBER:
      return "numbers";
    case Widening::EMPTY_TEXT:
      return "empty texts";
    case Widening::NOT_JSON:
      return "texts that are not JSON";
    case Widening::BLOB:
      return "blobs";
    case Widening::TIME_OF_DAY:
      return "times of day";
    case Widening::ZONE:
      return "times with a zone";
    case Widening::NO_ZONE:
      return "times without a zone";
    case Widening::SPELLING:
      return "keys of several spellings";
    default:
      return "other texts";
  }
}

std::string Misfits(const Widening& column) {
  // A worker is not trusted: it may name a kind many times.
  std::vector<absl::string_view> kinds;
  for (const int misfit : column.misfits()) {
    const absl::string_view kind = Says(misfit);
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
  }
  return kinds.empty() ? "other values" : absl::StrJoin(kinds, ", ");
}

}  // namespace

std::string WideningWarning(const TableToCopy& table, const std::vector<Widening>& columns,
                            bool copies_again) {
  const std::size_t named = std::min(columns.size(), limits::kWidenedInWarning);
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < named; ++at) {
    const Widening& column = columns[at];
    parts.push_back(absl::StrCat(ShownName(column.column()), " as ", DataType_Name(column.type()),
                                 " (", Misfits(column), ")"));
  }
  if (named < columns.size()) {
    parts.push_back(absl::StrCat("and ", columns.size() - named, " more"));
  }
  return absl::StrCat(NameOf(table),
                      ": columns hold values that do not fit their types, and are sent in other "
                      "types from now on: ",
                      absl::StrJoin(parts, ", "), copies_again ? "; the table is copied again" : "",
                      ".");
}

}  // namespace tributary
