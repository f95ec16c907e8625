// Texts for the user, bounded in number and in length, so that 100,000 wrong names do not flood a
// dashboard.
#ifndef TRIBUTARY_SUPERVISOR_REQUEST_WARNING_LIST_H_
#define TRIBUTARY_SUPERVISOR_REQUEST_WARNING_LIST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

// Not thread-safe.
class WarningList {
 public:
  void Add(std::string text);

  // At most kMaxSelectionWarnings texts; if there were more, the last one says how many are
  // missing.
  std::vector<std::string> Take() &&;

 private:
  std::vector<std::string> texts_;
  std::size_t left_out_ = 0;
};

// A name as a text shows it, cut to kMaxNameBytesInWarning.
std::string ShownName(std::string_view name);

// "a, b and 3 more": at most kMaxNamesInWarning of them.
std::string ShownNames(const std::vector<std::string_view>& names);

}  // namespace tributary

#endif  // TRIBUTARY_SUPERVISOR_REQUEST_WARNING_LIST_H_
