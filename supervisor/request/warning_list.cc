#include "supervisor/request/warning_list.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/limits.h"
#include "common/text.h"

namespace tributary {

void WarningList::Add(std::string text) {
  if (texts_.size() < limits::kMaxSelectionWarnings) {
    texts_.push_back(std::move(text));
  } else {
    ++left_out_;
  }
}

std::vector<std::string> WarningList::Take() && {
  if (left_out_ > 0) {
    // The count replaces the last text, which is therefore counted too.
    texts_.back() = absl::StrCat("The selection has ", left_out_ + 1,
                                 " more such entries. Refresh the schema in Fivetran.");
  }
  return std::move(texts_);
}

std::string ShownName(std::string_view name) {
  return Shortened(name, limits::kMaxNameBytesInWarning);
}

std::string ShownNames(const std::vector<std::string_view>& names) {
  const std::size_t shown = std::min(names.size(), limits::kMaxNamesInWarning);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", ShownName(names[i]));
  }
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

}  // namespace tributary
