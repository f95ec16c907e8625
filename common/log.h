// The program's log: one line on stdout for each entry, as JSON in the form that
// Fivetran reads, or as text for people.
//
// All functions may be called from any thread. A line goes out in one write and
// is cut to kMaxLogLineBytes, so lines of several processes on one pipe stay
// whole. Above kMaxLogLinesPerSecond for its level an entry is only counted; the
// first one after that says how many are missing.
//
// Never pass a row's value, a credential or a state.
#ifndef TRIBUTARY_COMMON_LOG_H_
#define TRIBUTARY_COMMON_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tributary {

// The levels that Fivetran knows; there are no others.
enum class LogLevel { kInfo, kWarning, kSevere };

enum class LogFormat { kJson, kText };

using LogField = std::pair<std::string_view, std::string_view>;

// For every entry from now on. JSON until then.
void SetLogFormat(LogFormat format);

// `fields` become keys of their own beside the message, so none of them is named
// level, message, message-origin, account or group. A failing write loses the
// line: there is nobody to tell.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

// --- what Log is made of ----------------------------------------------------

// Whom the process works for; empty where it is not known.
struct LogOrigin {
  std::string account;
  std::string group;
};

// From FIVETRAN_ACCOUNT_NAME and FIVETRAN_GROUP_NAME.
LogOrigin LogOriginFromEnvironment();

// One line with its line feed, valid UTF-8 whatever the input, at most
// kMaxLogLineBytes.
std::string FormatLogLine(LogFormat format, LogLevel level, std::string_view message,
                          std::initializer_list<LogField> fields, const LogOrigin& origin);

// Bounds how many entries go out. Not thread-safe. The clock only has to be
// monotonic, in whole seconds.
class LogBudget {
 public:
  // Absent: the entry is to be left out. Otherwise the number of entries that
  // were left out since the last one that was let through.
  std::optional<std::uint64_t> Spend(std::uint64_t second);

 private:
  std::uint64_t second_ = 0;
  std::uint64_t spent_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_LOG_H_
