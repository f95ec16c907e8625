// The program's log: one line on stdout for each entry, as JSON in the form that
// Fivetran reads, or as text for people.
//
// A Logger is a value with fields (role, connection, worker, table) that are in each of its lines.
// It is passed down; code that knows more passes on a Logger with more fields (With). Not for work
// that is done for each row or batch.
//
// All functions may be called from any thread. A line goes out in one write and
// is cut to kMaxLogLineBytes, so lines of several processes on one pipe stay
// whole. Entries over kMaxLogLinesPerSecond for their level are only counted; the next written
// entry says how many are missing.
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

// Keys of fields that many lines share. `error` is what went wrong, `hint` what to do about it,
// `ended` how a process ended.
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

  // This logger with one more field, or with another value of that field. No field is named level,
  // message, message-origin, time, account or group.
  Logger With(std::string_view key, std::string_view value) const;

  // `fields` come after the logger's own fields and replace those of the same name. If a write
  // fails, the line is lost: there is no one to tell.
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

// The customer that the process works for; empty if not known.
struct LogOrigin {
  std::string account;
  std::string group;
};

// From FIVETRAN_ACCOUNT_NAME and FIVETRAN_GROUP_NAME.
LogOrigin LogOriginFromEnvironment();

// One line with its line feed, valid UTF-8 for any input, at most
// kMaxLogLineBytes.
std::string FormatLogLine(LogFormat format, const LogEntry& entry, const LogOrigin& origin);

// Bounds how many entries go out. Not thread-safe. The clock only has to be
// monotonic, in whole seconds.
class LogBudget {
 public:
  // Absent: do not write the entry. Otherwise the number of entries not written since the last one
  // that was.
  std::optional<std::uint64_t> Spend(std::uint64_t second);

 private:
  std::uint64_t second_ = 0;
  std::uint64_t spent_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace tributary

#endif  // TRIBUTARY_COMMON_LOG_H_
