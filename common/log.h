// The program's log: one line on stdout for each entry, as JSON in the form that
// Fivetran reads, or as text for people.
//
// A Logger is a value that knows where it is: its fields (role, connection, worker,
// table) stand in each of its lines. It is passed down, and whoever knows more passes
// on a longer one (With). It is not for what is done for each row or batch.
//
// All functions may be called from any thread. A line goes out in one write and
// is cut to kMaxLogLineBytes, so lines of several processes on one pipe stay
// whole. Above kMaxLogLinesPerSecond for its level an entry is only counted; the
// first one after that says how many are missing.
//
// Never pass a row's value, a credential or a state.
#ifndef TRIBUTARY_COMMON_LOG_H_
#define TRIBUTARY_COMMON_LOG_H_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary {

// The levels that Fivetran knows; there are no others.
enum class LogLevel { kInfo, kWarning, kSevere };

enum class LogFormat { kJson, kText };

using LogField = std::pair<std::string_view, std::string_view>;

// For every entry from now on. JSON until then.
void SetLogFormat(LogFormat format);

// Keys of fields, where a word is the same in all lines. What went wrong is an
// `error`, what to do about it a `hint`, how a process came to its end is `ended`.
namespace log_key {
inline constexpr char kRole[] = "role";
inline constexpr char kConnection[] = "connection";
inline constexpr char kSource[] = "source";
inline constexpr char kDatabase[] = "database";
inline constexpr char kWorker[] = "worker";
inline constexpr char kTable[] = "table";
inline constexpr char kError[] = "error";
inline constexpr char kHint[] = "hint";
inline constexpr char kEnded[] = "ended";
}  // namespace log_key

class Logger {
 public:
  // Without fields.
  Logger() = default;

  // This one with a further field, or with another value of it. No field is named
  // level, message, message-origin, time, account or group.
  Logger With(std::string_view key, std::string_view value) const;

  // `fields` stand behind the logger's own, and in the place of those of the same name.
  // A failing write loses the line: there is nobody to tell.
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Warning(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Severe(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields = {}) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// --- what a line is made of --------------------------------------------------

struct LogEntry {
  LogLevel level = LogLevel::kInfo;
  std::string_view message;
  std::vector<LogField> fields;
  // Written in UTC, as RFC 3339 has it, with milliseconds.
  std::chrono::system_clock::time_point time;
};

// Whom the process works for; empty where it is not known.
struct LogOrigin {
  std::string account;
  std::string group;
};

// From FIVETRAN_ACCOUNT_NAME and FIVETRAN_GROUP_NAME.
LogOrigin LogOriginFromEnvironment();

// One line with its line feed, valid UTF-8 whatever the input, at most
// kMaxLogLineBytes.
std::string FormatLogLine(LogFormat format, const LogEntry& entry, const LogOrigin& origin);

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
